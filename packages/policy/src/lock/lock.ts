/**
 * `assay.lock`: who signed what the first time, so that a later release by somebody else, or with less evidence, is refused.
 *
 *   {
 *     "version": 1,
 *     "artifacts": {
 *       "app-*-linux-amd64.tar.gz": { "key": "sha256:HEX", "evidence": "signed" },
 *       "ghcr.io/owner/app": {
 *         "issuer": "https://token.actions.githubusercontent.com",
 *         "identity": "https://github.com/owner/app/.github/workflows/release.yml@refs/tags/*",
 *         "source": "https://github.com/owner/app",
 *         "ref": "refs/tags/*",
 *         "builder": "https://github.com/owner/app/.github/workflows/release.yml@refs/tags/*",
 *         "evidence": "build-l2",
 *         "sbom": true,
 *         "firstSeen": { "reference": "ghcr.io/owner/app:1.2.3", "digest": "sha256:HEX", "identity": "…@refs/tags/v1.2.3" }
 *       }
 *     },
 *     "exceptions": [
 *       { "artifact": "ghcr.io/owner/app", "version": "1.2.4", "allows": { "evidence": "recorded" }, "until": "2026-12-31", "reason": "…" }
 *     ]
 *   }
 *
 * JSON, since it is read by a machine in one way only: no comments that a rewrite would lose, no names that two readers take differently. Written with one
 * property a line, in a fixed order and without a time, so that a change of the file is a change of trust.
 */
import type { EvidenceLevel } from './level.ts';

export interface Lock {
  /** By name: `HOST/REPOSITORY` of an image or chart, or the name of a file, in which `*` is any characters. */
  readonly artifacts: ReadonlyMap<string, LockEntry>;
  readonly exceptions: readonly LockException[];
}

/** What later evidence is compared with. Either `issuer` and `identity`, or `key`. */
export interface LockedFacts {
  readonly issuer?: string | undefined;
  /** The name in the certificate; for a workflow that ran at a tag, at any tag: `…@refs/tags/*`. */
  readonly identity?: string | undefined;
  /** `sha256:HEX` of the SubjectPublicKeyInfo. */
  readonly key?: string | undefined;
  /** `https://github.com/owner/app`, as the certificate names it, or the provenance that a key signed. */
  readonly source?: string | undefined;
  /** The branch it was built from, or any tag: `refs/heads/main`, `refs/tags/*`. */
  readonly ref?: string | undefined;
  /** As `identity`. */
  readonly builder?: string | undefined;
  readonly evidence: EvidenceLevel;
  /** Whether an attested SBOM was seen. */
  readonly sbom?: boolean | undefined;
}

export interface LockEntry extends LockedFacts {
  readonly firstSeen?: FirstSeen | undefined;
}

/** For people: what the entry was made of. */
export interface FirstSeen {
  readonly reference: string;
  /** `sha256:HEX` */
  readonly digest: string;
  /** As it stood in the certificate. */
  readonly identity?: string | undefined;
}

export interface LockException {
  /** A name among the artifacts, as it is written there. */
  readonly artifact: string;
  /** Of this artifact alone: `sha256:HEX`. */
  readonly digest?: string | undefined;
  /** Of this version alone: the tag of an image, or what the first `*` in the name of a file stands for. */
  readonly version?: string | undefined;
  /** In the place of what the entry has. */
  readonly allows: AllowedFacts;
  /** The last day, whole in UTC, or a moment. */
  readonly until: string;
  readonly reason: string;
}

/** `null`: it need not be stated. */
export interface AllowedFacts extends Pick<Partial<LockedFacts>, 'issuer' | 'identity' | 'key' | 'evidence'> {
  readonly source?: string | null;
  readonly ref?: string | null;
  readonly builder?: string | null;
  readonly sbom?: false;
}

export const LOCK_VERSION = 1;
