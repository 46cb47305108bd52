/** The cases of Cloud Build in the vectors, as the command line would put them to the API. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { failures, parsePublicKeyPem } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { flagValues, readVector, VECTORS, type VectorCase, vectorCases } from '../../test/vector-cases.ts';
import { builderKind } from '../builder-id.ts';
import { referenceText, refuse } from '../reference-error.ts';
import { verifyGcb } from './index.ts';

const cases = vectorCases('gcb/');
const keys = new Map(
  (cases.length === 0 ? [] : readdirSync(join(VECTORS, 'trust/gcb'))).map((file) => [
    file.replace(/\.key$/, ''),
    parsePublicKeyPem(Buffer.from(readVector(`trust/gcb/${file}`)).toString()),
  ]),
);

const digestOf = ({ args }: VectorCase): string | undefined => /@sha256:([0-9a-f]{64})$/.exec(args[1] ?? '')?.[1];
// Images without a digest are refused before anybody looks at provenance: what resolves the reference does that.
const pinned = cases.filter((one) => digestOf(one) !== undefined);

async function run(one: VectorCase): Promise<{ ok: boolean; text?: string | undefined; id?: string | undefined }> {
  const [builderId] = flagValues(one, 'builder-id');
  const kind = builderKind(builderId);
  if ('refusal' in kind) return { ok: false, text: referenceText(refuse('builder', kind.refusal)), id: kind.refusal.error };
  const { ok, root, statement } = await verifyGcb(
    readVector(flagValues(one, 'provenance-path')[0] as string),
    {
      digest: digestOf(one) as string,
      source: flagValues(one, 'source-uri')[0] as string,
      builderId,
      tag: flagValues(one, 'source-tag')[0],
      versionedTag: flagValues(one, 'source-versioned-tag')[0],
      branch: flagValues(one, 'source-branch')[0],
    },
    { crypto: nodeCrypto, now: new Date('2026-08-25T00:00:00Z'), keys },
  );
  expect(statement !== undefined).toBe(ok);
  const [first] = failures(root);
  return { ok, text: first && referenceText(first), id: first?.evidence?.['error'] };
}

describe.skipIf(cases.length === 0)('vectors of Cloud Build', () => {
  test.each(pinned.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const { ok, text, id } = await run(one);
    expect({ ok, id, text }).toEqual({ ok: one.expect === 'accept', id: one.error?.id, text: one.error && expect.stringContaining(one.error.text) });
  });

  test('all but those without a digest', () => {
    expect(cases.filter((one) => !pinned.includes(one)).map(({ error }) => error?.id)).toEqual(['ErrorMutableImage']);
    expect(pinned.length).toBeGreaterThanOrEqual(50);
  });
});
