/** What a process prints, and how it ends. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Run } from './run-cli.ts';

/** Rejects when it cannot be started, and when a signal ends it. */
export function runOf(child: ChildProcess & { readonly stdout: Readable; readonly stderr: Readable }): Promise<Run> {
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => (status === null ? reject(new Error(`ended by ${signal}`)) : resolve({ status, ...output })));
  });
}
