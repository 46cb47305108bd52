/** What is fuzzed: every parser. Here those of core. */
import {
  type Bundle,
  Certificate,
  canonicalJson,
  Der,
  DerError,
  decodeBase64,
  decodeUtf8,
  digestText,
  encodeBase64,
  encodeDer,
  encodePem,
  identityOf,
  isTrustError,
  JsonError,
  type JsonValue,
  nameText,
  parseBundle,
  parseCheckpoint,
  parseDigest,
  parseEnvelope,
  parseJson,
  parseLegacyBundle,
  parseNote,
  parsePem,
  parsePkcs1,
  parsePublicKeyPem,
  parseRekorAnswer,
  parseRfc3339,
  parseSctList,
  parseSignatureFile,
  parseSpki,
  parseStatement,
  parseTimestampResponse,
  parseTrustedRoot,
  parseVerificationJson,
  preAuthenticationEncoding,
  tbsWithoutScts,
  toHex,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { checkBody } from '../../packages/core/src/rekor-body.ts';
import { parseEcdsaSignature } from '../../packages/core/src/signature.ts';
import { signedContent } from '../../packages/core/src/signed-content.ts';
import { POLICY_TARGETS } from './policy-targets.ts';
import { PROVENANCE_TARGETS } from './provenance-targets.ts';
import { REGISTRY_TARGETS } from './registry-targets.ts';
import { RELEASE_TARGETS } from './release-targets.ts';
import { Finding, same, type Target, text } from './target.ts';

/** Runs `read`; the error class of a format is an answer too. */
function orError<T>(type: new (...args: never[]) => Error, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof type) return undefined;
    throw error;
  }
}

export const TARGETS: readonly Target[] = [
  { name: 'bundle', run: parseBundle },
  { name: 'trusted-root', run: parseTrustedRoot },
  { name: 'json', run: (input) => fuzzJson(input) },
  { name: 'base64', run: (input) => fuzzBase64(text(input)) },
  { name: 'der', run: (input) => orError(DerError, () => walk(Der.parse(input))) },
  { name: 'certificate', run: (input) => fuzzCertificate(input) },
  { name: 'pem', run: (input) => fuzzPem(text(input)) },
  { name: 'spki', run: (input) => fuzzKey(input) },
  { name: 'note', run: (input) => fuzzNote(text(input)) },
  { name: 'sct-list', run: (input) => fuzzScts(input) },
  { name: 'timestamp', run: parseTimestampResponse },
  { name: 'statement', run: parseStatement },
  { name: 'log-body', run: (input) => fuzzBody(input) },
  { name: 'digest', run: (input) => fuzzDigest(text(input)) },
  { name: 'time', run: (input) => fuzzTime(text(input)) },
  { name: 'ecdsa-signature', run: (input) => orError(DerError, () => parseEcdsaSignature(input)) },
  { name: 'envelope', run: (input) => fuzzEnvelope(input) },
  { name: 'legacy-bundle', run: parseLegacyBundle },
  { name: 'rekor-answer', run: parseRekorAnswer },
  { name: 'result', run: parseVerificationJson },
  { name: 'signature-file', run: parseSignatureFile },
  ...REGISTRY_TARGETS,
  ...PROVENANCE_TARGETS,
  ...RELEASE_TARGETS,
  ...POLICY_TARGETS,
];

function fuzzJson(input: Uint8Array): void {
  const value = orError(JsonError, () => parseJson(input));
  if (value === undefined) return;
  const written = canonicalJson(value as JsonValue);
  same('canonical JSON', written, canonicalJson(parseJson(written) as JsonValue));
  // Whatever we accept, the platform accepts too: strictness only ever takes away.
  JSON.parse(decodeUtf8(input) ?? '');
}

function fuzzBase64(input: string): void {
  const bytes = decodeBase64(input);
  if (bytes !== undefined) same('base64', input.replaceAll(/[\r\n]/g, ''), encodeBase64(bytes));
}

function walk(value: Der): void {
  same('DER', toHex(value.raw), toHex(encodeDer(value.tag, value.content)));
  if ((value.tag & 0x20) !== 0) for (const child of value.children()) walk(child);
}

function fuzzCertificate(input: Uint8Array): void {
  const certificate = Certificate.parse(input);
  same('certificate', toHex(input), toHex(certificate.der));
  nameText(certificate.issuer);
  tbsWithoutScts(certificate);
  const reads = [
    () => certificate.basicConstraints,
    () => certificate.allowsUsage('digitalSignature'),
    () => certificate.extendedKeyUsage,
    () => certificate.subjectKeyId,
    () => certificate.authorityKeyId,
    () => identityOf(certificate),
  ];
  for (const read of reads) {
    try {
      read();
    } catch (error) {
      if (!isTrustError(error)) throw error;
    }
  }
}

