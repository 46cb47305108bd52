/**
 * Builder ids as users name them, `NAME` or `NAME@VERSION`, and who can judge what such a builder made (slsa.md section 1.4).
 */
import { quote } from '@assay/core';
import type { Refusal } from './reference-error.ts';

export interface BuilderId {
  readonly name: string;
  /** Behind the `@`; undefined when there is none. */
  readonly version: string | undefined;
}

/** At most one `@`, and something behind it. */
export function parseBuilderId(id: string): BuilderId | { readonly refusal: Refusal } {
  const [name = '', version, ...more] = id.split('@');
  if (version !== '' && more.length === 0) return { name, version };
  return {
    refusal: {
      error: 'ErrorInvalidFormat',
      detail: `builderID: '${quote(id)}'`,
      code: 'SLSA_UNSUPPORTED',
      says: 'the builder is not named as one can be',
      expected: 'NAME or NAME@VERSION',
      found: quote(id),
      hint: version === '' ? 'leave the @ out, or put a version behind it' : 'a builder id has one @, before its version',
      spec: SPEC,
    },
  };
}

/** `GHA`: workflows of GitHub Actions; `GCB`: Google Cloud Build. */
export type BuilderKind = 'GHA' | 'GCB';

/** By the name alone. No id at all, or an empty one, is GitHub's. */
export function builderKind(id: string | undefined): { readonly kind: BuilderKind } | { readonly refusal: Refusal } {
  if (id === undefined || id === '') return { kind: 'GHA' };
  const builder = parseBuilderId(id);
  if ('refusal' in builder) return builder;
  if (builder.name.startsWith(GITHUB)) return { kind: 'GHA' };
  if (builder.name === GOOGLE_HOSTED_WORKER) return { kind: 'GCB' };
  return {
    refusal: {
      error: 'ErrorVerifierNotSupported',
      detail: quote(id),
      code: 'SLSA_UNSUPPORTED',
      says: 'nothing is known of builders with this name',
      expected: `${GITHUB}… or ${GOOGLE_HOSTED_WORKER}`,
      found: quote(id),
      hint: hintFor(builder.name),
      spec: SPEC,
    },
  };
}

function hintFor(name: string): string | undefined {
  if (name.startsWith('github.com/')) return `builders are named with their scheme: https://${quote(name)}`;
  if (name.startsWith('http://')) return 'the scheme is https';
  if (name.includes('GoogleHostedWorker')) return `Cloud Build is named ${GOOGLE_HOSTED_WORKER}`;
  return undefined;
}

export const GOOGLE_HOSTED_WORKER = 'https://cloudbuild.googleapis.com/GoogleHostedWorker';
const GITHUB = 'https://github.com/';
const SPEC = 'slsa.md section 1.4';
