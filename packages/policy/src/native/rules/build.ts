/** Whether a build is demanded as one can be. */
import { isTrustError } from '@assay/core';
import { parseDemandedBuilder, parseSourceRepository } from '@assay/slsa';
import type { NativeBuild } from '../schema.ts';

/** Undefined: nothing is wrong. */
export function problemOfBuild({ source, tag, branch, commit, builder, level }: NativeBuild): string | undefined {
  if (tag !== undefined && branch !== undefined) return 'tag and branch exclude each other: a build is of one of them';
  if (commit !== undefined && !/^(?:[\da-f]{40}|[\da-f]{64})$/.test(commit)) return 'a commit is demanded by its whole name: 40 or 64 hex digits in lower case';
  if (level === 3 && builder !== undefined && !builder.startsWith(ISOLATED_BUILDERS)) return 'level 3 is known of the builders of the SLSA project alone';
  try {
    parseSourceRepository(source);
    if (builder !== undefined) parseDemandedBuilder(builder);
    return undefined;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return `${error.message}: ${error.hint}`;
  }
}

/** They keep the signing away from the build. */
export const ISOLATED_BUILDERS = 'https://github.com/slsa-framework/slsa-github-generator/.github/workflows/';
