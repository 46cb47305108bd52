/** The conformance vectors as values, and judging one with any crypto provider. Runs in Node and in browsers. */
import { inject } from 'vitest';
import { Artifact, parseDigest } from '../src/artifact.ts';
import { decodeBase64 } from '../src/base64.ts';
import { decodeUtf8 } from '../src/bytes.ts';
import type { ErrorCode } from '../src/catalogue.ts';
import { failures } from '../src/check.ts';
import type { CryptoProvider } from '../src/crypto.ts';
import { isTrustError, TrustError } from '../src/errors.ts';
import { exactly } from '../src/identity.ts';
import { parsePublicKeyPem } from '../src/key.ts';
import { parseTrustedRoot, type TrustedRoot } from '../src/trusted-root.ts';
import { type ExpectedSigner, type Verification, verify } from '../src/verify.ts';

/** One case of cases.json with its files, base64. */
export interface VectorCase {
  readonly name: string;
  readonly expect: 'pass' | 'fail';
  readonly property: string;
  readonly bundle: string;
  readonly trustedRoot: string;
  readonly artifact: string;
  /** `sha256:HEX` of the artifact. */
  readonly digest: string;
  readonly identity?: { readonly san: string; readonly issuer: string };
  /** PEM. */
  readonly key?: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly vectors: VectorCase[];
  }
}

export const vectors: readonly VectorCase[] = inject('vectors');

export function vector(name: string): VectorCase {
  const found = vectors.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found;
}

/** The day of the tests: nothing here reads a clock. */
export const NOW = new Date('2026-08-25T00:00:00Z');

export type Input = 'bytes' | 'digest';

export interface Verdict {
  readonly ok: boolean;
  /** Of every failed leaf, in order; or of the error with which trusted root or key was refused. */
  readonly codes: readonly ErrorCode[];
  readonly verification?: Verification;
}

/** Judges a vector as a command line would: trusted root and key first, then the bundle. */
export async function judge(one: VectorCase, input: Input, crypto: CryptoProvider): Promise<Verdict> {
  try {
    return await judgeBundle(bytesOf(one.bundle), one, input, await prepare(one, crypto));
  } catch (error) {
    if (isTrustError(error)) return { ok: false, codes: [error.code] };
    throw error;
  }
}

export interface Prepared {
  readonly trustedRoot: TrustedRoot;
  readonly signer: ExpectedSigner;
  readonly crypto: CryptoProvider;
}

export async function prepare(one: VectorCase, crypto: CryptoProvider): Promise<Prepared> {
  return { trustedRoot: parseTrustedRoot(bytesOf(one.trustedRoot)), signer: await signerOf(one, crypto), crypto };
}

export async function judgeBundle(bundle: Uint8Array, one: VectorCase, input: Input, prepared: Prepared): Promise<Verdict> {
  const verification = await verify(bundle, artifactOf(one, input), { ...prepared, now: NOW });
  return { ok: verification.ok, codes: failures(verification.root).map((check) => check.code ?? 'INTERNAL'), verification };
}

async function signerOf({ identity, key }: VectorCase, crypto: CryptoProvider): Promise<ExpectedSigner> {
  if (identity !== undefined) return { identities: [{ san: exactly(identity.san), issuer: exactly(identity.issuer) }] };
  const parsed = parsePublicKeyPem(decodeUtf8(bytesOf(key ?? '')) ?? '');
  if (!(await crypto.isUsable(parsed))) throw new TrustError('KEY_PARSE', 'public key: the point is not on its curve');
  return { key: parsed };
}

export function artifactOf(one: VectorCase, input: Input): Artifact {
  if (input === 'bytes') return Artifact.fromBytes(bytesOf(one.artifact));
  const digest = parseDigest(one.digest);
  if (digest === undefined) throw new Error(`no digest: ${one.digest}`);
  return Artifact.fromDigests({ [digest.algorithm]: digest.value });
}

export function bytesOf(base64: string): Uint8Array {
  return decodeBase64(base64) as Uint8Array;
}
