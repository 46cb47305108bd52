/** `cosign sign-blob` (cosign.md section 1). */
import { writeFileSync } from 'node:fs';
import { type Artifact, encodeBase64, encodePem, type HashName, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { rekorBundleJson, type Sealed, SIGNING_ALGORITHMS, timestampJson } from '@assay/sign';
import { artifactSource } from '../artifact-source.ts';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { confirm } from './confirm.ts';
import { bool, text } from './flags.ts';
import { Loader } from './load.ts';
import { sealChecked } from './seal.ts';
import { outputFlag, SIGN_FLAGS } from './sign-flags.ts';
import { askToRecord, bundleFileOf, openSigning, refuseKeyAndToken, type Signing, type SigningParty, writeBundleFile } from './signing.ts';

export const command: Command = {
  usage: 'sign-blob [flags] BLOB…',
  examples: `  # a Sigstore bundle beside the file, without a transparency log
  cosign sign-blob --key cosign.key --use-signing-config=false --tlog-upload=false --bundle app.tar.gz.sigstore.json app.tar.gz

  # the bare signature, as older tools want it
  cosign sign-blob --key cosign.key --new-bundle-format=false --use-signing-config=false --tlog-upload=false app.tar.gz > app.tar.gz.sig`,
  flags: [
    ...SIGN_FLAGS,
    outputFlag('signature'),
    text('output', 'write the signature to this file', {
      deprecated: 'please use --bundle to provide the output bundle location, which will include the signature',
    }),
    outputFlag('certificate'),
    {
      ...bool('b64', 'write signatures as base64', { deprecated: 'please use --bundle, which already base64 encodes content as appropriate' }),
      default: 'true',
    },
    text('rfc3161-timestamp', 'write the timestamp to this file', {
      deprecated: 'please use --bundle to provide the output bundle location, which will include the signed timestamp',
    }),
    { ...text('signing-algorithm', 'algorithm of keys that are made for one signature'), default: 'ecdsa-sha2-256-nistp256' },
  ],
  arity: atLeast(1),
  refuse(flags) {
    refuseKeyAndToken(flags);
    refuseMissingBundle(flags);
    const algorithm = flags.text('signing-algorithm');
    if (!SIGNING_ALGORITHMS.some((name) => name === algorithm)) {
      throw new CommandError(`invalid signing algorithm: ${algorithm}. Supported algorithms are: ${SIGNING_ALGORITHMS.join(', ')}`);
    }
  },
  run,
};

export function refuseMissingBundle(flags: ParsedFlags): void {
  if (flags.bool('new-bundle-format') && flags.text('bundle') === '') throw new CommandError('must specify --bundle with --new-bundle-format');
}

const OUTPUTS = ['output-signature', 'output-certificate', 'output', 'rfc3161-timestamp'];

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const loader = new Loader(context);
  try {
    const signing = await openSigning(flags, context, loader, OUTPUTS, flags.text('bundle'));
    for (const blob of flags.positionals) await wrapped(`signing ${blob}`, () => signOne(blob, { flags, context, signing }));
  } finally {
    loader.close();
  }
}

interface Shared {
  readonly flags: ParsedFlags;
  readonly context: Context;
  readonly signing: Signing;
}

async function signOne(blob: string, { flags, context, signing }: Shared): Promise<void> {
  const { io } = context;
  await wrapped('upload to tlog', () => askToRecord(flags, context, signing));
  const party = withPrehash(await signing.party(), signing);
  const { signer } = party;
  if (blob !== '-') io.stderr(`Using payload from: ${blob}\n`);
  const algorithms = [...new Set<HashName>(['sha256', signer.hash ?? 'sha512'])];
  const artifact = await wrapped('getting payload', () => artifactSource(blob, io).open(algorithms, nodeCrypto));
  await askAboutHash(party, { flags, context, signing });
  const digest = (hash: HashName) => digestOf(artifact, hash);
  const { sealed, bundle } = await sealChecked({ kind: 'message', digest, bytes: artifact.bytes }, party, {
    flags,
    context,
    signing,
    artifact,
    publication: { bundleFile: bundleFileOf(flags) },
  });
  if (flags.bool('new-bundle-format')) writeBundleFile(bundle, flags, context);
  else writeOlder(sealed, flags, context);
}