function fuzzPem(input: string): void {
  const { blocks } = parsePem(input);
  for (const { label, der } of blocks)
    same(
      'PEM',
      `${label} ${toHex(der)}`,
      parsePem(encodePem(label, der))
        .blocks.map((one) => `${one.label} ${toHex(one.der)}`)
        .join(),
    );
  parsePublicKeyPem(input);
}

function fuzzKey(input: Uint8Array): void {
  try {
    parsePkcs1(input);
  } catch (error) {
    if (!isTrustError(error)) throw error;
  }
  const key = parseSpki(input);
  same('key', toHex(input), toHex(key.spki));
  nodeCrypto.isUsable(key);
}

function fuzzNote(input: string): void {
  const parsed = parseNote(input);
  if ('note' in parsed) {
    const { body, signatures } = parsed.note;
    const lines = signatures.map(({ name, keyId, signature }) => `— ${name} ${encodeBase64(Uint8Array.of(...keyId, ...signature))}\n`);
    same('note', input, `${body}\n${lines.join('')}`);
  }
  const result = parseCheckpoint(input);
  if ('problem' in result) return;
  const { origin, treeSize, rootHash, extensions, note } = result.checkpoint;
  same('checkpoint', note.body, [origin, treeSize, encodeBase64(rootHash), ...extensions, ''].join('\n'));
}

function fuzzScts(input: Uint8Array): void {
  const scts = parseSctList(input);
  if (typeof scts === 'string') return;
  const sized = (bytes: readonly number[]) => [bytes.length >> 8, bytes.length & 0xff, ...bytes];
  const items = scts.flatMap(({ logId, timestamp, extensions, algorithm, signature }) => {
    const time = timestamp.toString(16).padStart(16, '0').match(/../g) ?? [];
    return sized([
      0,
      ...logId,
      ...time.map((hex) => Number.parseInt(hex, 16)),
      ...sized([...extensions]),
      4,
      algorithm === 'rsa' ? 1 : 3,
      ...sized([...signature]),
    ]);
  });
  same('SCT list', toHex(input), toHex(encodeDer(0x04, Uint8Array.from(sized(items)))));
}

const KINDS = ['hashedrekord 0.0.1', 'hashedrekord 0.0.2', 'dsse 0.0.1', 'dsse 0.0.2', 'intoto 0.0.1', 'intoto 0.0.2'].map(
  (one) => one.split(' ') as [string, string],
);

async function fuzzBody(input: Uint8Array): Promise<void> {
  for (const content of [
    { kind: 'message', digest: undefined, signature: Uint8Array.of(1) },
    { kind: 'dsse', payload: Uint8Array.of(1), payloadType: 'x', signature: Uint8Array.of(1), keyid: '' },
    { kind: 'dsse', payload: Uint8Array.of(1), payloadType: 'x', signature: Uint8Array.of(1), keyid: '', stored: Uint8Array.of(2) },
    { kind: 'payload', payload: Uint8Array.of(1), signature: Uint8Array.of(1) },
  ] as const) {
    const signed = signedContent({ content } as Bundle, undefined, undefined, undefined);
    for (const [kind, version] of KINDS) {
      const entry = {
        logIndex: 0n,
        logId: Uint8Array.of(1),
        kind,
        version,
        integratedTime: 0n,
        signedEntryTimestamp: undefined,
        inclusionProof: undefined,
        body: input,
      };
      const check = await checkBody(entry, signed, nodeCrypto);
      if (check.status === 'pass') throw new Finding('an entry was found to be about a signature that was never made');
    }
  }
}

function fuzzDigest(input: string): void {
  const digest = parseDigest(input);
  if (digest !== undefined) same('digest', input.toLowerCase(), digestText(digest.algorithm, digest.value));
}

function fuzzTime(input: string): void {
  for (const rounding of ['down', 'up'] as const) {
    const time = parseRfc3339(input, rounding);
    if (time !== undefined && time.getUTCFullYear() >= 0 && time.getUTCFullYear() <= 9999)
      same('time', time.getTime(), parseRfc3339(time.toISOString(), rounding)?.getTime());
  }
}

function fuzzEnvelope(input: Uint8Array): void {
  const { payloadType, payload } = parseEnvelope(input);
  if (preAuthenticationEncoding(payloadType, payload).length <= payload.length) throw new Finding('an encoding shorter than its payload');
}
