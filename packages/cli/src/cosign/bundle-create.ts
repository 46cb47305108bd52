/** `cosign bundle create`: a Sigstore bundle of an older one, or of loose files, completed from the log (cosign.md section 1). */
import {
  type BundleContent,
  Certificate,
  certificatePem,
  decodeUtf8,
  encodeBase64,
  encodeBundle,
  encodePem,
  equalBytes,
  isTrustError,
  type LegacyBundle,
  type LogEntry,
  MAX_BUNDLE_BYTES,
  type PublicKey,
  parseCertificatesPem,
  parseEnvelope,
  parseLegacyBundle,
  parsePublicKeyPem,
  parseSignatureFile,
  proposedDsse,
  proposedHashedRekord,
  quote,
  type VerificationMaterial,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { artifactSource } from '../artifact-source.ts';
import { anyNumber, type Command, type Context } from '../cobra/command.ts';
import { refuseTogether } from '../cobra/exclusive.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { named } from '../named.ts';
import { bool, KEY_FLAGS, text } from './flags.ts';
import { Loader, pemText } from './load.ts';
import { searchLog } from './log-search.ts';
import { writeOut } from './write-out.ts';

export const command: Command = {
  usage: 'bundle create [flags]',
  examples: `  # of the bundle that cosign 2 wrote
  cosign bundle create --artifact artifact --bundle artifact.bundle --out artifact.sigstore.json

  # of a signature and a certificate
  cosign bundle create --artifact artifact --signature artifact.sig --certificate artifact.pem --out artifact.sigstore.json

  # of an attestation that is in no log
  cosign bundle create --artifact artifact --attestation artifact.intoto.json --key cosign.pub --ignore-tlog --out artifact.sigstore.json`,
  flags: [
    ...KEY_FLAGS,
    text('artifact', 'what was signed: file, URL, or - for standard input'),
    text('attestation', 'DSSE envelope file'),
    text('bundle', 'bundle file of cosign 2'),
    text('certificate', 'signing certificate file, PEM or base64 of PEM'),
    bool('ignore-tlog', 'do not search the transparency log: the signing was never put there'),
    text('out', 'file to write; standard output unless given'),
    text('rekor-url', 'transparency log to search', {
      default: 'https://rekor.sigstore.dev',
      deprecated: 'please use a signing config to specify a rekor url; see `cosign signing-config --help`',
    }),
    text('rfc3161-timestamp', 'RFC 3161 timestamp file'),
    text('signature', 'signature file, base64'),
  ],
  arity: anyNumber,
  ignoresVariables: true,
  refuse(flags) {
    refuseTogether(flags, 'bundle', 'certificate');
    refuseTogether(flags, 'bundle', 'signature');
  },
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  if (flags.text('artifact') === '') throw new CommandError('must supply --artifact');
  if (['bundle', 'signature', 'attestation'].every((name) => flags.text(name) === '')) {
    throw new CommandError('must at least supply signature via --bundle or --signature');
  }
  const loader = new Loader(context);
  try {
    const signing = await gather(flags, context, loader);
    const timestamp = flags.text('rfc3161-timestamp');
    const json = encodeBundle({
      mediaType: MEDIA_TYPE,
      material: await materialOf(signing),
      content: signing.content,
      entries: flags.bool('ignore-tlog') ? [] : [await findEntry(signing, flags, context, loader)],
      timestamps: timestamp === '' ? [] : [await loader.timestamp(timestamp)],
    });
    writeOut(json, flags, context.io);
  } finally {
    loader.close();
  }
}

interface Signing {
  readonly content: BundleContent;
  /** SHA-256 of the artifact. */
  readonly digest: Uint8Array;
  /** The envelope as it was stored: what was put in the log. */
  readonly envelope: string | undefined;
  readonly signer: Certificate | PublicKey;
  /** What the older bundle says about its place in the log. */
  readonly stated: LogEntry | undefined;
}

async function gather(flags: ParsedFlags, context: Context, loader: Loader): Promise<Signing> {
  const legacy = readLegacyBundle(flags);
  const stored = storedSignature(legacy, flags);
  const signer = (await namedSigner(flags, loader)) ?? carriedSigner(legacy);
  const digest = await artifactDigest(flags.text('artifact'), context, loader);
  if (signer === undefined) throw new CommandError('invalid bundle: validation error: missing verification material');
  const json = decodeUtf8(stored);
  const envelope = json?.trimStart().startsWith('{') ? json : undefined;
  return {
    content: envelope === undefined ? { kind: 'message', digest: { algorithm: 'sha256', value: digest }, signature: stored } : parseEnvelope(stored),
    digest,
    envelope,
    signer,
    stated: legacy?.entry,
  };
}

function readLegacyBundle(flags: ParsedFlags): LegacyBundle | undefined {
  const file = flags.text('bundle');
  if (file === '') return undefined;
  const legacy = named(file, () => parseLegacyBundle(readNamed(file)));
  if (flags.bool('ignore-tlog') && legacy.entry !== undefined) {
    throw new CommandError('cannot ignore transparency log when the provided bundle contains a Signed Entry Timestamp');
  }
  return legacy;
}

function readNamed(file: string): Uint8Array {
  try {
    return readFileCapped(file, MAX_BUNDLE_BYTES);
  } catch (error) {
    if (isTrustError(error) && error.code === 'FILE_NOT_FOUND') throw new CommandError(`reading ${file}: open ${file}: no such file or directory`);
    throw error;
  }
}

/** A signature, or a whole envelope; `--attestation` says more than a bare signature beside it. */
function storedSignature(legacy: LegacyBundle | undefined, flags: ParsedFlags): Uint8Array {
  const [attestation, signature] = [flags.text('attestation'), flags.text('signature')];
  if (attestation !== '') return readFileCapped(attestation, MAX_BUNDLE_BYTES);
  if (legacy !== undefined) return legacy.signature;
  return parseSignatureFile(readFileCapped(signature, MAX_BUNDLE_BYTES));
}

/** A certificate says more than a key. */
async function namedSigner(flags: ParsedFlags, loader: Loader): Promise<Certificate | PublicKey | undefined> {
  const [certificate, key] = [flags.text('certificate'), flags.text('key')];
  if (certificate !== '') {
    const pem = pemText(await loader.bytes(certificate));
    if (!pem.includes('-----BEGIN ')) throw new CommandError('unable to decode provided certificate');
    return parseCertificatesPem(pem)[0];
  }
  if (key !== '') return loader.publicKey(key, 'loading public key');
  if (flags.bool('sk')) throw new CommandError('opening piv token: hardware keys are not supported here; export the public key and pass it with --key');
  return undefined;
}

/** PEM of a certificate, or of a public key, as cosign 2 stores either. */
function carriedSigner(legacy: LegacyBundle | undefined): Certificate | PublicKey | undefined {
  const pem = legacy?.certificatePem;
  if (pem === undefined) return undefined;
  return pem.includes('-----BEGIN CERTIFICATE-----') ? parseCertificatesPem(pem)[0] : parsePublicKeyPem(pem);
}

async function artifactDigest(reference: string, { io }: Context, loader: Loader): Promise<Uint8Array> {
  if (/^(?:https?|env):\/\//.test(reference)) return nodeCrypto.hash('sha256', await loader.bytes(reference));
  const artifact = await artifactSource(reference, io).open(['sha256'], nodeCrypto);
  const digest = await artifact.digest('sha256', nodeCrypto);
  if (digest === undefined) throw new CommandError(`${quote(reference)}: the SHA-256 of the artifact is needed`);
  return digest;
}

async function materialOf({ signer }: Signing): Promise<VerificationMaterial> {
  if (signer instanceof Certificate) return { kind: 'certificate', leaf: signer.der, others: [] };
  return { kind: 'publicKey', hint: encodeBase64(await nodeCrypto.hash('sha256', signer.spki)) };
}

/** The older bundle's promise does not do for version 0.3: the log is asked for the proof. */
async function findEntry(signing: Signing, flags: ParsedFlags, { signal }: Context, { http }: Loader): Promise<LogEntry> {
  const { content, digest, envelope, signer, stated } = signing;
  const pem = signer instanceof Certificate ? certificatePem(signer.der) : encodePem('PUBLIC KEY', signer.spki);
  const proposed = envelope === undefined ? proposedHashedRekord(content.signature, pem, 'sha256', digest) : proposedDsse(envelope, pem);
  const found = await searchLog(flags.text('rekor-url'), proposed, http, signal);
  const [entry, ...others] = found.filter((candidate) => isAbout(candidate, content) && (stated === undefined || isSame(candidate, stated)));
  if (entry === undefined) throw new CommandError('unable to find tlog entry');
  if (others.length > 0) throw new CommandError('too many tlog entries; should only have 1');
  return entry;
}

/** A log that answers with something else is noticed here, rather than by whoever verifies the bundle. */
function isAbout({ body }: LogEntry, { signature }: BundleContent): boolean {
  return decodeUtf8(body)?.includes(encodeBase64(signature)) === true;
}

function isSame(a: LogEntry, b: LogEntry): boolean {
  return a.logIndex === b.logIndex && equalBytes(a.logId, b.logId) && equalBytes(a.body, b.body);
}

/** The older spelling of version 0.3, as cosign writes it here. */
const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle+json;version=0.3';
