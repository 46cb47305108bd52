/** The real cosign, for tests that hold ours against it: found on PATH or in the testbed, absent elsewhere. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runOf } from './child-run.ts';
import type { Run } from './run-cli.ts';

export const COSIGN_VERSION = '3.1.3';

/** Path of cosign 3.1.3, or undefined. */
export function findCosign(): string | undefined {
  const testbed = process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed');
  const places = [...(process.env['PATH'] ?? '').split(delimiter), join(testbed, `cosign-${COSIGN_VERSION}`)].map((folder) => join(folder, 'cosign'));
  return places.find((place) => existsSync(place) && isRightVersion(place));
}

function isRightVersion(path: string): boolean {
  try {
    const text = execFileSync(path, ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    // Ours states that version too, and is no judge of itself.
    return text.includes(`v${COSIGN_VERSION}`) && !text.includes('Assay');
  } catch {
    return false;
  }
}

export interface CosignOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs it where no network is: every proxy leads nowhere, so that a lookup fails at once instead of hanging. */
export function runRealCosign(path: string, argv: readonly string[], { home, env, stdin = '' }: CosignOptions): Promise<Run> {
  const nowhere = 'http://127.0.0.1:9';
  const closed = { HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, NO_PROXY: '127.0.0.1' };
  const child = spawn(path, argv, { env: { HOME: home, ...closed, ...env }, timeout: 60_000 });
  child.stdin.on('error', () => undefined); // it need not read all of it
  child.stdin.end(stdin);
  return runOf(child);
}
