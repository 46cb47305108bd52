/** Log entries: what is told about them, and the few things the test kit's defects do not reach. */
import { nodeCrypto } from '@assay/crypto-node';
import { cosign, generateKey } from '@assay/make';
import { change, createInstance, put, type Sample, type SignOptions, verifySample } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { decodeUtf8, utf8 } from './bytes.ts';
import { type Check, failures } from './check.ts';

const ARTIFACT = utf8('x');
const sign = (options?: SignOptions): Sample => createInstance().sign(ARTIFACT, options);
const judge = (sample: Sample) => verifySample(sample, nodeCrypto);

function find(check: Check | undefined, id: string): Check | undefined {
  if (check === undefined || check.id === id) return check;
  for (const child of check.checks ?? []) {
    const found = find(child, id);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('a log entry that holds', () => {
  test.each(['v1', 'v2'] as const)('tells log, index, tree and origin (%s)', async (log) => {
    const sample = sign({ log });
    const { verification } = await judge(sample);
    const entry = find(verification?.root, 'tlog.entry');
    expect(entry?.evidence?.['logIndex']).toBe(String(sample.expected.logIndexes[0]));
    expect(find(entry, 'tlog.entry.checkpoint')?.evidence?.['origin']).toContain('testkit.example');
    expect(find(entry, 'tlog.entry.inclusion')?.evidence?.['rootHash']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('may carry cosignatures of unknown witnesses, before and after the log', async () => {
    const witness = generateKey('ed25519');
    for (const place of ['before', 'after']) {
      const sample = sign({
        log: 'v2',
        alter: {
          bundle: change<string>('verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope', (text) => {
            const [body = '', lines = ''] = text.split('\n\n');
            const line = cosign(`${body}\n`, { name: 'witness.example', key: witness }, new Date('2026-08-25T00:00:00Z'));
            return `${body}\n\n${place === 'before' ? line + lines : lines + line}`;
          }),
        },
      });
      expect(await judge(sample)).toMatchObject({ ok: true });
    }
  });

  test('states the signer in PEM of any line width', async () => {
    const sample = sign({
      alter: {
        body: (body) => {
          const json = JSON.parse(decodeUtf8(body) ?? '') as { spec: { signature: { publicKey: { content: string } } } };
          const pem = decodeUtf8(decodeBase64(json.spec.signature.publicKey.content) as Uint8Array) ?? '';
          json.spec.signature.publicKey.content = encodeBase64(utf8(pem.replace(/([A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/])/g, '$1')));
          return utf8(JSON.stringify(json));
        },
      },
    });
    expect(await judge(sample)).toMatchObject({ ok: true });
  });
});

test('a proof alone never authenticates a time: without its promise the integrated time is ignored', async () => {
  const sample = sign({ timestamp: true, alter: { bundle: put('verificationMaterial.tlogEntries.0.inclusionPromise', null) } });
  const { ok, verification } = await judge(sample);
  expect([ok, verification?.verified?.times.map(({ source }) => source)]).toEqual([true, ['timestamp authority']]);
});

test('an entry of an unknown log is told and does not count, beside one that does', async () => {
  const stranger = sign({ log: 'v2' });
  const sample = sign({
    alter: { bundle: change<unknown[]>('verificationMaterial.tlogEntries', (entries) => [...entries, ...stranger.bundle.verificationMaterial.tlogEntries]) },
  });
  const { ok, verification } = await judge(sample);
  expect([ok, verification?.verified?.logEntries.length]).toEqual([true, 1]);
  const unknown = find(verification?.root, 'tlog')?.checks?.filter((check) => check.optional === true) ?? [];
  expect(unknown.map((check) => check.checks?.[0]?.code)).toEqual(['TLOG_UNKNOWN_LOG']);
});

test('one run shows every independent failure', async () => {
  const sample = sign({
    alter: {
      bundle: (document) =>
        put(
          'verificationMaterial.tlogEntries.0.inclusionPromise.signedEntryTimestamp',
          'AAAA',
        )(put('verificationMaterial.tlogEntries.0.inclusionProof.hashes', [])(document)),
    },
  });
  const { verification } = await judge({ ...sample, artifact: utf8('y') });
  expect(verification && failures(verification.root).map(({ code }) => code)).toEqual([
    'ARTIFACT_MISMATCH_DIGEST',
    'TLOG_SET_INVALID',
    'TLOG_INCLUSION_SHAPE',
    'TLOG_BODY_DIGEST',
    'SIGNATURE_INVALID',
  ]);
});
