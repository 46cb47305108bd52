/**
 * The protocol of the sigstore-conformance suite (verification.md section 14), over the same pipeline as everything else.
 *
 * ```
 * verify-bundle [--staging] --bundle FILE (--certificate-identity ID --certificate-oidc-issuer URL | --key PEM) [--trusted-root FILE] FILE_OR_DIGEST
 * ```
 * `--staging` asks the staging mirror, whose first root no package ships: name it with `TUF_ROOT_JSON`, or pass `--trusted-root`.
 * Status 0: accepted. 1: refused, with the reason on stderr. 2: not understood.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  Artifact,
  type ExpectedSigner,
  exactly,
  failures,
  isTrustError,
  parseDigest,
  parsePublicKeyPem,
  parseTrustedRoot,
  TrustError,
  type TrustedRoot,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient, readFileCapped } from '@assay/net';
import { loadTrustedRoot, trustSettings } from '@assay/trust';

export async function main(argv: readonly string[], tell: (line: string) => void = (line) => void process.stderr.write(`${line}\n`)): Promise<number> {
  const [command, ...args] = argv;
  try {
    if (command === 'verify-bundle') return await verifyBundle(args, tell);
    tell(command === 'sign-bundle' ? 'sign-bundle: signing arrives with the stack' : `unknown command ${command ?? ''}; verify-bundle is understood`);
    return 2;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return isTrustError(error) ? 1 : 2;
  }
}

async function verifyBundle(args: string[], tell: (line: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [subject, ...more] = positionals;
  if (values.bundle === undefined || subject === undefined || more.length > 0) throw new TypeError('verify-bundle needs --bundle FILE and one artifact');
  const { ok, root } = await verify(readFileCapped(values.bundle, MAX_BYTES), artifact(subject), {
    signer: await expectedSigner(values),
    trustedRoot: await trustedRoot(values['trusted-root'], values.staging === true),
    crypto: nodeCrypto,
    now: new Date(),
  });
  for (const { code, id, says, expected, found } of failures(root)) {
    tell(`${code ?? 'SKIPPED'} ${id}: ${says}${expected === undefined ? '' : `; expected ${expected}`}${found === undefined ? '' : `; found ${found}`}`);
  }
  return ok ? 0 : 1;
}

const OPTIONS = {
  staging: { type: 'boolean' },
  bundle: { type: 'string' },
  'certificate-identity': { type: 'string' },
  'certificate-oidc-issuer': { type: 'string' },
  key: { type: 'string' },
  'trusted-root': { type: 'string' },
} as const;

interface SignerFlags {
  readonly key?: string | undefined;
  readonly 'certificate-identity'?: string | undefined;
  readonly 'certificate-oidc-issuer'?: string | undefined;
}

async function expectedSigner({ key, 'certificate-identity': san, 'certificate-oidc-issuer': issuer }: SignerFlags): Promise<ExpectedSigner> {
  if (key === undefined && san !== undefined && issuer !== undefined) return { identities: [{ san: exactly(san), issuer: exactly(issuer) }] };
  if (key === undefined || san !== undefined || issuer !== undefined)
    throw new TypeError('give --certificate-identity and --certificate-oidc-issuer, or --key');
  const parsed = parsePublicKeyPem(Buffer.from(readFileCapped(key, MAX_BYTES)).toString());
  if (!(await nodeCrypto.isUsable(parsed))) throw new TrustError('KEY_PARSE', 'the public key cannot be used');
  return { key: parsed };
}

/** A digest only when it looks like one and no file has that name. */
function artifact(subject: string): Artifact {
  const digest = /^sha256:[0-9a-fA-F]{64}$/.test(subject) && !existsSync(subject) ? parseDigest(subject) : undefined;
  return digest === undefined ? Artifact.fromBytes(readFileSync(subject)) : Artifact.fromDigests({ [digest.algorithm]: digest.value });
}

/** From the file, else over TUF: public Sigstore's production instance by default. */
async function trustedRoot(trustedRootFile: string | undefined, staging: boolean): Promise<TrustedRoot> {
  const settings = trustSettings(process.env);
  const http = createHttpClient({ env: process.env, offline: settings.offline });
  try {
    const source = { ...(trustedRootFile !== undefined && { trustedRootFile }), ...(staging && { tufMirror: STAGING }) };
    const { bytes } = await loadTrustedRoot({ ...settings, ...source, http, now: new Date() });
    return parseTrustedRoot(bytes);
  } finally {
    http.close();
  }
}

const STAGING = 'https://tuf-repo-cdn.sigstage.dev';
const MAX_BYTES = 32 * 1024 * 1024;
