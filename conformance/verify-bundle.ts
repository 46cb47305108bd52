/** `verify-bundle`: the one verification, with what the suite's flags demand. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Artifact, type ExpectedSigner, exactly, parseDigest, parsePublicKeyPem, TrustError, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net';
import { loadRoot } from '../packages/cli/src/trusted-root.ts';
import { INSTANCE_FLAGS, ioFor, report } from './instance.ts';
import type { Tell } from './main.ts';

export async function verifyBundle(args: string[], tell: Tell): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const { bundle, staging, 'trusted-root': trustedRoot } = values;
  const [subject, ...more] = positionals;
  if (bundle === undefined || subject === undefined || more.length > 0) throw new TypeError('verify-bundle needs --bundle FILE and one artifact');
  const io = ioFor(staging, tell);
  const signer = await expectedSigner(values);
  const { root } = await loadRoot(trustedRoot === undefined ? {} : { trustedRoot }, io);
  const evidence = readFileCapped(bundle, MAX_BYTES);
  return report(await verify(evidence, artifact(subject), { signer, trustedRoot: root, crypto: nodeCrypto, now: io.now }), tell);
}

const OPTIONS = {
  ...INSTANCE_FLAGS,
  bundle: { type: 'string' },
  'certificate-identity': { type: 'string' },
  'certificate-oidc-issuer': { type: 'string' },
  key: { type: 'string' },
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

const MAX_BYTES = 32 * 1024 * 1024;
