/** Whether it was built from the repository that was demanded, and if not, what the two have in common: a fork, a mirror, another spelling. */
import { type Check, fail, pass, quote } from '@assay/core';
import type { BuildFacts } from '../facts.ts';
import { nearMiss } from '../github-actions/source.ts';
import { withHint } from './hint.ts';
import type { SourceRepository } from './source-repository.ts';

/** Byte for byte: there is no other way to compare names that cannot be made to lie. */
export function checkSource({ source }: BuildFacts, demanded: SourceRepository): Check {
  const id = 'build.source';
  const expected = demanded.uri;
  if (source === expected) return pass(id, `built from ${quote(source)}`);
  if (source === undefined) return fail(id, 'SLSA_CLAIMS', 'it is not stated from which repository this was built', { expected, found: 'nothing' });
  return fail(id, 'SLSA_SOURCE', 'it was built from another repository', { expected, found: quote(source), ...withHint(sourceHint(demanded, source)) });
}

function sourceHint({ host, path }: SourceRepository, found: string): string | undefined {
  const [, itsHost, itsPath] = /^https:\/\/([^/]+)\/(.+)$/s.exec(found) ?? [];
  if (itsHost === undefined || itsPath === undefined) return undefined;
  if (itsHost === 'github.com') return nearMiss(`${host}/${path}`, itsPath);
  if (itsHost !== host && itsPath === path) {
    return `the host differs: ${host} was demanded, it was built on ${quote(itsHost)}. If one of them is a mirror or a look-alike, do not trust what it says`;
  }
  if (itsHost === host && itsPath.toLowerCase() === path.toLowerCase()) {
    return 'they differ in upper and lower case only; repositories are compared as they are written';
  }
  return undefined;
}
