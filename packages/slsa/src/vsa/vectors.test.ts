/** The cases of summaries in the vectors, as the command line would put them to the API. */
import { failures } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { flagValues, readVector, vectorCases } from '../../test/vector-cases.ts';
import { referenceText } from '../reference-error.ts';
import { verifyVsa } from './index.ts';

const cases = vectorCases('vsa/');

describe.skipIf(cases.length === 0)('vectors of verification summaries', () => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const value = (name: string): string => flagValues(one, name)[0] ?? '';
    const { ok, root, payload } = await verifyVsa(
      readVector(value('attestation-path')),
      { key: readVector(value('public-key-path')), keyId: value('public-key-id') },
      {
        digests: flagValues(one, 'subject-digest'),
        verifierId: value('verifier-id'),
        resourceUri: value('resource-uri'),
        levels: flagValues(one, 'verified-level'),
        rules: 'slsa-verifier',
      },
      { crypto: nodeCrypto, now: new Date('2026-08-25T00:00:00Z') },
    );
    const [first] = failures(root);
    expect({ ok, id: first?.evidence?.['error'], text: first && referenceText(first) }).toEqual({
      ok: one.expect === 'accept',
      id: one.error?.id,
      text: one.error && expect.stringContaining(one.error.text),
    });
    expect(payload !== undefined).toBe(ok);
  });

  test('there are some', () => expect(cases.length).toBeGreaterThanOrEqual(7));
});
