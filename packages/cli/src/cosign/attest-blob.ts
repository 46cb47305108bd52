/** `cosign attest-blob` (cosign.md section 1). */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Artifact, encodeBase64, encodePem, parseStatement, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { encodeStatement, predicateTypeOf, readPredicate, type Sealed, timestampJson } from '@assay/sign';
import { artifactSource } from '../artifact-source.ts';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { refuseTogether } from '../cobra/exclusive.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { readInput } from '../read-input.ts';
import { text } from './flags.ts';
import { Loader } from './load.ts';
import { sealChecked } from './seal.ts';
import { olderBundle, refuseMissingBundle } from './sign-blob.ts';
import { outputFlag, REKOR_ENTRY_TYPE, SIGN_FLAGS } from './sign-flags.ts';
import { bundleFileOf, openSigning, refuseKeyAndToken, writeBundleFile } from './signing.ts';

export const command: Command = {
  usage: 'attest-blob [flags] BLOB',
  examples: `  # provenance of a file, as a Sigstore bundle
  cosign attest-blob --key cosign.key --use-signing-config=false --tlog-upload=false --type slsaprovenance1 --predicate provenance.json --bundle app.intoto.sigstore.json app.tar.gz

  # a whole statement that another tool has made
  cosign attest-blob --key cosign.key --use-signing-config=false --tlog-upload=false --statement statement.json --bundle app.intoto.sigstore.json app.tar.gz`,
  flags: [
    ...SIGN_FLAGS,
    text('predicate', 'file with the predicate, or - for standard input'),
    text('statement', 'file with the whole statement, signed as it is'),
    { ...text('type', 'predicate type: a short name or a URI'), default: 'custom' },
    text('hash', 'SHA-256 of the blob, hex: it is not read then'),
    outputFlag('signature'),
    outputFlag('attestation'),
    outputFlag('certificate'),
    text('rfc3161-timestamp-bundle', 'write the timestamp to this file', {
      deprecated: 'please use --bundle to provide the output bundle location, which will include the signed timestamp',
    }),
    REKOR_ENTRY_TYPE,
  ],
  arity: exactly(1),
  refuse(flags) {
    refuseTogether(flags, 'predicate', 'statement');
    if (!flags.given('predicate') && !flags.given('statement')) {
      throw new CommandError('at least one of the flags in the group [predicate statement] is required');
    }
    refuseKeyAndToken(flags);
    refuseMissingBundle(flags);
  },
  run,
};

const OUTPUTS = ['output-signature', 'output-attestation', 'output-certificate'];

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const loader = new Loader(context);
  const [blob = ''] = flags.positionals;
  try {
    const signing = await openSigning(flags, context, loader, OUTPUTS, flags.text('bundle'));
    const { payload, artifact } = flags.text('statement') === '' ? await statementOf(blob, flags, context) : await givenStatement(flags, context);
    const publication = { bundleFile: bundleFileOf(flags) };
    const { sealed, bundle } = await wrapped('creating bundle', async () =>
      sealChecked({ kind: 'dsse', payload }, await signing.party(), { flags, context, signing, artifact, publication }),
    );
    if (flags.bool('new-bundle-format')) writeBundleFile(bundle, flags, context);
    else writeOlder(sealed, flags, context);
  } finally {
    loader.close();
  }
}

async function statementOf(blob: string, flags: ParsedFlags, context: Context): Promise<{ payload: Uint8Array; artifact: Artifact | undefined }> {
  const type = flags.text('type');
  const predicateType = predicateTypeOf(type);
  const sha256 = await digestOf(blob, flags, context);
  const path = flags.text('predicate');
  context.io.stderr(`Using payload from: ${path === '-' ? 'standard input' : path}\n`);
  const predicate = readPredicate(await readInput(path, context.io), type, context.io.now);
  const payload = encodeStatement({ name: basename(blob), sha256: toHex(sha256), predicateType, predicate, version: 'v0.1' });
  return { payload, artifact: Artifact.fromDigests({ sha256 }) };
}

async function digestOf(blob: string, flags: ParsedFlags, { io }: Context): Promise<Uint8Array> {
  const hash = flags.text('hash');
  if (hash !== '') {
    if (!/^[0-9a-f]{64}$/i.test(hash)) throw new CommandError(`--hash: expected 64 hex digits, found ${JSON.stringify(hash)}`);
    return Buffer.from(hash, 'hex');
  }
  io.stderr(`Using payload from: ${blob}\n`);
  const artifact = await artifactSource(blob, io).open(['sha256'], nodeCrypto);
  return (await artifact.digest('sha256', nodeCrypto)) ?? new Uint8Array(0);
}

/** Signed byte for byte; that it is a statement is checked, what it says is its maker's. */
async function givenStatement(flags: ParsedFlags, context: Context): Promise<{ payload: Uint8Array; artifact: undefined }> {
  const path = flags.text('statement');
  context.io.stderr(`Using statement from: ${path}\n`);
  const payload = await readInput(path, context.io);
  await wrapped('invalid statement', () => parseStatement(payload));
  return { payload, artifact: undefined };
}

/** The envelope in files of its own, and cosign 2's bundle around it. */
function writeOlder(sealed: Sealed, flags: ParsedFlags, context: Context): void {
  const { io } = context;
  const envelope = sealed.envelope ?? new Uint8Array(0);
  writeBundleFile(olderBundle(encodeBase64(envelope), sealed), flags, context);
  const signature = flags.text('output-signature');
  if (signature === '') {
    io.stdout(`${new TextDecoder().decode(envelope)}\n`);
  } else {
    writeFileSync(signature, envelope, { mode: 0o600 });
    io.stderr(`Signature written in ${signature}\n`);
  }
  const attestation = flags.text('output-attestation');
  if (attestation !== '' && sealed.content.kind === 'dsse') {
    writeFileSync(attestation, sealed.content.payload, { mode: 0o600 });
    io.stderr(`Attestation written in ${attestation}\n`);
  }
  writeCertificate(sealed, flags, context);
  writeTimestamp(sealed, flags, context);
}

function writeCertificate({ certificate }: Sealed, flags: ParsedFlags, { io }: Context): void {
  const file = flags.text('output-certificate');
  if (file === '') return;
  if (certificate === undefined) throw new CommandError('no certificate found in bundle');
  writeFileSync(file, encodePem('CERTIFICATE', certificate), { mode: 0o600 });
  io.stderr(`Certificate written to file  ${file}\n`);
}

function writeTimestamp({ timestamps }: Sealed, flags: ParsedFlags, { io }: Context): void {
  const file = flags.text('rfc3161-timestamp-bundle');
  if (file === '') return;
  const timestamp = timestampJson(timestamps);
  if (timestamp === undefined) throw new CommandError('no RFC3161 timestamp found in bundle');
  writeFileSync(file, timestamp, { mode: 0o600 });
  io.stderr(`Timestamp wrote in the file  ${file}\n`);
}
