/** Runs a program to its end. What it says is told only when it fails. */
import { spawnSync } from 'node:child_process';

export interface RunOptions {
  readonly cwd: string;
  /** What to do when the program fails. */
  readonly hint?: string;
}

/** Its standard output. */
export function run(program: string, argv: readonly string[], options: RunOptions): string {
  return runForBytes(program, argv, options).toString();
}

export function runForBytes(program: string, argv: readonly string[], { cwd, hint }: RunOptions): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, argv, { cwd, maxBuffer: MAX_OUTPUT_BYTES, stdio: ['ignore', 'pipe', 'pipe'] });
  if (error !== undefined) throw new Error(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error([`${program} ended with status ${status}`, stderr.toString().trim(), hint].filter(Boolean).join('\n'));
  return stdout;
}

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
