/** `assay stack up` as a process of its own, for tests that start, signal and kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Endpoints } from '@assay/stack';
import { afterAll } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../bin/assay.js', import.meta.url));

export interface StackProcess {
  readonly endpoints: Endpoints & { readonly data: string };
  readonly pid: number;
  /** Everything that it logged so far. */
  readonly log: () => string;
  /** Sends the signal and waits for the end; the exit status, or the signal that ended it. */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** Resolves when it is ready. Rejects with what it wrote when it ends before. */
export async function startStackProcess(data: string, flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<StackProcess> {
  const child = spawn(process.execPath, [PROGRAM, 'stack', 'up', '--data', data, '--output', 'json', ...flags], {
    env: { PATH: process.env['PATH'] ?? '', HOME: `${data}-home`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const ended = once(child, 'exit').then(([status, signal]) => {
    running.delete(child);
    return (status ?? signal) as number | NodeJS.Signals;
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
  });
  const line = await Promise.race([firstLine(child.stdout), ended.then((status) => Promise.reject(new Error(`the stack ended with ${status}: ${log}`)))]);
  return {
    endpoints: JSON.parse(line),
    pid: child.pid ?? 0,
    log: () => log,
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

async function firstLine(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n')) return text;
  }
  return new Promise(() => undefined);
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});
