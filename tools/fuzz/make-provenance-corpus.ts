/** `node tools/fuzz/make-provenance-corpus.ts`: the first inputs of the targets for provenance, from the scenes of its tests or by hand. */
import { encodeBase64, type JsonValue, utf8 } from '@assay/core';
import { encodeVsa } from '@assay/slsa';
import { snappyCompress } from 'hysnappy';
import { attest, instanceOf } from '../../packages/slsa/test/attestations.ts';
import { delegated, generic, signBuild } from '../../packages/slsa/test/build-scene.ts';
import { V03 } from '../../packages/slsa/test/gcb-scene.ts';
import { write } from './corpus.ts';

const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
const envelope = (payload: Uint8Array, more: Record<string, JsonValue> = {}) => ({
  payloadType: 'application/vnd.in-toto+json',
  payload: encodeBase64(payload),
  signatures: [{ keyid: '', sig: 'AQID', ...more }],
});

write('provenance', 'generic', json(generic('refs/tags/v1.2.3')));
write('provenance', 'delegated', json(delegated('refs/heads/main')));
const { bundleBytes } = signBuild();
write('bundle-form', 'bundle', bundleBytes);
write('attestation', 'bundle', attest(instanceOf('sigstore.dev')).bundleBytes);
write('snappy-block', 'json', snappyCompress(utf8(`{"mediaType":"${'application/json,'.repeat(20)}"}`)));
write('bundle-form', 'names', utf8('{"media_type":"x","dsse_envelope":{"payload_type":"y"},"message_signature":null}'));
for (const [i, id] of ['https://github.com/o/r/x.yml@refs/tags/v1.2.3', 'https://example.com/b', 'a@', 'a@b@c'].entries())
  write('builder-id', `hand-${i}`, utf8(id));
for (const [i, tag] of ['v1', 'v1.2', 'v1.2.3', 'v1.2.3-rc.1+x', 'v01', '1.2.3'].entries()) write('versioned-tag', `hand-${i}`, utf8(tag));
const bundle = JSON.parse(new TextDecoder().decode(bundleBytes)) as JsonValue;
const attestations = ['https://github.com/npm/attestation/tree/main/specs/publish/v0.1', 'https://slsa.dev/provenance/v1'];
write('npm-attestations', 'two', json({ attestations: attestations.map((predicateType) => ({ predicateType, bundle })) }));
write('npm-keys', 'one', json({ keys: [{ keyId: 'a', keyUsage: 'npm:attestations', publicKey: { rawBytes: 'AQID' } }] }));
const item = { build: { intotoStatement: V03 }, kind: 'BUILD', resourceUri: 'https://example.com/i@sha256:ab', envelope: envelope(json(V03)) };
write(
  'gcb-document',
  'one',
  json({ image_summary: { digest: 'sha256:ab', fully_qualified_digest: 'i@sha256:ab' }, provenance_summary: { provenance: [item] } }),
);
const summary = encodeVsa([{ digest: { sha256: 'ab'.repeat(32) } }], {
  verifierId: 'https://verifier.example/v1',
  resourceUri: 'https://example.com/app',
  policy: { uri: 'https://example.com/policy' },
  result: 'PASSED',
  levels: ['SLSA_BUILD_LEVEL_2'],
});
write('vsa', 'summary', json(envelope(summary)));
write(
  'envelope-file',
  'certified',
  json(envelope(json(generic('refs/heads/main')), { cert: '-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n' })),
);
write('envelope-file', 'bare', json(envelope(json(generic('refs/heads/main')))));
write('logged-envelope', 'none', json({ mediaType: 'application/vnd.assay.logged-envelope.v1+json', envelope: 'e30=', entry: { ab: {} } }));
write('subjects', 'two', utf8(`${'ab'.repeat(32)}  app\n${'CD'.repeat(32)} *lib.so\n\n`));
