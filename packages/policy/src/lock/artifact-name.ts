/**
 * What an artifact is called in a lock: `HOST/REPOSITORY` for an image or a chart, whatever its tag, and the bare name for a file. Names of files have
 * versions in them, so that a `*` may stand for any characters; whoever writes it decides which files are one artifact.
 */
import { isTrustError, quote, TrustError } from '@assay/core';
import { parseRepository, repositoryText } from '@assay/oci';
import type { Lock, LockEntry } from './lock.ts';

export interface LockedArtifact {
  /** As the lock has it. */
  readonly name: string;
  /** What the first `*` stands for. */
  readonly version: string | undefined;
  readonly entry: LockEntry;
}

/** `name`: of a thing. The exact name goes before patterns. Undefined: the lock has none. Errors: `LOCK_AMBIGUOUS` for two patterns. */
export function findArtifact({ artifacts }: Lock, name: string): LockedArtifact | undefined {
  const exact = artifacts.get(name);
  if (exact !== undefined) return { name, version: undefined, entry: exact };
  const matching = [...artifacts].flatMap(([pattern, entry]): LockedArtifact[] => {
    const version = name.includes('/') ? undefined : matchWildcards(pattern, name);
    return version === undefined ? [] : [{ name: pattern, version, entry }];
  });
  if (matching.length < 2) return matching[0];
  throw new TrustError('LOCK_AMBIGUOUS', `${quote(name)}: ${matching.length} names in the lock match it`, {
    expected: 'one',
    found: matching.map((one) => quote(one.name)).join(', '),
    hint: 'make the patterns narrower, or write an entry with the exact name',
  });
}

/** Undefined: it is one that an artifact can have. */
export function problemOfName(name: string): string | undefined {
  if (!name.includes('/')) return /^\**$/.test(name) ? 'not a name: every file would be this artifact' : undefined;
  try {
    const canonical = repositoryText(parseRepository(name));
    return canonical === name ? undefined : `images of this repository are called ${quote(canonical)}`;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return 'neither the name of a file nor HOST/REPOSITORY, without a tag, a digest and *';
  }
}

/** What the first `*` stands for; each takes as little as it can. Undefined: no match. */
function matchWildcards(pattern: string, name: string): string | undefined {
  const [first = '', ...others] = pattern.split(/\*+/);
  const last = others.pop();
  if (last === undefined || !name.startsWith(first) || !name.endsWith(last)) return undefined;
  const end = name.length - last.length;
  let at = first.length;
  let version: string | undefined;
  for (const part of others) {
    const next = name.indexOf(part, at);
    if (next < 0) return undefined;
    version ??= name.slice(at, next);
    at = next + part.length;
  }
  return at > end ? undefined : (version ?? name.slice(at, end));
}
