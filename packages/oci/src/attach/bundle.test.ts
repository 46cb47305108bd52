import { utf8 } from '@assay/core';
import { type Lie, putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { temporaryFolder } from '../../../net/test/temporary-folder.ts';
import { openRegistry } from '../../test/open-registry.ts';
import { digestOf } from '../digest.ts';
import { findEvidence } from '../evidence/find.ts';
import { Layout } from '../layout.ts';
import type { Descriptor } from '../manifest.ts';
import { OCI_EMPTY, OCI_MANIFEST, SIGSTORE_BUNDLE } from '../media-types.ts';
import { fallbackTag } from '../registry/referrers.ts';
import type { ContentReader } from '../store.ts';
import { attachBundle } from './bundle.ts';

const BUNDLE = utf8('{"a":"bundle"}');
const CREATED = new Date('2026-08-25T12:34:56.789Z');

async function open(serveOptions: RegistryOptions = {}) {
  const opened = await openRegistry(serveOptions);
  const image = putImage(opened.content, 'app', { tag: 'v1' }) as Descriptor;
  const client = opened.repository();
  const attach = (bundle = BUNDLE) =>
    attachBundle(client, { subject: image, bundle, content: 'dsse-envelope', predicateType: 'https://example.com/p', created: CREATED });
  return { ...opened, image, client, attach };
}

async function bundlesOf(image: ContentReader, { digest }: Descriptor): Promise<string[]> {
  const found: string[] = [];
  for await (const event of findEvidence({ image, digest, want: ['signatures'] })) {
    if (event.kind === 'evidence' && event.evidence.format === 'bundle') found.push(String(Buffer.from(event.evidence.content)));
  }
  return found;
}

test('is the manifest that cosign writes', async () => {
  const { attach, content, image } = await open();
  const digest = await attach();
  expect(Buffer.from(content.getManifest('app', digest)?.bytes ?? []).toString()).toBe(
    `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","artifactType":"${SIGSTORE_BUNDLE}",` +
      `"config":{"mediaType":"${OCI_EMPTY}","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","artifactType":"${SIGSTORE_BUNDLE}"},` +
      `"layers":[{"mediaType":"${SIGSTORE_BUNDLE}","size":${BUNDLE.length},"digest":"${digestOf(BUNDLE)}"}],` +
      `"subject":{"mediaType":"${OCI_MANIFEST}","size":${image.size},"digest":"${image.digest}"},` +
      '"annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"https://example.com/p",' +
      '"org.opencontainers.image.created":"2026-08-25T12:34:56Z"}}',
  );
});

test('of a subject, only type, digest and size are said', async () => {
  const { client, content, image } = await open();
  const subject = { ...image, annotations: { a: 'b' }, platform: { os: 'linux', architecture: 'amd64' } };
  const digest = await attachBundle(client, { subject, bundle: BUNDLE, content: 'message-signature', predicateType: undefined, created: CREATED });
  const manifest = JSON.parse(Buffer.from(content.getManifest('app', digest)?.bytes ?? []).toString()) as { subject: object; annotations: object };
  expect(Object.keys(manifest.subject)).toEqual(['mediaType', 'size', 'digest']);
  expect(Object.keys(manifest.annotations)).toEqual(['dev.sigstore.bundle.content', 'org.opencontainers.image.created']);
});

describe('takes', () => {
  const blob = ['HEAD app/blobs/DIGEST', 'POST app/blobs/uploads/', 'PUT app/blobs/uploads/ID'];

  test('two blobs at once, and then a manifest', async () => {
    const { attach, steps, content } = await open();
    await attach();
    expect(steps().slice(0, -1).toSorted()).toEqual([...blob, ...blob].toSorted());
    expect(steps().at(-1)).toBe('PUT app/manifests/DIGEST');
    expect(content.tags('app')).toEqual(['v1']);
  });

  test('the list besides where there is no referrers API', async () => {
    const { attach, steps, image, content } = await open({ referrers: 'none' });
    await attach();
    const list = 'app/manifests/sha256-HEX';
    expect(steps().slice(6)).toEqual(['PUT app/manifests/DIGEST', `GET ${list}`, `PUT ${list}`, `GET ${list}`]);
    expect(content.tags('app')).toEqual([fallbackTag(image.digest), 'v1']);
  });

  test('no upload of what is there', async () => {
    const { attach, steps, forget } = await open();
    await attach();
    forget();
    await attach();
    expect(steps()).toEqual(['HEAD app/blobs/DIGEST', 'HEAD app/blobs/DIGEST', 'PUT app/manifests/DIGEST']);
  });
});

test.each(['api', 'none', 400, 406] as const)('is found again (%s), beside others', async (referrers) => {
  const { attach, client, image } = await open({ referrers });
  await attach();
  await attach(utf8('another'));
  expect((await bundlesOf(client, image)).toSorted()).toEqual(['another', '{"a":"bundle"}']);
});

test('many at once are all listed where the registry lists them itself', async () => {
  const { attach, client, image } = await open();
  await Promise.all(Array.from({ length: 8 }, (_, i) => attach(utf8(`bundle ${i}`))));
  expect(await bundlesOf(client, image)).toHaveLength(8);
});

test('is found again in a layout', async () => {
  const { image } = await open();
  const layout = Layout.openOrCreate(temporaryFolder());
  await attachBundle(layout, { subject: image, bundle: BUNDLE, content: 'dsse-envelope', predicateType: undefined, created: CREATED });
  expect(await bundlesOf(layout, image)).toEqual(['{"a":"bundle"}']);
  expect(layout.entries()).toEqual([]);
});

describe('a store that fails', () => {
  const MANIFEST = { method: 'PUT', path: /manifests\/sha256:/ };
  const LIST = { method: 'PUT', path: /manifests\/sha256-/ };
  test.each<[string, Lie, string, boolean]>([
    ['at the manifest, not written', { lie: 'reset', on: MANIFEST }, 'NET_UNREACHABLE', false],
    ['at the manifest, but written', { lie: 'reset', when: 'after', on: MANIFEST }, 'NET_UNREACHABLE', false],
    ['at the manifest with 500, but written', { lie: 'status', status: 500, when: 'after', on: MANIFEST }, 'OCI_STATUS', false],
    ['at the list, not written', { lie: 'reset', on: LIST }, 'NET_UNREACHABLE', false],
    ['at the list, but written', { lie: 'reset', when: 'after', on: LIST }, 'NET_UNREACHABLE', true],
    ['at the list, denied', { lie: 'status', status: 403, on: LIST }, 'OCI_DENIED', false],
  ])('%s, is an error, and a second run mends it', async (_, lie, code, found) => {
    const { attach, client, image, content } = await open({ referrers: 'none', lies: [lie] });
    expect((await caught(attach())).code).toBe(code);
    expect(await bundlesOf(client, image)).toEqual(found ? ['{"a":"bundle"}'] : []);
    const again = await openRegistry({ referrers: 'none', content });
    await attachBundle(again.repository(), {
      subject: image,
      bundle: BUNDLE,
      content: 'dsse-envelope',
      predicateType: 'https://example.com/p',
      created: CREATED,
    });
    expect(await bundlesOf(client, image)).toEqual(['{"a":"bundle"}']);
  });

  test.each(['instead', 'after'] as const)('once is not noticed (%s)', async (when) => {
    for (const on of [{ method: 'POST' }, { method: 'PUT', path: /blobs/ }, MANIFEST, LIST]) {
      const { attach, client, image } = await open({ referrers: 'none', lies: [{ lie: 'reset', when, on: { ...on, times: 1 } }] });
      await attach();
      expect(await bundlesOf(client, image)).toEqual(['{"a":"bundle"}']);
    }
  });
});
