/** Our own client against our own registry, over a socket: what the command line does when it pushes, copies and attaches. */
import { createHttpClient } from '@assay/net';
import { allReferrers, attachBundle, copyImage, type Descriptor, digestOf, openRegistries, sourceOf } from '@assay/oci';
import { describe, expect, onTestFinished, test } from 'vitest';
import { drained } from '../../oci/test/open-registry.ts';
import { NOW, OCI_MANIFEST, openScene, serveApp } from './registry-scene.ts';

const MIB = 1024 * 1024;

async function open() {
  const scene = await openScene();
  const { host, close } = await serveApp(scene.registry.app);
  const http = createHttpClient({ retries: 0 });
  onTestFinished(async () => {
    http.close();
    await close();
  });
  const registries = openRegistries({ http });
  return { ...scene, repository: (name: string) => registries.repository({ registry: host, repository: name }) };
}

type Opened = Awaited<ReturnType<typeof open>>;

function descriptorOf(bytes: Uint8Array, mediaType = 'application/octet-stream'): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

async function putImage({ repository }: Opened, name: string, tag?: string): Promise<Descriptor> {
  const client = repository(name);
  const [config, layer] = [Buffer.from('{}'), Buffer.from(`layer of ${name}`)];
  for (const bytes of [config, layer]) await client.putBlob(descriptorOf(bytes), sourceOf(bytes));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: descriptorOf(config), layers: [descriptorOf(layer)] }));
  return { ...descriptorOf(bytes, OCI_MANIFEST), digest: await client.putManifest({ bytes, mediaType: OCI_MANIFEST, tag }) };
}

test.each([
  ['nothing', 0],
  ['a small one', 10],
  ['a large one, as a stream', 9 * MIB + 17],
])('a blob of %s goes in and comes out', async (_, size) => {
  const { repository } = await open();
  const bytes = new Uint8Array(size).map((__, i) => i % 253);
  const client = repository('team/app');
  expect(await client.hasBlob(descriptorOf(bytes))).toBe(false);
  await client.putBlob(descriptorOf(bytes), sourceOf(bytes));
  expect(await client.hasBlob(descriptorOf(bytes))).toBe(true);
  expect(Buffer.compare(await drained(client.blob(descriptorOf(bytes))), bytes)).toBe(0);
});

test('a blob of another repository is mounted, not sent', async () => {
  const { repository } = await open();
  const bytes = Buffer.from('shared');
  await repository('base').putBlob(descriptorOf(bytes), sourceOf(bytes));
  const never = {
    size: bytes.length,
    // biome-ignore lint/correctness/useYield: nobody may read it
    async *open(): AsyncGenerator<Uint8Array, void, void> {
      throw new Error('it was sent');
    },
  };
  await repository('app').putBlob(descriptorOf(bytes), never, 'base');
  expect(await repository('app').hasBlob(descriptorOf(bytes))).toBe(true);
});

describe('an image', () => {
  test('is found by tag and digest, and in the list of tags', async () => {
    const opened = await open();
    const { digest } = await putImage(opened, 'app', 'v1');
    const client = opened.repository('app');
    expect(await client.resolve('v1')).toMatchObject({ digest, mediaType: OCI_MANIFEST });
    expect((await client.manifest(digest))?.manifest.kind).toBe('image');
    expect(await client.tags()).toEqual(['v1']);
    expect(await client.manifest('v2')).toBeUndefined();
  });

  test('is copied to another repository', async () => {
    const opened = await open();
    const image = await putImage(opened, 'app', 'v1');
    const [from, to] = [opened.repository('app'), opened.repository('copy')];
    await copyImage(await from.requireManifest('v1'), 'v1', { from, to, mountFrom: 'app' });
    expect(await to.resolve('v1')).toMatchObject({ digest: image.digest });
  });

  test('has its evidence by the referrers API, and not under a fallback tag', async () => {
    const opened = await open();
    const image = await putImage(opened, 'app', 'v1');
    const client = opened.repository('app');
    const bundle = Buffer.from('{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}');
    await attachBundle(client, { subject: image, bundle, content: 'message-signature', predicateType: undefined, created: NOW });
    expect(await allReferrers(client, image.digest)).toHaveLength(1);
    expect(await client.tags()).toEqual(['v1']);
  });
});
