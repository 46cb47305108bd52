/** The real helm, for tests that hold ours against it: found on PATH or in the testbed, absent elsewhere. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runOf } from './child-run.ts';
import type { Run } from './run-cli.ts';

export const HELM_VERSION = '3.22.0';

/** Path of helm 3.22, or undefined. */
export function findHelm(): string | undefined {
  const testbed = process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed');
  const places = [...(process.env['PATH'] ?? '').split(delimiter), join(testbed, `helm-${HELM_VERSION}`)].map((folder) => join(folder, 'helm'));
  return places.find((place) => existsSync(place) && isRightVersion(place));
}

function isRightVersion(path: string): boolean {
  try {
    const text = execFileSync(path, ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /Version:"v3\.22(?:\.0)?"/.test(text);
  } catch {
    return false;
  }
}

/** Runs it in the working folder, where no network is but this machine: every proxy leads nowhere. */
export function runRealHelm(path: string, argv: readonly string[], home: string): Promise<Run> {
  const nowhere = 'http://127.0.0.1:9';
  const env = { HOME: home, PATH: process.env['PATH'], TZ: process.env['TZ'], HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, NO_PROXY: '127.0.0.1' };
  return runOf(spawn(path, argv, { env, timeout: 60_000 }));
}
