/** The world of a run: which instance of Sigstore it is about, and where failed checks are told. */
import { failures, type Verification } from '@assay/core';
import { type Io, processIo } from '../packages/cli/src/io.ts';
import type { Tell } from './main.ts';

export const INSTANCE_FLAGS = {
  staging: { type: 'boolean' },
  'trusted-root': { type: 'string' },
} as const;

export function ioFor(staging: boolean | undefined, tell: Tell): Io {
  const env = staging === true ? { ...process.env, TUF_MIRROR: STAGING } : process.env;
  return { ...processIo(), env, stderr: (text) => tell(text.trimEnd()) };
}

/** Returns the exit status. */
export function report({ ok, root }: Verification, tell: Tell): number {
  for (const { code, id, says, expected, found } of failures(root)) {
    tell(`${code ?? 'SKIPPED'} ${id}: ${says}${expected === undefined ? '' : `; expected ${expected}`}${found === undefined ? '' : `; found ${found}`}`);
  }
  return ok ? 0 : 1;
}

const STAGING = 'https://tuf-repo-cdn.sigstage.dev';
