/** `slsa-verifier verify-artifact` and `verify-image` (slsa.md section 1.2). */
import { isTrustError, quote, TrustError } from '@assay/core';
import { parseSourceRepository } from '@assay/slsa';
import type { Losses } from '../convert/loss.ts';
import type { NativeBuild, NativeSpec } from '../native/schema.ts';
import { imagePatterns } from './images.ts';
import { type FlagTable, type GivenFlags, parseFlags } from './parse-flags.ts';
import type { FlagWords } from './read-flags.ts';

export function readSlsaVerifier({ words: [command = '', ...words] }: FlagWords, losses: Losses): NativeSpec {
  if (command !== 'verify-artifact' && command !== 'verify-image') {
    throw new TrustError('USAGE', `slsa-verifier ${quote(command)} cannot be said in a policy`, { expected: 'verify-artifact or verify-image' });
  }
  const flags = parseFlags(words, FLAGS);
  const repository = flags.text('provenance-repository');
  return {
    ...(command === 'verify-image' && { images: [...imagePatterns(flags.positionals)] }),
    build: buildOf(flags, losses),
    ...(command === 'verify-image' && repository !== undefined && { from: { repository } }),
  };
}

function buildOf(flags: GivenFlags, losses: Losses): NativeBuild {
  const builder = flags.text('builder-id');
  const tag = flags.text('source-tag');
  const branch = flags.text('source-branch');
  if (builder !== undefined && !builder.startsWith('https://github.com/'))
    throw new TrustError('USAGE', `builds of ${quote(builder)} cannot be said in a policy`);
  if (flags.has('source-versioned-tag')) losses.weaker('--source-versioned-tag', 'versions are not compared: which tag it was built from is not asked for');
  if (flags.has('build-workflow-input')) losses.weaker('--build-workflow-input', 'inputs of the workflow are not asked for');
  if (tag !== undefined && branch !== undefined) losses.weaker('--source-branch', 'a build is of a tag or of a branch: the branch is not asked for');
  return {
    source: sourceOf(flags.text('source-uri')),
    ...(tag !== undefined ? { tag } : branch !== undefined && { branch }),
    // Unless somebody is named, builders of the SLSA project alone are trusted.
    ...(builder === undefined ? { level: 3 as const } : { builder }),
  };
}

function sourceOf(uri: string | undefined): string {
  if (uri === undefined) throw new TrustError('USAGE', 'required flag(s) "source-uri" not set');
  try {
    const { host, path } = parseSourceRepository(uri);
    return `${host}/${path}`;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new TrustError('USAGE', `--source-uri: ${error.message}`, { hint: error.hint, cause: error });
  }
}

const FLAGS: FlagTable = {
  values: [
    'source-uri',
    'provenance-path',
    'provenance-repository',
    'builder-id',
    'source-branch',
    'source-tag',
    'source-versioned-tag',
    'build-workflow-input',
  ],
  switches: ['print-provenance'],
  short: {},
};