/** A log takes Ed25519 in its pre-hashed form alone. */
function withPrehash(party: SigningParty, { services }: Signing): SigningParty {
  const isRecorded = services.logs.length + services.timestampAuthorities.length > 0;
  if (!isRecorded || party.signer.publicKey.type !== 'ed25519') return party;
  if (party.keyless !== undefined) throw new CommandError('signing bundle: error signing bundle: ed25519ph unsupported by Fulcio');
  return { ...party, signer: party.signer.withScheme({ name: 'ed25519ph' }) };
}

/** The older bundle says nothing of hashes, and its readers take SHA-256. */
async function askAboutHash({ signer, keyless }: SigningParty, { flags, context, signing }: Shared): Promise<void> {
  const { io } = context;
  const isUsual = signer.hash === 'sha256' || flags.bool('new-bundle-format');
  if (isUsual || (signing.services.logs.length === 0 && keyless === undefined)) return;
  io.stderr(`${OTHER_HASH}\n`);
  if (!flags.bool('yes')) await confirm(io);
  io.stderr('Continuing with non SHA256 hash function and old bundle format\n');
}

async function digestOf(artifact: Artifact, hash: HashName): Promise<Uint8Array> {
  const digest = await artifact.digest(hash, nodeCrypto);
  if (digest === undefined) throw new CommandError(`no ${hash} digest of the blob is known`);
  return digest;
}

/** Signature, certificate and timestamp in files of their own, and cosign 2's bundle. */
function writeOlder(sealed: Sealed, flags: ParsedFlags, context: Context): void {
  const { io } = context;
  const { signature } = sealed.content;
  const base64 = encodeBase64(signature);
  writeBundleFile(olderBundle(base64, sealed), flags, context);
  const output = flags.text('output-signature') || flags.text('output');
  if (output === '') {
    io.stdout(`${base64}\n`);
  } else {
    writeFileSync(output, flags.bool('b64') ? base64 : signature, { mode: 0o600 });
    io.stderr(`Wrote signature to file ${output}\n`);
  }
  writeCertificate(sealed, flags, context);
  const timestamp = flags.text('rfc3161-timestamp');
  const timestamped = timestampJson(sealed.timestamps);
  if (timestamp !== '' && timestamped !== undefined) {
    writeFileSync(timestamp, timestamped, { mode: 0o600 });
    io.stderr(`Wrote timestamp to file ${timestamp}\n`);
  }
}

/** Base64 of the PEM unless `--b64=false`, as cosign writes it. */
export function writeCertificate({ certificate, publicKey }: Sealed, flags: ParsedFlags, { io }: Context): void {
  const file = flags.text('output-certificate');
  if (file === '') return;
  const pem = certificate === undefined ? encodePem('PUBLIC KEY', publicKey.spki) : encodePem('CERTIFICATE', certificate);
  writeFileSync(file, flags.bool('b64') ? encodeBase64(utf8(pem)) : pem, { mode: 0o600 });
  io.stderr(`Wrote certificate to file ${file}\n`);
}

/** `{"base64Signature", "cert"?, "rekorBundle"?}` (cosign.md section 2.5). */
export function olderBundle(base64Signature: string, { certificate, entries }: Sealed): string {
  const rekorBundle = rekorBundleJson(entries[0]);
  return JSON.stringify({
    base64Signature,
    ...(certificate !== undefined && { cert: encodeBase64(utf8(encodePem('CERTIFICATE', certificate))) }),
    ...(rekorBundle !== undefined && { rekorBundle: JSON.parse(rekorBundle) }),
  });
}

const OTHER_HASH =
  'Non SHA256 hash function is not supported for old bundle format. Use --new-bundle-format to use the new bundle format or use different signing key/algorithm.';
