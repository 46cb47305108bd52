import { encodeBase64, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance } from '@assay/testkit';
import { expect, test } from 'vitest';
import { digestOf, olderFile } from '../../test/older-envelope.ts';
import { type CertifiedEnvelope, parseEnvelopeFile } from './envelope-file.ts';
import { possibleEntries, proposedEntries } from './possible-entries.ts';

const { certified, pem } = olderFile(createInstance());
const fileOf = (text: string): CertifiedEnvelope => parseEnvelopeFile(utf8(text)) as CertifiedEnvelope;

test('what is proposed is the file as it is, and the certificate as it stands in there', async () => {
  const text = `${certified}\n`;
  const publicKey = encodeBase64(utf8(pem));
  expect(await proposedEntries(fileOf(text), nodeCrypto)).toEqual([
    {
      apiVersion: '0.0.1',
      kind: 'intoto',
      spec: { content: { envelope: text, hash: { algorithm: 'sha256', value: digestOf(utf8(text)) } }, publicKey },
    },
    { apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent: { envelope: text, verifiers: [publicKey] } } },
  ]);
});

test('what may be recorded does not hang on how the file wraps the certificate', async () => {
  const oneLine = pem.replace(/(?<=[^-])\n(?=[^-])/g, '');
  const [first, second] = await Promise.all([pem, oneLine].map((as) => possibleEntries({ ...certificateOf(as), bytes: utf8(certified) }, nodeCrypto)));
  expect(oneLine).not.toBe(pem);
  expect(second).toEqual(first);
});

/** As a file that wraps it so would be read; the bytes of the file stay, since they are in the entry, too. */
function certificateOf(as: string): CertifiedEnvelope {
  return fileOf(certified.replace(JSON.stringify(pem), JSON.stringify(as)));
}
