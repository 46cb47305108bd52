import { encodeBase64, failures } from '@assay/core';
import { describe, expect, test } from 'vitest';
import {
  type Description,
  GENERATIONS,
  itemOf,
  keys,
  put,
  putInItem,
  regional,
  run,
  type Scene,
  SIGNER,
  textOf,
  V1,
  V03,
  WORKER,
} from '../../test/gcb-scene.ts';
import { type EnvelopeSigner, jsonBytes } from '../../test/sign-envelope.ts';
import { gcbKeyUse } from './keys.ts';

describe('keys', () => {
  test.each([
    [WORKER, { name: 'global-pae-google-hosted-worker_1', signs: 'envelope', version: 'v1' }],
    [SIGNER, { name: 'global-pae-provenanceSigner_1', signs: 'envelope', version: 'v0.1' }],
    [regional('us-west2'), { name: 'us-west2', signs: 'payload', version: 'v0.1' }],
    [regional('global'), { name: 'global', signs: 'payload', version: 'v0.1' }],
    [regional(''), { name: '', signs: 'payload', version: 'v0.1' }],
    ['', undefined],
    [`x${WORKER}`, undefined],
    [`${WORKER}0`, undefined],
    [SIGNER.replace('global', 'us-west2'), undefined],
    [regional('us-west2').replace('verified-builder', 'my-project'), undefined],
    [`${regional('us-west2')}\n`, undefined],
    [regional('us-west2').replace('Versions/1', 'Versions/2'), undefined],
  ])('%s', (keyid, use) => expect(gcbKeyUse(keyid)).toEqual(use));

  const west = { key: keys.west, keyid: regional('us-west2'), over: 'payload' } as const;
  const none = (problems: string) => `no valid signature: [no valid signature: [${problems}]]`;
  const threshold = (name: string) => `accepted signatures do not match threshold, Found: 0, Expected 1: key "${name}"`;
  test.each<[name: string, scene: Scene, text: string]>([
    ['a regional key', { signers: [west] }, ''],
    ['the global regional key', { signers: [{ ...west, key: keys.global, keyid: regional('global') }] }, ''],
    ['the key of another region', { signers: [{ ...west, keyid: regional('global') }] }, none("invalid signature: key 'global'")],
    ['a region without a key', { signers: [{ ...west, keyid: regional('nowhere') }] }, none("internal error: no key named 'nowhere'")],
    ['a regional key over the envelope', { signers: [{ ...west, over: 'envelope' }] }, none("invalid signature: key 'us-west2'")],
    [
      'a global key over the bare payload',
      { signers: [{ key: keys.signer, keyid: SIGNER, over: 'payload' }] },
      none(threshold('global-pae-provenanceSigner_1')),
    ],
    ['the key of another generation', { signers: [{ key: keys.worker, keyid: SIGNER }] }, none(threshold('global-pae-provenanceSigner_1'))],
    ['no key named', { signers: [{ key: keys.signer }] }, none('')],
    ['an empty name', { signers: [{ key: keys.signer, keyid: '' }] }, none('')],
    ['a foreign name', { signers: [{ key: keys.signer, keyid: 'key' }] }, none('')],
    ['r‖s instead of DER', { signers: [{ key: keys.signer, keyid: SIGNER, form: 'raw' }] }, none(threshold('global-pae-provenanceSigner_1'))],
    ['another hash', { signers: [{ ...west, hash: 'sha512' }] }, none("invalid signature: key 'us-west2'")],
    ['one that holds behind two that do not', { signers: [{ ...west, key: keys.global }, { key: keys.signer }, west] }, ''],
    ['one that holds before one that does not', { signers: [west, { ...west, key: keys.global }] }, ''],
    [
      'two that do not hold',
      {
        signers: [
          { ...west, key: keys.global },
          { key: keys.worker, keyid: SIGNER },
        ],
      },
      none(`invalid signature: key 'us-west2' ${threshold('global-pae-provenanceSigner_1')}`),
    ],
    [
      'the statement of v1 under a key of v0.1',
      { statement: V1, signers: [west] },
      none("invalid DSSE envelope payload: predicate type 'https://slsa.dev/provenance/v1', expected 'https://slsa.dev/provenance/v0.1'"),
    ],
    [
      'the statement of v0.1 under the key of v1',
      { statement: V03, signers: [{ key: keys.worker, keyid: WORKER }] },
      none("invalid DSSE envelope payload: predicate type 'https://slsa.dev/provenance/v0.1', expected 'https://slsa.dev/provenance/v1'"),
    ],
    ['no signatures', { signers: [] }, 'no valid signature: [no valid signature: the envelope has no signatures]'],
    [
      'another payload type',
      { edit: putInItem('envelope.payloadType', 'text/plain') },
      "no valid signature: [invalid DSSE envelope payload: payload type 'text/plain', expected 'application/vnd.in-toto+json']",
    ],
    ['no payload', { edit: putInItem('envelope.payload', '') }, 'no valid signature: [invalid format: empty payload]'],
    [
      'a payload in the other alphabet',
      { edit: putInItem('envelope.payload', 'e30_') },
      'no valid signature: [invalid DSSE envelope payload: the payload is not base64]',
    ],
    ['no item', { edit: put('provenance_summary.provenance', []) }, 'invalid DSSE envelope payload: no provenance found'],
    ['no summary', { edit: put('provenance_summary', undefined) }, 'invalid DSSE envelope payload: no provenance found'],
  ])('%s', async (_, scene, text) => expect(await textOf(scene)).toBe(text));

  test.each<[name: string, signers: EnvelopeSigner[], i: number, sig: string, ok: boolean]>([
    ['is empty', [west], 0, '', false],
    ['is no base64', [west], 0, 'invalid encoding', false],
    ['is of both alphabets', [west], 0, '+-==', false],
    ['lacks its padding', [west], 0, 'abc', false],
    ['beside one of a region is no base64', [{ key: keys.global }, west], 0, '%', true],
    // DSSE's own verifier decodes every signature before it tries one.
    ['beside one over the envelope is no base64', [{ key: keys.global }, { key: keys.signer, keyid: SIGNER }], 0, '%', false],
  ])('a signature that %s', async (_, signers, i, sig, ok) =>
    expect((await run({ signers, edit: putInItem(`envelope.signatures.${i}.sig`, sig) })).ok).toBe(ok),
  );

  test('the first item that is signed is the one that is judged', async () => {
    const foreign = { ...itemOf(V03, [{ ...west, key: keys.global }]), kind: 'NOTE' };
    const other = { ...itemOf(V1, GENERATIONS.v1.signers), kind: 'NOTE' };
    const edit = (document: Description) => put('provenance_summary.provenance', [foreign, ...document.provenance_summary.provenance, other])(document);
    expect((await run({ edit })).keyName).toBe('global-pae-provenanceSigner_1');
    expect(await textOf({ edit })).toBe('');
  });

  test('what was tried in vain is told, and decides nothing', async () => {
    const { root } = await run({ signers: [{ ...west, key: keys.global }, west] });
    expect(JSON.stringify(root)).toContain('the key \\"us-west2\\": the signature over the payload does not verify');
    expect(failures(root)).toEqual([]);
  });

  test.each(['v0.2', 'v0.3'] as const)('%s: whichever byte of the payload is changed, it is refused', async (of) => {
    const payload = jsonBytes(GENERATIONS[of].statement);
    for (let i = 0; i < payload.length; i++) {
      const flipped = Uint8Array.from(payload);
      flipped[i] = (payload[i] as number) ^ (1 << (i % 8));
      const text = await textOf({ of, edit: putInItem('envelope.payload', encodeBase64(flipped)) });
      expect(text, `byte ${i}`).toMatch(/^no valid signature: /);
    }
  });
});
