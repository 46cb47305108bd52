/**
 * `cosign bundle inspect`: what a bundle holds, without a judgement. What `parseBundle` would refuse is shown too, with a warning beside it: whoever
 * looks into a bundle often does so because it was refused.
 */
import {
  Der,
  decodeBase64,
  type Fields,
  fromUnixSeconds,
  isJsonObject,
  isTrustError,
  type JsonObject,
  MAX_BUNDLE_BYTES,
  parseCheckpoint,
  parseTimestampResponse,
  parseTrustedRoot,
  quote,
  toHex,
  tryParseJsonObject,
} from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { TRUSTED_ROOT } from '@assay/trust';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { messageOf, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { named } from '../named.ts';
import { parseBundleFields } from './bundle-fields.ts';
import { certificateItems } from './certificate-outline.ts';
import { type KnownServices, knownServices } from './known-services.ts';
import { heading, type Item, item, outlineText, present, warning } from './outline.ts';
import { protoTime } from './service-spec.ts';
import { tufTarget } from './tuf-target.ts';

export const command: Command = {
  usage: 'bundle inspect [flags] BUNDLE',
  examples: '  cosign bundle inspect artifact.sigstore.json',
  flags: [],
  arity: exactly(1),
  ignoresVariables: true,
  run,
};

async function run({ positionals }: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const [file = ''] = positionals;
  io.stderr('WARNING: This command only inspects the contents of the bundle.\nIt does not perform cryptographic verification or verify log inclusion.\n\n');
  const services = await loadServices(context);
  const content = await wrapped('opening bundle file', () => readFileCapped(file, MAX_BUNDLE_BYTES));
  const outline = await wrapped('unmarshaling bundle', () => {
    const bundle = parseBundleFields(content, file);
    return named(file, () => bundleItems(bundle, services));
  });
  io.stdout(outlineText(outline));
}

/** From what is at hand: names are no reason to open a socket. */
async function loadServices({ io }: Context): Promise<KnownServices> {
  try {
    return knownServices(parseTrustedRoot(await tufTarget(TRUSTED_ROOT, io, { offline: true })));
  } catch (error) {
    io.stderr(`Local TUF environment not initialized, some details will be omitted: ${messageOf(error)}\n`);
    return knownServices(undefined);
  }
}

function bundleItems(bundle: Fields, services: KnownServices): Item[] {
  const mediaType = bundle.optionalString('mediaType') ?? '';
  const version = VERSIONS.get(mediaType);
  const material = bundle.optionalObject('verificationMaterial');
  const content = contentItems(bundle, material);
  return [
    item('Bundle Media Type', quote(mediaType)),
    ...(mediaType === '' ? [warning('Missing Bundle Media Type')] : version === undefined ? [warning('Unrecognized Media Type')] : []),
    material === undefined ? warning('Missing Verification Material') : heading('Verification Material', materialItems(material, version ?? 0, services)),
    content === undefined ? warning('Missing Content') : heading('Content', content),
  ];
}

function materialItems(material: Fields, version: number, services: KnownServices): Item[] {
  const entries = material.objects('tlogEntries', MAX_ITEMS);
  const entryItems = entries.map((entry, i) => heading(`Entry [${i}]`, logEntryItems(entry, version, services)));
  const timestamps = material.optionalObject('timestampVerificationData');
  return [
    signerItem(material, version, services),
    ...(entries.length === 0 ? [] : [item('Transparency Log Entries', entries.length, entryItems)]),
    ...(timestamps === undefined ? [] : [heading('Timestamp Verification Data', timestampItems(timestamps))]),
  ];
}

function signerItem(material: Fields, version: number, services: KnownServices): Item {
  const certificate = material.optionalObject('certificate');
  if (certificate !== undefined) {
    const der = certificate.optionalBytes('rawBytes') ?? new Uint8Array(0);
    const misplaced = version > 0 && version < 3 ? [warning('v0.1/v0.2 bundle should use certificate chain, not single certificate')] : [];
    const items = der.length === 0 ? [warning('Certificate raw_bytes is empty')] : certificateItems(der, services);
    return item('Content', 'X.509 Certificate', [...items, ...misplaced]);
  }
  const chain = material.optionalObject('x509CertificateChain');
  if (chain !== undefined) return item('Content', 'X.509 Certificate Chain', chainItems(chain, version, services));
  const key = material.optionalObject('publicKey');
  if (key === undefined) return warning('Missing Verification Material Content (must be certificate, chain, or public key)');
  const hint = key.optionalString('hint') ?? '';
  return item('Content', 'Public Key Identifier', [hint === '' ? warning('Public key hint is empty') : item('Hint', hintText(hint))]);
}

function chainItems(chain: Fields, version: number, services: KnownServices): Item[] {
  const certificates = chain.objects('certificates', MAX_ITEMS).map((certificate) => certificate.optionalBytes('rawBytes') ?? new Uint8Array(0));
  const items = certificates.map((der, i) => heading(`Certificate [${i}]`, certificateItems(der, services)));
  return [
    ...(items.length === 0 ? [warning('Certificate chain is empty')] : [item('Certificates', items.length), ...items]),
    ...(version >= 3 ? [warning('v0.3 bundle should use single certificate, not chain')] : []),
  ];
}

function logEntryItems(entry: Fields, version: number, services: KnownServices): Item[] {
  const logId = entry.optionalObject('logId')?.optionalBytes('keyId');
  const url = logId && services.log(logId);
  const kind = entry.optionalObject('kindVersion');
  const seconds = entry.optionalInt64('integratedTime') ?? 0n;
  const promise = entry.optionalObject('inclusionPromise');
  const proof = entry.optionalObject('inclusionProof');
  const body = entry.optionalBytes('canonicalizedBody') ?? new Uint8Array(0);
  return [
    item('Log Index', entry.optionalInt64('logIndex') ?? 0n),
    ...(logId === undefined ? [] : [url === undefined ? item('Log ID', toHex(logId)) : item('Log URL', quote(url))]),
    ...(kind === undefined ? [] : [textItem('Kind', kind, 'kind'), textItem('Version', kind, 'version')]),
    item('Integrated Time', seconds === 0n ? '0 (Not set)' : timeText(seconds)),
    ...(promise === undefined ? [] : [heading('Inclusion Promise', [bytesItem('Signed Entry Timestamp', promise, 'signedEntryTimestamp')])]),
    ...(proof === undefined ? [] : [heading('Inclusion Proof', proofItems(proof))]),
    ...(body.length === 0 ? [] : [present('Canonicalized Body', body)]),
    ...(version === 1 && promise === undefined ? [warning('v0.1 bundle tlog entry MUST contain an inclusion promise')] : []),
    ...(version >= 2 && proof === undefined ? [warning(`v0.${version} bundle tlog entry MUST contain an inclusion proof`)] : []),
  ];
}

function proofItems(proof: Fields): Item[] {
  const checkpoint = proof.optionalObject('checkpoint');
  return [
    item('Log Index', proof.optionalInt64('logIndex') ?? 0n),
    item('Tree Size', proof.optionalInt64('treeSize') ?? 0n),
    item('Hashes', proof.bytesArray('hashes', MAX_ITEMS).length),
    ...(checkpoint === undefined ? [] : [heading('Checkpoint', checkpointItems(checkpoint.optionalString('envelope') ?? ''))]),
  ];
}

function checkpointItems(envelope: string): Item[] {
  const parsed = parseCheckpoint(envelope);
  if ('problem' in parsed) return [present('Envelope', new TextEncoder().encode(envelope))];
  const { origin, treeSize, extensions, note } = parsed.checkpoint;
  const lines = extensions.map((line, i) => item(`[${i}]`, quote(line)));
  const witnesses = note.signatures.map(({ name, signature }) => item(quote(name), `Signature Present (${signature.length} bytes)`));
  return [
    item('Origin', quote(origin)),
    item('Tree Size', treeSize),
    ...(lines.length === 0 ? [] : [item('Other Content', `${lines.length} lines`, lines)]),
    item('Witnesses', witnesses.length, witnesses),
  ];
}

function timestampItems(data: Fields): Item[] {
  const timestamps = data.objects('rfc3161Timestamps', MAX_ITEMS);
  return [
    item('RFC3161 Timestamps', timestamps.length),
    ...timestamps.map((timestamp, i) => heading(`Timestamp [${i}]`, tokenItems(timestamp.optionalBytes('signedTimestamp') ?? new Uint8Array(0)))),
  ];
}

function tokenItems(response: Uint8Array): Item[] {
  try {
    const { genTime, imprint, content, policy } = parseTimestampResponse(response);
    // The third after version, policy and imprint (RFC 3161 section 2.4.2); only shown, so parsing a token does not keep it.
    const serial = Der.parse(content).children()[3]?.integerBytes('serial') ?? new Uint8Array(1);
    return [
      item('Time', protoTime(genTime)),
      item('Hash Algorithm', imprint.algorithm.replace('sha', 'SHA-')),
      present('Message Imprint', imprint.value),
      item('Serial Number', BigInt(`0x${toHex(serial)}`)),
      item('Policy', policy),
    ];
  } catch (error) {
    if (isTrustError(error)) return [];
    throw error;
  }
}

function contentItems(bundle: Fields, material: Fields | undefined): Item[] | undefined {
  const envelope = bundle.optionalObject('dsseEnvelope');
  if (envelope !== undefined) return envelopeItems(envelope, material?.optionalObject('publicKey')?.optionalString('hint'));
  const message = bundle.optionalObject('messageSignature');
  if (message === undefined) return undefined;
  const digest = message.optionalObject('messageDigest');
  const algorithm = digest?.has('algorithm') ? digest.enumName('algorithm', HASH_ALGORITHMS) : 'HASH_ALGORITHM_UNSPECIFIED';
  return [
    item('Type', 'Message Signature'),
    ...(digest === undefined ? [] : [heading('Message Digest', [item('Algorithm', quote(algorithm)), bytesItem('Digest', digest, 'digest')])]),
    bytesItem('Signature', message, 'signature'),
  ];
}

function envelopeItems(envelope: Fields, materialHint: string | undefined): Item[] {
  const payloadType = envelope.optionalString('payloadType') ?? '';
  const payload = envelope.optionalBytes('payload') ?? new Uint8Array(0);
  const statement = payloadType === 'application/vnd.in-toto+json' ? tryParseJsonObject(payload) : undefined;
  const signatures = envelope.objects('signatures', MAX_ITEMS);
  const signatureItems = signatures.map((signature, i) => heading(`Signature [${i}]`, envelopeSignatureItems(signature, materialHint)));
  return [
    item('Type', 'DSSE Envelope'),
    item('Payload Type', quote(payloadType)),
    present('Payload', payload),
    ...(statement === undefined ? [] : [heading('Payload Content (in-toto)', statementItems(statement))]),
    item('Signatures', signatures.length, signatureItems),
    ...(signatures.length === 1 ? [] : [warning('DSSE envelope MUST contain only one signature')]),
  ];
}

function envelopeSignatureItems(signature: Fields, materialHint: string | undefined): Item[] {
  const keyid = signature.optionalString('keyid') ?? '';
  return [
    bytesItem('Signature', signature, 'sig'),
    ...(keyid === '' ? [] : [item('Key Hint', hintText(keyid))]),
    ...(keyid !== '' && materialHint !== undefined && materialHint !== keyid ? [warning('Key hint mismatch with Verification Material')] : []),
  ];
}

function statementItems({ predicateType, subject }: JsonObject): Item[] {
  const names = Array.isArray(subject) ? subject.flatMap((one) => (isJsonObject(one) && typeof one['name'] === 'string' ? [one['name']] : [])) : [];
  return [
    ...(typeof predicateType === 'string' ? [item('Predicate Type', quote(predicateType))] : []),
    ...(Array.isArray(subject)
      ? [
          item(
            'Subjects',
            subject.length,
            names.map((name) => item('Name', quote(name))),
          ),
        ]
      : []),
  ];
}

function textItem(label: string, fields: Fields, name: string): Item {
  return item(label, quote(fields.optionalString(name) ?? ''));
}

function bytesItem(label: string, fields: Fields, name: string): Item {
  return present(label, fields.optionalBytes(name) ?? new Uint8Array(0));
}

/** Hints are base64 of a key's hash, by convention. */
function hintText(hint: string): string {
  const bytes = decodeBase64(hint);
  return bytes === undefined ? quote(hint) : toHex(bytes);
}

function timeText(seconds: bigint): string {
  const time = fromUnixSeconds(seconds);
  return time === undefined ? `${seconds}` : protoTime(time);
}

/** Enough to show every bundle that anyone would take. */
const MAX_ITEMS = 1000;
const VERSIONS: ReadonlyMap<string, number> = new Map([
  ['application/vnd.dev.sigstore.bundle+json;version=0.1', 1],
  ['application/vnd.dev.sigstore.bundle+json;version=0.2', 2],
  ['application/vnd.dev.sigstore.bundle+json;version=0.3', 3],
  ['application/vnd.dev.sigstore.bundle.v0.3+json', 3],
]);
const HASH_ALGORITHMS: Readonly<Record<number, string>> = { 1: 'SHA2_256', 2: 'SHA2_384', 3: 'SHA2_512', 4: 'SHA3_256', 5: 'SHA3_384' };
