/** One piece of evidence of a release: judged by core under whoever was demanded, then held against what the release says of it. */
import { Artifact, type Check, fail, failFrom, fromHex, group, isTrustError, pass, quote, type Verification, type Verified } from '@assay/core';
import type { ReleaseFolder } from './release-folder.ts';

/** Whether somebody who was demanded has signed it. */
export type Judge = (bundle: Uint8Array, artifact: Artifact) => Promise<Verification>;

/** What was verified, for what all parts have to agree on. */
export interface Proven {
  /** Which part, for people. */
  readonly what: string;
  readonly verified: Verified;
}

export interface Demand {
  /** `signature`, `sbom attestation`: in messages. */
  readonly kind: string;
  readonly file: string;
  /** Of what must have been signed, hex. */
  readonly sha256: string;
  /** What the verified content must say besides. */
  readonly check?: (verified: Verified) => readonly Check[];
}

export class EvidenceJudge {
  readonly #folder: ReleaseFolder;
  readonly #judge: Judge;
  readonly proven: Proven[] = [];

  constructor(folder: ReleaseFolder, judge: Judge) {
    this.#folder = folder;
    this.#judge = judge;
  }

  /** `what` was signed: `app.tar.gz`. */
  async judge(what: string, { kind, file, sha256, check }: Demand): Promise<Check> {
    const id = 'release.evidence';
    const bundle = this.#folder.evidence(file);
    if (!(bundle instanceof Uint8Array)) return bundle;
    try {
      const { root, verified } = await this.#judge(bundle, Artifact.fromDigests({ sha256: fromHex(sha256) }));
      const checks = root.checks ?? [];
      if (verified === undefined) return group(id, `the ${kind} of ${quote(what)} does not hold: ${quote(file)}`, checks);
      this.proven.push({ what: `the ${kind} of ${what}`, verified });
      return group(id, `${kind}: ${quote(file)}`, [...checks, ...(check?.(verified) ?? [])]);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return group(id, `the ${kind} of ${quote(what)} cannot be read: ${quote(file)}`, [failFrom('bundle', error)]);
    }
  }
}

/** The annotation that says which version was signed. */
export function annotationCheck(key: string, expected: string): (verified: Verified) => readonly Check[] {
  return ({ statement }) => {
    const id = 'release.annotation';
    const found = (statement?.statement.subjects ?? []).map(({ annotations }) => annotations?.[key]);
    if (found.includes(expected)) return [pass(id, `${key}=${quote(expected)} was signed with it`)];
    const stated = found.filter((value) => typeof value === 'string');
    return [
      fail(id, 'RELEASE_MISMATCH', `what was signed is not of this version`, {
        expected: `${key}=${quote(expected)}`,
        found: stated.length === 0 ? `no ${key}` : `${key}=${stated.map(quote).join(', ')}`,
      }),
    ];
  };
}

export function predicateTypeCheck(expected: readonly string[]): (verified: Verified) => readonly Check[] {
  return ({ statement }) => {
    const id = 'release.predicate';
    const found = statement?.predicateType;
    if (found !== undefined && expected.includes(found)) return [pass(id, `it states ${quote(found)}`)];
    return [
      fail(id, 'RELEASE_MISMATCH', 'it states something else', { expected: expected.join(' or '), found: found === undefined ? 'no statement' : quote(found) }),
    ];
  };
}
