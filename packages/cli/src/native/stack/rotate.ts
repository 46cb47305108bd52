/** `assay stack rotate ca|log|tsa|tuf|oidc`: new keys, taken up by the stack at once when it runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TrustError } from '@assay/core';
import { holdingProcess, isFolderLocked, type Rotatable, rotate } from '@assay/stack';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { dataFolder } from './data-folder.ts';

export interface RotateFlags {
  readonly data?: string;
}

/** Errors: `STACK_DATA`, `STACK_IN_USE`, `STACK_SERVICE` when the stack that runs does not take them up. */
export async function runRotate(what: Rotatable, flags: RotateFlags, io: Io): Promise<number> {
  const folder = dataFolder(flags.data, io.env);
  await rotate(folder, what, io.now);
  if (!(await isFolderLocked(folder))) {
    io.stdout(`${NAMES[what]}: new keys are made and published when the stack starts\n`);
    return EXIT.accepted;
  }
  await reload(folder);
  io.stdout(`${NAMES[what]}: new keys are in use, and published\n`);
  return EXIT.accepted;
}

/** The stack says in `endpoints.json` when it last read its folder. */
async function reload(folder: string): Promise<void> {
  const pid = await holdingProcess(folder);
  const before = readySince(folder);
  const refused = (found: string) => new TrustError('STACK_SERVICE', 'the stack that runs does not take up the new keys', { found, hint: 'start it again' });
  if (pid === undefined) throw refused('its process is not known');
  try {
    process.kill(pid, 'SIGHUP');
  } catch (error) {
    throw refused((error as Error).message);
  }
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await wait(POLL_MS)) if (readySince(folder) !== before) return;
  throw refused(`no sign of it within ${PATIENCE_MS / 1000} seconds`);
}

function readySince(folder: string): string {
  try {
    return (JSON.parse(readFileSync(join(folder, 'endpoints.json'), 'utf8')) as { ready?: string }).ready ?? '';
  } catch {
    return '';
  }
}

const NAMES: Readonly<Record<Rotatable, string>> = {
  ca: 'certificate authority',
  log: 'transparency logs',
  tsa: 'timestamp authority',
  tuf: 'TUF repository',
  oidc: 'OIDC issuer',
};
const PATIENCE_MS = 20_000;
const POLL_MS = 50;
