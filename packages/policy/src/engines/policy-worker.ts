/**
 * The thread that the engine runs in, so that a policy can be stopped, and nobody else waits for it. This file is both ends: what starts the thread, and, within
 * it, what runs there.
 */
import { readFileSync } from 'node:fs';
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { brotliDecompressSync } from 'node:zlib';
import { ENGINE_FILE } from '../engine-folder.ts';
import { EngineFault, EngineInstance } from './instance.ts';

/** To the thread: a request. From the thread: `ready` once, then an answer to each request; after a fault, nothing more. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly module: WebAssembly.Module }
  | { readonly kind: 'answer'; readonly answer: string }
  | { readonly kind: 'fault'; readonly says: string; readonly outOfMemory: boolean };

const MARK = 'assay policy engine';

/** @param module as an earlier thread has compiled it; otherwise the thread reads and compiles it first */
export function startPolicyWorker(module: WebAssembly.Module | undefined): Worker {
  return new Worker(new URL(import.meta.url), {
    workerData: { mark: MARK, module },
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 128, stackSizeMb: STACK_MB },
  });
}

/** Go's calls are calls of WebAssembly: deeply nested documents need a deep stack. */
const STACK_MB = 32;

function isOurs(data: unknown): data is { module: WebAssembly.Module | undefined } {
  return typeof data === 'object' && data !== null && (data as { mark?: unknown }).mark === MARK;
}

function compileEngine(): WebAssembly.Module {
  // In one piece, and given back at once: V8 has its own copy, and the collector would see no hurry.
  const bytes = brotliDecompressSync(readFileSync(ENGINE_FILE), { chunkSize: MAX_MODULE_BYTES, maxOutputLength: MAX_MODULE_BYTES });
  const module = new WebAssembly.Module(bytes);
  (bytes.buffer as ArrayBuffer & { transfer(length: number): ArrayBuffer }).transfer(0); // of ES2024
  return module;
}

const MAX_MODULE_BYTES = 64 * 1024 * 1024;

function serve(port: MessagePort, module: WebAssembly.Module): void {
  const send = (message: WorkerMessage): void => port.postMessage(message);
  let engine = new EngineInstance(module);
  port.on('message', (request: Uint8Array) => {
    try {
      send({ kind: 'answer', answer: engine.evaluate(request) });
      // The memory of an instance never shrinks.
      if (engine.memoryBytes > RENEW_BYTES) engine = new EngineInstance(module);
    } catch (error) {
      if (!(error instanceof EngineFault)) throw error;
      send({ kind: 'fault', says: error.message, outOfMemory: error.outOfMemory });
    }
  });
  send({ kind: 'ready', module });
}

const RENEW_BYTES = 160 * 1024 * 1024;

// Last, when all constants above are there.
if (isOurs(workerData) && parentPort !== null) serve(parentPort, workerData.module ?? compileEngine());
