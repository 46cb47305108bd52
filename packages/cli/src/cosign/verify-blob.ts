import {
  Artifact,
  type Bundle,
  type Certificate,
  digestsNeeded,
  type ExpectedSigner,
  type LegacyBundle,
  type PublicKey,
  proposedHashedRekord,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { artifactSource } from '../artifact-source.ts';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { expectedIdentity, keySigner, PatternError, refuseContradictions, refuseFlagValues, warnAboutIgnoredLog } from './demands.ts';
import { looseCertificate, readBundleFile, refuseBundleFlags, refuseLooseFlags } from './evidence.ts';
import { VERIFY_BLOB_FLAGS } from './flags.ts';
import { type Invocation, invoke } from './invocation.ts';
import type { Loader } from './load.ts';
import { verifyLoose } from './loose.ts';
import { verifySigstoreBundle } from './sigstore-bundle.ts';
import { bundleTrust, looseTrust } from './trust.ts';

export const command: Command = {
  usage: 'verify-blob [flags] BLOB',
  examples: `  # a Sigstore bundle
  cosign verify-blob --bundle artifact.sigstore.json --certificate-identity NAME --certificate-oidc-issuer URL artifact

  # a key on disk
  cosign verify-blob --bundle artifact.sigstore.json --key cosign.pub artifact

  # a bare signature and certificate; the log is searched
  cosign verify-blob --certificate artifact.pem --signature artifact.sig --certificate-identity NAME --certificate-oidc-issuer URL artifact`,
  flags: VERIFY_BLOB_FLAGS,
  arity: exactly(1),
  refuse: refuseFlagValues,
  run,
};

const TOO_MANY = 'exactly one of: key reference (--key), certificate (--cert) or hardware token (--sk) must be provided';

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  warnAboutIgnoredLog(flags, 'blob', context.io.stderr);
  refuseContradictions(flags, ['key', 'sk', 'certificate'], TOO_MANY);
  await invoke(flags, context, async (invocation) => {
    const named = await signerOf(flags, invocation.loader);
    const file = readBundleFile(flags);
    if (file?.form === 'sigstore') await verifyBundledBlob(file.bundle, named.signer, invocation);
    else await verifyLooseBlob(file?.bundle, named, invocation);
  });
}

export interface NamedSigner {
  readonly signer: ExpectedSigner;
  readonly key: PublicKey | undefined;
  /** Of `--certificate`. */
  readonly certificate: Certificate | undefined;
}

export async function signerOf(flags: ParsedFlags, loader: Loader): Promise<NamedSigner> {
  if (flags.bool('sk'))
    throw new CommandError(
      'loading verifier from key opts: opening piv token: hardware keys are not supported here; export the public key and pass it with --key',
    );
  const reference = flags.text('key');
  if (reference !== '') {
    const key = await loader.publicKey(reference);
    return { signer: keySigner(key, flags), key, certificate: undefined };
  }
  const signer = { identities: [await expectedIdentity(flags)] };
  const certificate = flags.text('certificate');
  return { signer, key: undefined, certificate: certificate === '' ? undefined : await loader.certificate(certificate) };
}

/** For images, where a pattern that is none is a reason to refuse each piece of evidence, and no more than that: cosign meets it there first. */
export async function imageSigner(flags: ParsedFlags, loader: Loader): Promise<NamedSigner | PatternError> {
  try {
    return await signerOf(flags, loader);
  } catch (error) {
    if (error instanceof PatternError) return error;
    throw error;
  }
}

async function verifyBundledBlob(bundle: Bundle, signer: ExpectedSigner, invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const trustedRoot = await bundleTrust(invocation);
  refuseLooseFlags(flags);
  const [blob = ''] = flags.positionals;
  const artifact = await openBlob(blob, bundle, signer, invocation);
  await verifySigstoreBundle({ bundle, artifact, signer, trustedRoot }, invocation);
}

/** A file, standard input, a digest, or a URL, of which only the first three are streamed. */
export async function openBlob(blob: string, bundle: Bundle | undefined, signer: ExpectedSigner, { io, loader }: Invocation): Promise<Artifact> {
  if (/^https?:\/\//.test(blob) || blob.startsWith('env://')) return Artifact.fromBytes(await loader.bytes(blob));
  const key = 'key' in signer ? signer.key : undefined;
  const algorithms = bundle === undefined ? (['sha256', 'sha384', 'sha512'] as const) : digestsNeeded(bundle, key);
  return artifactSource(blob, io).open(algorithms, nodeCrypto);
}

async function verifyLooseBlob(legacy: LegacyBundle | undefined, named: NamedSigner, invocation: Invocation): Promise<void> {
  const { flags, loader } = invocation;
  const [blob = ''] = flags.positionals;
  const artifact = await openBlob(blob, undefined, named.signer, invocation);
  refuseBundleFlags(flags);
  const trustedRoot = await looseTrust(invocation);
  const certificate = looseCertificate(named, legacy);
  const flag = flags.text('signature');
  const signature = flag === '' ? legacy?.signature : await loader.signature(flag);
  if (signature === undefined) throw new CommandError("missing flag '--signature'");
  await verifyLoose(
    {
      content: { kind: 'message', digest: undefined, signature },
      certificate,
      key: named.key,
      entry: legacy?.entry,
      artifact,
      signer: named.signer,
      proposed: async (pem) => proposedHashedRekord(signature, pem, 'sha256', (await artifact.digest('sha256', nodeCrypto)) ?? new Uint8Array(0)),
    },
    trustedRoot,
    invocation,
  );
}
