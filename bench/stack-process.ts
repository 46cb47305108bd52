/** The stack as users start it: the published `assay stack up`, a process of its own on a free port of loopback. */
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Endpoints } from '@assay/stack';
import { type Identity, mintToken, oidcKey } from '../packages/stack/src/oidc/index.ts';
import type { Published } from './published.ts';

export interface StackProcess {
  readonly folder: string;
  readonly endpoints: AllEndpoints;
  /** From the start of the process to the line that says that it is ready. */
  readonly startMs: number;
  /** Of the process so far, in bytes. */
  peakMemory(): number;
  /** Graceful; resolves when the process is gone. */
  stop(): Promise<void>;
}

/** Of a stack that runs with all its services. */
export type AllEndpoints = { readonly [Name in keyof Endpoints]-?: string };

/** @param folder of the stack; empty at its first start */
export async function startStack({ assay, env }: Published, folder: string): Promise<StackProcess> {
  const start = performance.now();
  const child = spawn(assay, ['stack', 'up', '--data', folder, '--output', 'json', '--log-level', 'error'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const failed = ended.then(([status]) => Promise.reject(new Error(`the stack ended with status ${status}`)));
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), failed])) as [string];
  const startMs = performance.now() - start;
  failed.catch(() => undefined);
  return {
    folder,
    endpoints: JSON.parse(line) as AllEndpoints,
    startMs,
    peakMemory: () => peakOf(child.pid),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Works one after the other over a stack that is stopped in the end, whatever happens. */
export async function withStack<T>(published: Published, folder: string, work: (stack: StackProcess) => Promise<T>): Promise<T> {
  const stack = await startStack(published, folder);
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}

/** What `assay stack token` prints; so many of them that a process for each would take longer than what is measured. */
export async function tokensOf({ folder, endpoints }: StackProcess, identities: readonly Identity[]): Promise<string[]> {
  const key = await oidcKey(createPrivateKey(readFileSync(join(folder, 'keys/oidc-1.pem'))));
  return Promise.all(identities.map((identity) => mintToken(key, identity, { baseUrl: endpoints.oidc, now: new Date(), lifetimeSeconds: 600 })));
}

function peakOf(pid: number | undefined): number {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
