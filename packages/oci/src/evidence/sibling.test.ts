/** A signature over a sibling image never passes: whatever list, tag or subject leads to it, what was signed is another digest, and verification says so. */
import { parseSimpleSigning, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance, putImage, type RegistryContent, type Sample, verifySample } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { openRegistry } from '../../test/open-registry.ts';
import { putBundle, putLayers } from '../../test/put-evidence.ts';
import type { Digest } from '../digest.ts';
import { encodeIndex } from '../encode.ts';
import type { Descriptor } from '../manifest.ts';
import { OCI_INDEX } from '../media-types.ts';
import { fallbackTag } from '../registry/referrers.ts';
import type { Evidence } from './evidence.ts';
import { findEvidence } from './find.ts';
import { looseParts } from './loose.ts';

const instance = createInstance();

/** Two images of one index; one of them is signed. */
async function open(referrers: 'api' | 'none' = 'api') {
  const opened = await openRegistry({ referrers, lies: [{ lie: 'foreign-referrers' }] });
  const { content } = opened;
  const [signed, sibling] = ['amd64', 'arm64'].map((arch) => putImage(content, 'app', { annotations: { arch } })) as [Descriptor, Descriptor];
  const index = content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [signed, sibling] }), { tag: 'v1' }) as Descriptor;
  const find = async (digest: Digest): Promise<Evidence[]> => {
    const found: Evidence[] = [];
    for await (const event of findEvidence({ image: opened.repository(), digest, want: ['signatures', 'attestations'] })) {
      if (event.kind === 'evidence' && event.evidence.format !== undefined) found.push(event.evidence);
    }
    return found;
  };
  return { ...opened, signed, sibling, index, find };
}

const bytesOf = (content: RegistryContent, { digest }: Descriptor): Uint8Array => content.getManifest('app', digest)?.bytes ?? new Uint8Array(0);

/** The found bundle, judged for an image: bytes as they came from the registry. */
const judge = (sample: Sample, evidence: Evidence | undefined, artifact: Uint8Array) =>
  verifySample({ ...sample, artifact, bundleBytes: evidence?.content ?? new Uint8Array(0) }, nodeCrypto);

describe.each(['message', 'dsse'] as const)('a bundle (%s)', (kind) => {
  test.each(['api', 'none'] as const)('of the sibling that a list names is not found (%s)', async (referrers) => {
    const { content, signed, sibling, index, find } = await open(referrers);
    const sample = instance.sign(bytesOf(content, signed), { content: kind });
    const bundle = putBundle(content, signed, sample.bundleBytes);
    for (const { digest } of [sibling, index])
      content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [bundle] }), { tag: fallbackTag(digest) });
    expect(await find(sibling.digest)).toEqual([]);
    expect(await find(index.digest)).toEqual([]);
  });

  test('of the sibling that was attached to us is found, and does not pass', async () => {
    const { content, signed, sibling, index, find } = await open();
    const sample = instance.sign(bytesOf(content, signed), { content: kind });
    for (const image of [signed, sibling, index]) putBundle(content, image, sample.bundleBytes);
    const [own] = await find(signed.digest);
    expect(await judge(sample, own, bytesOf(content, signed))).toMatchObject({ ok: true });
    for (const image of [sibling, index]) {
      const [found] = await find(image.digest);
      expect(found?.format).toBe('bundle');
      expect(await judge(sample, found, bytesOf(content, image))).toMatchObject({ ok: false, code: expect.stringMatching(/^(?:ARTIFACT|SIGNATURE)_/) });
    }
  });
});

test('an older signature of the sibling under our tag says whose it is', async () => {
  const { content, signed, sibling, find } = await open();
  const payload = `{"critical":{"identity":{"docker-reference":"app"},"image":{"docker-manifest-digest":"${signed.digest}"},"type":"cosign container image signature"},"optional":null}`;
  for (const image of [signed, sibling])
    putLayers(content, image.digest, 'sig', [{ content: payload, annotations: { 'dev.cosignproject.cosign/signature': 'AQ==' } }]);
  const [found] = await find(sibling.digest);
  const parts = looseParts(found as Evidence);
  expect(parts.content).toMatchObject({ kind: 'payload', payload: utf8(payload) });
  expect(parseSimpleSigning(found?.content ?? new Uint8Array(0)).digest).toBe(signed.digest);
  expect(parseSimpleSigning(found?.content ?? new Uint8Array(0)).digest).not.toBe(sibling.digest);
});

test('an artifact that is known by digest alone is held to that digest', async () => {
  const { content, signed, sibling } = await open();
  const sample = instance.sign(bytesOf(content, signed), { content: 'dsse' });
  const policy = { ...sample.policy, digestOnly: 'sha256' as const };
  expect(await verifySample({ ...sample, policy }, nodeCrypto)).toMatchObject({ ok: true });
  expect(await verifySample({ ...sample, policy, artifact: bytesOf(content, sibling) }, nodeCrypto)).toMatchObject({ ok: false });
});
