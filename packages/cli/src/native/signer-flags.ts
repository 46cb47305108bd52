/** `--identity … --issuer …` or `--key …` as the signer that verification expects. */
import { type ExpectedSigner, exactly, type Matcher, matching, type PublicKey, parsePublicKeyPem, TrustError } from '@assay/core';
import { loadFileOrUrl } from '@assay/net';
import type { Io } from '../io.ts';
import { named } from '../named.ts';
import { withHttp } from '../with-http.ts';

export interface SignerFlags {
  readonly identity?: string;
  readonly identityRegexp?: string;
  readonly issuer?: string;
  readonly issuerRegexp?: string;
  readonly key?: string;
}

/** What stands for names that are not given. */
export interface UnnamedSigner {
  readonly san?: Matcher | undefined;
  readonly issuer?: Matcher | undefined;
}

/** Errors: `USAGE`, `USAGE_IDENTITY`, `IDENTITY_PATTERN`, `KEY_PARSE`, `FILE_…`, `NET_…`. */
export async function expectedSigner(flags: SignerFlags, io: Io, offline: boolean, unnamed: UnnamedSigner = {}): Promise<ExpectedSigner> {
  refuseContradictions(flags);
  if (flags.key !== undefined) return { key: await loadKey(flags.key, io, offline) };
  const san = (await matcher(flags.identity, flags.identityRegexp)) ?? unnamed.san;
  const issuer = (await matcher(flags.issuer, flags.issuerRegexp)) ?? unnamed.issuer;
  if (san === undefined && issuer === undefined) {
    throw new TrustError('USAGE', 'who must have signed is not said: nothing is trusted merely because it is signed', {
      expected: '--identity and --issuer, or --key',
      found: 'none of them',
      hint: 'for a GitHub workflow: --identity https://github.com/OWNER/REPO/.github/workflows/FILE@refs/tags/TAG --issuer https://token.actions.githubusercontent.com',
    });
  }
  if (issuer === undefined)
    throw new TrustError('USAGE_IDENTITY', 'an identity means nothing without who vouched for it', { hint: 'add --issuer URL, or --issuer-regexp PATTERN' });
  if (san === undefined)
    throw new TrustError('USAGE_IDENTITY', 'an issuer vouches for everyone: name the identity too', {
      hint: 'add --identity NAME, or --identity-regexp PATTERN',
    });
  return { identities: [{ san, issuer }] };
}

function refuseContradictions(flags: SignerFlags): void {
  const refuse = (a: string, b: string) => {
    throw new TrustError('USAGE', `${a} and ${b} exclude each other`, { hint: 'give one of them' });
  };
  if (flags.identity !== undefined && flags.identityRegexp !== undefined) refuse('--identity', '--identity-regexp');
  if (flags.issuer !== undefined && flags.issuerRegexp !== undefined) refuse('--issuer', '--issuer-regexp');
  const named = [flags.identity, flags.identityRegexp, flags.issuer, flags.issuerRegexp].some((value) => value !== undefined);
  if (flags.key !== undefined && named) refuse('--key', '--identity or --issuer');
}

async function loadKey(reference: string, io: Io, offline: boolean): Promise<PublicKey> {
  if (KEPT_KEY.test(reference)) return loadKeptKey(reference, io, offline);
  const pem = await withHttp(io, (http) => loadFileOrUrl(reference, { http, env: io.env, maxBytes: MAX_KEY_FILE }), offline);
  return named(reference, () => parsePublicKeyPem(new TextDecoder().decode(pem)));
}

/** Read only when needed: most keys are files. */
async function loadKeptKey(reference: string, io: Io, offline: boolean): Promise<PublicKey> {
  const [{ loadPublicKey }, { withKeyContext }] = await Promise.all([import('@assay/sign'), import('../key-context.ts')]);
  return withKeyContext({ io, userAgent: 'assay', offline }, (keys) => loadPublicKey(reference, keys));
}

/** References to places that keep keys; the rest are files, URLs and variables. */
const KEPT_KEY = /^(?:pkcs11|k8s|gitlab|github|hashivault|openbao|awskms|gcpkms|azurekms):/;

async function matcher(exact: string | undefined, pattern: string | undefined): Promise<Matcher | undefined> {
  if (exact !== undefined) return exactly(exact);
  return pattern === undefined ? undefined : matching(pattern);
}

const MAX_KEY_FILE = 1024 * 1024;
