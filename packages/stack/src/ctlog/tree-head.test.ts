/** Tree heads in checkpoints. */
import { createPublicKey } from 'node:crypto';
import { parseCheckpoint } from '@assay/core';
import { generateKey, sha256 } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { encodeTreeHead, openTreeHead, signTreeHead } from './tree-head.ts';

const key = generateKey('p256');
const logId = sha256(key.spki);
const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
const fields = { size: 9, root: sha256(Uint8Array.of(1)), timestampMs: 1_756_080_000_123 };
const head = signTreeHead(key, fields);
const checkpoint = encodeTreeHead(head, 'ct.example/2026', logId);

test('a tree head comes back out of its checkpoint, under any origin', () => {
  expect(openTreeHead(checkpoint, publicKey, logId)).toEqual(head);
  expect(openTreeHead(encodeTreeHead(head, 'elsewhere', logId), publicKey, logId)).toEqual(head);
  expect(parseCheckpoint(checkpoint)).toMatchObject({ checkpoint: { origin: 'ct.example/2026', treeSize: 9n, rootHash: fields.root, extensions: [] } });
});

describe('not a tree head of this log:', () => {
  const other = generateKey('p256');
  test.each<[string, string]>([
    ['another size', checkpoint.replace('\n9\n', '\n10\n')],
    ['another root', encodeTreeHead({ ...head, root: logId }, 'ct.example/2026', logId)],
    ['another time', encodeTreeHead({ ...head, timestampMs: fields.timestampMs + 1 }, 'ct.example/2026', logId)],
    ['an extension line', checkpoint.replace('\n\n', '\nextension\n\n')],
    ['the signature of another key', encodeTreeHead(signTreeHead(other, fields), 'ct.example/2026', logId)],
    ['the log id of another key', encodeTreeHead(head, 'ct.example/2026', sha256(other.spki))],
    ['a signature line under another name', checkpoint.replace('— ct.example/2026', '— ct.example/2027')],
    ['a signature that is cut', encodeTreeHead({ ...head, signature: head.signature.subarray(0, -1) }, 'ct.example/2026', logId)],
    ['no signature', encodeTreeHead({ ...head, signature: new Uint8Array(0) }, 'ct.example/2026', logId)],
    ['another algorithm', encodeTreeHead({ ...head, signature: head.signature.map((byte, i) => (i === 1 ? 1 : byte)) }, 'ct.example/2026', logId)],
    ['nothing', ''],
  ])('%s', (_, text) => {
    expect(openTreeHead(text, publicKey, logId)).toBeUndefined();
  });

  test('every checkpoint with one character changed', () => {
    for (let i = 0; i < checkpoint.length; i++) {
      const changed = checkpoint.slice(0, i) + (checkpoint[i] === 'B' ? 'C' : 'B') + checkpoint.slice(i + 1);
      expect(openTreeHead(changed, publicKey, logId)).toBeUndefined();
    }
  });
});
