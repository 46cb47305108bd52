/** Checkpoints of our log, cosigned by a witness and judged by core. */
import {
  Artifact,
  BUNDLE_V03,
  encodeBase64,
  encodeBundle,
  exactly,
  failures,
  type LogEntry,
  parseBundle,
  parseCheckpoint,
  parseSpki,
  parseTrustedRoot,
  utf8,
  verify,
  type Witness,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { generateKey, leafHash, MerkleTree } from '@assay/make';
import { type SignOptions, witness } from '@assay/testkit';
import { expect, test } from 'vitest';
import { ARTIFACT, get, instance, openV2, post, requestOf, signed, trustedLogs, V2_KEY, v2Entry } from './rekor-scene.ts';

const ALICE: SignOptions = { identity: { type: 'email', value: 'alice@example.com' }, oidcIssuer: 'https://issuer.example' };
const SIGNER = { name: 'witness.example', key: generateKey('ed25519') };
const NAMED: Witness = { name: SIGNER.name, key: parseSpki(SIGNER.key.spki) as Witness['key'] };

async function scene() {
  const rekor = await openV2();
  const tree = new MerkleTree();
  const handler = witness({ signer: SIGNER, logs: [{ origin: 'rekor.stack.example', spki: V2_KEY.spki }], clock: () => instance.now });
  return {
    rekor,
    async log() {
      const sample = signed(ALICE);
      const answer = await post(rekor, '/api/v2/log/entries', requestOf(sample));
      const entry = v2Entry(answer);
      tree.appendHash(leafHash(entry.body));
      return { sample, entry };
    },
    /** The newest checkpoint of the log, from one of `old` entries on. */
    async cosign(old: number): Promise<Response> {
      const note = (await get(rekor, '/api/v2/checkpoint')).text;
      const proof = tree.consistencyProof(old).map((hash) => `${encodeBase64(hash)}\n`);
      return handler(new Request('http://witness.test/add-checkpoint', { method: 'POST', body: `old ${old}\n${proof.join('')}\n${note}` }));
    },
  };
}

/** With a cosignature added to the checkpoint of its entry. */
function cosigned(entry: LogEntry, line: string): LogEntry {
  const { inclusionProof } = entry;
  if (inclusionProof === undefined) throw new Error('no proof');
  return { ...entry, inclusionProof: { ...inclusionProof, checkpoint: inclusionProof.checkpoint + line } };
}

async function judge(sample: ReturnType<typeof signed>, entry: LogEntry, witnesses: readonly Witness[]) {
  const bundle = encodeBundle({ ...parseBundle(sample.bundleBytes), mediaType: BUNDLE_V03, entries: [entry] });
  const { ok, root, verified } = await verify(utf8(bundle), Artifact.fromBytes(ARTIFACT), {
    trustedRoot: parseTrustedRoot(utf8(JSON.stringify({ ...instance.trustedRoot(), tlogs: trustedLogs() }))),
    crypto: nodeCrypto,
    now: instance.now,
    signer: { identities: [{ san: exactly('alice@example.com'), issuer: exactly('https://issuer.example') }] },
    witnesses,
    witnessThreshold: 1,
  });
  return { ok, code: failures(root)[0]?.code, times: verified?.times.map(({ source }) => source) };
}

test('a checkpoint of our log is cosigned, grows and is cosigned again; core takes it when the witness is named', async () => {
  const { log, cosign } = await scene();
  const first = await log();
  const line = await (await cosign(0)).text();
  expect(await judge(first.sample, cosigned(first.entry, line), [NAMED])).toMatchObject({ ok: true });
  expect(await judge(first.sample, cosigned(first.entry, line), [])).toMatchObject({ ok: false, code: 'TLOG_WITNESS_THRESHOLD' });
  expect(await judge(first.sample, first.entry, [NAMED])).toMatchObject({ ok: false, code: 'TLOG_WITNESS_THRESHOLD' });
  for (let i = 0; i < 5; i++) await log();
  const last = await log();
  const again = await cosign(1);
  expect(again.status).toBe(200);
  const extended = cosigned(last.entry, await again.text());
  expect(parseCheckpoint(extended.inclusionProof?.checkpoint ?? '')).toMatchObject({ checkpoint: { treeSize: 7n } });
  expect(await judge(last.sample, extended, [NAMED])).toMatchObject({ ok: true });
});
