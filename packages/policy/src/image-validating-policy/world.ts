/** What image validating policies may ask of the world besides. Where the caller has no answer, an expression that asks fails, and what fails denies. */
import type { Json, TrustedRoot } from '@assay/core';
import type { World } from '../kyverno/rule-policy.ts';

export interface ImageValidatingWorld extends World {
  /** The value of a GlobalContextEntry, or one of its projections. */
  globalContext?(name: string, projection: string | undefined): Promise<Json>;
  /** JSON in, JSON out. */
  http?(method: 'GET' | 'POST', url: string, body: Json | undefined, headers: Readonly<Record<string, string>>): Promise<Json>;
  /** The trusted root that a TUF repository distributes. Errors: `TUF_…`. */
  tufRoot?(repository: TufRepository): Promise<TrustedRoot>;
  /** Of verifications that succeeded; see `verificationKey`. Refusals are not kept. */
  readonly verifications?: VerificationCache;
}

export interface TufRepository {
  /** '' for the public one. */
  readonly mirror: string;
  /** File or URL of its first root; '' for none. */
  readonly path: string;
  readonly initial: Uint8Array | undefined;
}

export interface VerificationCache {
  /** `payload`: of the attestation that was verified. */
  get(key: string): { readonly payload?: string } | undefined;
  set(key: string, value: { readonly payload?: string }): void;
}
