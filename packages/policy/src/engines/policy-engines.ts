/**
 * CUE and Rego as their authors wrote them (tools/engine), in a thread of their own: started by the first evaluation, stopped when one takes too long, one
 * evaluation after the other. A policy is compiled once and kept.
 *
 * A policy that does not hold is a value; an engine that could not tell is an error, and so a denial with everyone who asks.
 */
import type { Worker } from 'node:worker_threads';
import { quote, TrustError } from '@assay/core';
import { startPolicyWorker, type WorkerMessage } from './policy-worker.ts';
import { DIALECTS, encodeRequest, type PolicyFile } from './request.ts';

export type PolicyLanguage = 'cue' | 'rego';

export interface PolicyOverDocument {
  readonly policy: string;
  /** JSON. */
  readonly data: Uint8Array | string;
  /** As messages call what the policy belongs to: an attestation's name, or `ClusterImagePolicy`. */
  readonly name: string;
}

export interface PolicyFailure {
  /** As policy-controller has it, `failed evaluating cue policy for NAME: …`; of a warning, `warning: …`. */
  readonly message: string;
  /** The policy holds, and warns. */
  readonly warning?: true;
}

export interface PolicyEnginesOptions {
  /** For one evaluation with its compilation, from when its turn comes. Default 5000. */
  readonly timeoutMs?: number;
}

/** What judging needs of them. */
export type Engines = Pick<PolicyEngines, 'evaluate'>;

export class PolicyEngines {
  readonly #timeoutMs: number;
  #last: Promise<unknown> = Promise.resolve();
  #thread: Promise<EngineThread> | undefined;
  #module: WebAssembly.Module | undefined;

  constructor({ timeoutMs = 5000 }: PolicyEnginesOptions = {}) {
    this.#timeoutMs = timeoutMs;
  }

  /** As policy-controller evaluates (admission.md 2.7); undefined when the policy holds. Errors: `POLICY_TIMEOUT`, `POLICY_MEMORY`, `POLICY_ENGINE`. */
  async evaluate(language: PolicyLanguage, { policy, data, name }: PolicyOverDocument): Promise<PolicyFailure | undefined> {
    const { failures = [], warning } = await this.#ask(DIALECTS.policy[language], [{ name: '', text: policy }], data);
    const [first] = failures;
    if (first !== undefined) return { message: failureText(language, name, first) };
    return warning === undefined ? undefined : { message: `warning: ${warning}`, warning: true };
  }

  /**
   * As `cosign verify-attestation --policy` evaluates files of one language together (cosign.md 4.7): its messages, none when they hold.
   * Errors: `POLICY_TIMEOUT`, `POLICY_MEMORY`, `POLICY_ENGINE`.
   */
  async evaluateFiles(language: PolicyLanguage, files: readonly PolicyFile[], statement: Uint8Array | string): Promise<readonly string[]> {
    const { failures = [] } = await this.#ask(DIALECTS.cosign[language], files, statement);
    return failures;
  }

  /** Has the thread ready before it is needed. Errors: `POLICY_ENGINE`. */
  async warm(): Promise<void> {
    await this.#running();
  }

  /** Stops the thread; the next evaluation starts another. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await (await thread?.catch(() => undefined))?.stop();
  }

  #ask(dialect: number, files: readonly PolicyFile[], document: Uint8Array | string): Promise<Answer> {
    const request = encodeRequest(dialect, files, document);
    const answer = this.#last.then(() => this.#evaluate(request));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #evaluate(request: Uint8Array<ArrayBuffer>): Promise<Answer> {
    const thread = await this.#running();
    try {
      return JSON.parse(await thread.ask(request, this.#timeoutMs)) as Answer;
    } catch (error) {
      this.#thread = undefined;
      await thread.stop();
      throw error;
    }
  }

  async #running(): Promise<EngineThread> {
    this.#thread ??= EngineThread.start(this.#module);
    const starting = this.#thread;
    try {
      const thread = await starting;
      this.#module = thread.module; // so that the next thread starts quickly
      if (thread.isAlive) return thread;
      if (this.#thread === starting) this.#thread = undefined;
      return this.#running();
    } catch (error) {
      if (this.#thread === starting) this.#thread = undefined;
      throw error;
    }
  }
}

/** The text in which policy-controller reports a failure. */
export function failureText(language: PolicyLanguage, name: string, message: string): string {
  return `failed evaluating ${language} policy for ${language === 'rego' ? 'type ' : ''}${name}: ${message}`;
}

interface Answer {
  readonly failures?: readonly string[];
  readonly warning?: string;
}

/** Keeps the process alive only while it works. */
class EngineThread {
  readonly module: WebAssembly.Module;
  readonly #worker: Worker;
  #alive = true;

  private constructor(worker: Worker, module: WebAssembly.Module) {
    this.#worker = worker;
    this.module = module;
    // It may also die between two evaluations, which must not take the process along.
    const died = (): void => {
      this.#alive = false;
    };
    worker.on('error', died).on('exit', died);
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  static async start(compiled: WebAssembly.Module | undefined): Promise<EngineThread> {
    const worker = startPolicyWorker(compiled);
    try {
      const message = await nextMessage(worker, START_MS, () => new TrustError('POLICY_ENGINE', `the policy engine was not ready after ${START_MS} ms`));
      if (message.kind !== 'ready') throw new TrustError('POLICY_ENGINE', 'the policy engine did not start');
      worker.unref();
      return new EngineThread(worker, message.module);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /** The request's memory is the thread's from here on. */
  async ask(request: Uint8Array<ArrayBuffer>, timeoutMs: number): Promise<string> {
    this.#worker.ref();
    this.#worker.postMessage(request, [request.buffer]);
    const message = await nextMessage(this.#worker, timeoutMs, () => timedOut(timeoutMs));
    this.#worker.unref();
    if (message.kind === 'answer') return message.answer;
    throw message.kind === 'fault' ? faultOf(message) : new TrustError('POLICY_ENGINE', 'the policy engine started twice');
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

const START_MS = 60_000;

function nextMessage(worker: Worker, timeoutMs: number, late: () => TrustError): Promise<WorkerMessage> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    const onMessage = (message: WorkerMessage): void => settle(() => resolve(message));
    const onError = (error: Error): void => settle(() => reject(stopped(error.message, error)));
    const onExit = (): void => settle(() => reject(stopped('its thread ended')));
    const timer = setTimeout(() => settle(() => reject(late())), timeoutMs);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

function timedOut(timeoutMs: number): TrustError {
  return new TrustError('POLICY_TIMEOUT', `the policy was not evaluated within ${timeoutMs} ms`);
}

function faultOf({ says, outOfMemory }: WorkerMessage & { kind: 'fault' }): TrustError {
  return outOfMemory ? new TrustError('POLICY_MEMORY', 'the policy needs more memory than there is for it') : stopped(says);
}

function stopped(says: string, cause?: unknown): TrustError {
  const [first = ''] = says.split('\n');
  return new TrustError('POLICY_ENGINE', `the policy engine stopped: ${quote(first)}`, { cause });
}
