import { expect, test } from 'vitest';
import { digestOf } from '../digest.ts';
import { type Descriptor, readManifest, type StoredManifest } from '../manifest.ts';
import { imageForPlatform, parsePlatform, platformText } from './platform.ts';

test.each([
  ['linux/amd64', { os: 'linux', architecture: 'amd64' }],
  ['linux/arm/v7', { os: 'linux', architecture: 'arm', variant: 'v7' }],
  ['windows/amd64:10.0.17763.1', { os: 'windows', architecture: 'amd64', osVersion: '10.0.17763.1' }],
  ['linux', { os: 'linux', architecture: '' }],
])('reads and writes %s', (text, platform) => {
  expect(parsePlatform(text)).toEqual(platform);
  expect(platformText(parsePlatform(text))).toBe(text);
});

test('too many slashes are refused', () => {
  expect(() => parsePlatform('a/b/c/d')).toThrow('too many slashes in platform spec: a/b/c/d');
});

const imageOf = (name: string): StoredManifest => {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(Buffer.from(name)), size: 1 };
  return readManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [] })), undefined, name);
};
const images = { amd: imageOf('amd'), arm6: imageOf('arm6'), arm7: imageOf('arm7'), bare: imageOf('bare') };
const entry = ({ descriptor }: StoredManifest, platform?: Descriptor['platform']) => ({ ...descriptor, ...(platform && { platform }) });
const indexOf = (...manifests: readonly object[]) => readManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })), undefined, 'index');

test.each([
  ['the first that matches', 'linux/arm', images.arm6],
  ['that of the variant', 'linux/arm/v7', images.arm7],
  ['one without a platform, which is taken for linux/amd64', 'linux/amd64', images.bare],
  ['one within an index in the index', 'linux/s390x', images.amd],
])('of an index: %s', async (_, platform, expected) => {
  const inner = indexOf(entry(images.amd, { os: 'linux', architecture: 's390x' }));
  const index = indexOf(
    entry(images.arm6, { os: 'linux', architecture: 'arm', variant: 'v6' }),
    entry(images.arm7, { os: 'linux', architecture: 'arm', variant: 'v7' }),
    entry(images.bare),
    entry(inner, { os: 'linux', architecture: 's390x' }),
  );
  const all = [...Object.values(images), inner];
  const from = { name: 'test', manifest: async (target: string) => all.find(({ descriptor }) => descriptor.digest === target) };
  expect((await imageForPlatform(index, from, parsePlatform(platform), 'app:1')).descriptor.digest).toBe(expected.descriptor.digest);
});

test('no such platform is told with those there are', async () => {
  const index = indexOf(entry(images.amd, { os: 'linux', architecture: 'amd64' }));
  const from = { name: 'test', manifest: async () => undefined };
  await expect(imageForPlatform(index, from, parsePlatform('linux/s390x'), 'app:1')).rejects.toMatchObject({
    code: 'OCI_PLATFORM',
    message: 'no child with platform linux/s390x in index app:1',
    hint: 'the index has: linux/amd64',
  });
});
