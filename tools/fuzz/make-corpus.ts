/** `node tools/fuzz/make-corpus.ts`: writes the first inputs of every target, made by the test kit or by hand. Run again only to add some. */
import { decodeBase64, encodeBase64, encodePem, utf8, verificationJson } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { encodeEnvelope, generateKey } from '@assay/make';
import { createInstance, statementAbout, verifySample } from '@assay/testkit';
import { write } from './corpus.ts';

const instance = createInstance({ fillers: { before: 3, after: 1 } });
const artifact = utf8('x');
const message = instance.sign(artifact, { timestamp: true });
const samples = {
  'v0.3': message,
  'v0.1': instance.sign(artifact, { version: '0.1' }),
  dsse: instance.sign(artifact, { content: 'dsse' }),
  intoto: instance.sign(artifact, { content: 'dsse', entryKind: 'intoto' }),
  v2: instance.sign(artifact, { log: 'v2' }),
  'v2-dsse': instance.sign(artifact, { content: 'dsse', log: 'v2' }),
  key: instance.sign(artifact, { key: generateKey('p256') }),
};
for (const [name, sample] of Object.entries(samples)) {
  write('bundle', name, sample.bundleBytes);
  const [entry] = sample.bundle.verificationMaterial.tlogEntries;
  if (entry === undefined) continue;
  write('log-body', name, decodeBase64(entry.canonicalizedBody) as Uint8Array);
  const checkpoint = entry.inclusionProof?.checkpoint.envelope;
  if (checkpoint !== undefined && name.startsWith('v')) write('note', name, utf8(checkpoint));
}
write('trusted-root', 'instance', message.trustedRootBytes);
const leaf = message.expected.certificate as Uint8Array;
write('certificate', 'leaf', leaf);
write('certificate', 'authority', instance.issuer.certificate);
write('certificate', 'timestamping', instance.tsaChain[0] as Uint8Array);
for (const type of ['p256', 'p384', 'p521', 'ed25519', 'rsa2048'] as const) {
  const { spki } = generateKey(type);
  write('spki', type, spki);
  write('der', type, spki);
  write('pem', type, utf8(encodePem('PUBLIC KEY', spki)));
}
write('der', 'leaf', leaf);
write('pem', 'two', utf8(`# text\n${encodePem('CERTIFICATE', leaf)}${encodePem('CERTIFICATE', instance.issuer.certificate)}`));
const { Certificate, OID } = await import('../../packages/core/src/x509.ts');
write('sct-list', 'one', Certificate.parse(leaf).extension(OID.sctList)?.value as Uint8Array);
const responses = message.bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
for (const [i, { signedTimestamp }] of responses.entries()) write('timestamp', `response-${i}`, decodeBase64(signedTimestamp) as Uint8Array);
const embedded = instance.sign(artifact, { log: 'v2', embedTsaCertificate: true }).bundle.verificationMaterial.timestampVerificationData;
write('timestamp', 'embedded', decodeBase64(embedded?.rfc3161Timestamps[0]?.signedTimestamp ?? '') as Uint8Array);
write('statement', 'provenance', statementAbout(artifact));
write('ecdsa-signature', 'p256', message.expected.signature);
write('signature-file', 'base64', utf8(`${encodeBase64(message.expected.signature)}\n`));
write('signature-file', 'raw', message.expected.signature);
write(
  'envelope',
  'statement',
  utf8(encodeEnvelope({ payload: statementAbout(artifact), payloadType: 'application/vnd.in-toto+json', signature: Uint8Array.of(1, 2, 3) })),
);

const [entry] = message.bundle.verificationMaterial.tlogEntries;
const payload = { body: entry?.canonicalizedBody, integratedTime: 1787700000, logIndex: 7, logID: 'ab'.repeat(32) };
const rekorBundle = { SignedEntryTimestamp: 'AQID', Payload: payload };
write(
  'legacy-bundle',
  'full',
  utf8(JSON.stringify({ base64Signature: encodeBase64(message.expected.signature), cert: encodeBase64(utf8(encodePem('CERTIFICATE', leaf))), rekorBundle })),
);
write('legacy-bundle', 'bare', utf8('{"base64Signature":"AQID"}'));
const proof = { logIndex: 7, treeSize: 9, rootHash: 'ab'.repeat(32), hashes: ['cd'.repeat(32)], checkpoint: 'log\n9\nAA==\n' };
const answer = { ['ab'.repeat(40)]: { ...payload, verification: { signedEntryTimestamp: 'AQID', inclusionProof: proof } } };
write('rekor-answer', 'object', utf8(JSON.stringify(answer)));
write('rekor-answer', 'array', utf8(JSON.stringify([answer])));
const { verification } = await verifySample(message, nodeCrypto);
if (verification !== undefined) write('result', 'accepted', utf8(JSON.stringify(verificationJson(verification))));
const refused = (await verifySample({ ...message, artifact: utf8('y') }, nodeCrypto)).verification;
if (refused !== undefined) write('result', 'refused', utf8(JSON.stringify(verificationJson(refused))));

const HAND: Readonly<Record<string, readonly string[]>> = {
  json: ['{"a":[1,-2.5e+3,true,null,"\\u00e9\\n\\ud83d\\ude00"],"b":{"__proto__":{}}}', '[9007199254740993,0,-0,1e3]', '"x"', ' {} '],
  base64: ['', 'AA==', 'AAA=', 'AAAA', 'AAAA\nAAAA\r\n', '+/+/'],
  digest: [`sha256:${'ab'.repeat(32)}`, `sha384:${'00'.repeat(48)}`, `sha512:${'FF'.repeat(64)}`, 'sha256:'],
  time: ['2022-12-31T23:59:59.999Z', '2024-02-29T00:00:00+01:00', '0001-01-01T00:00:00Z', '2024-01-01T00:00:00.123456789-23:59'],
  note: [
    `log.example\n42\n${encodeBase64(new Uint8Array(32))}\nTimestamp: 1\n\n— log.example ${encodeBase64(new Uint8Array(68))}\n— w ${encodeBase64(new Uint8Array(9))}\n`,
  ],
  statement: ['{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"digest":{"sha256":"ab","__proto__":"cd"}}],"predicateType":"x"}'],
};
for (const [target, texts] of Object.entries(HAND)) for (const [i, one] of texts.entries()) write(target, `hand-${i}`, utf8(one));
