import { utf8 } from '@assay/core';
import type { ContentReader, Digest } from '@assay/oci';
import { expect, test } from 'vitest';
import { imageConfigs } from './image-configs.ts';

const DIGEST: Digest = `sha256:${'0'.repeat(64)}`;

/** An image of which only the configuration is of interest. */
function imageWith(config: string): ContentReader {
  const manifest = async () => ({ manifest: { kind: 'image', config: {} } });
  return { name: 'registry.example/app', manifest, readBlob: async () => utf8(config) } as unknown as ContentReader;
}

test('a configuration stands under its platform', async () => {
  expect(await imageConfigs(imageWith('{"os":"linux","architecture":"arm","variant":"v7"}'), DIGEST)).toHaveProperty(['linux/arm/v7']);
});

test.each(['', '{', '[]', '{"os":1,"os":2}'])('a configuration that is %j is refused', async (config) => {
  await expect(imageConfigs(imageWith(config), DIGEST)).rejects.toMatchObject({ code: 'OCI_MANIFEST', message: expect.stringContaining('no JSON object') });
});
