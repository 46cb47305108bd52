import { expect, test } from 'vitest';
import { NOW, text } from '../test/mirror.ts';
import { embeddedPublicRoot, embeddedRepository, PUBLIC_MIRROR, registryKeysTarget, verifyRootChain } from './index.ts';

test('the root of public Sigstore is embedded, with the keys of npm', async () => {
  const embedded = await embeddedRepository(PUBLIC_MIRROR);
  expect([...(embedded?.targets.keys() ?? [])]).toContain('trusted_root.json');
  expect([...(embedded?.targets.keys() ?? [])]).toContain(await registryKeysTarget());
  expect(await registryKeysTarget()).toMatch(/\/keys\.json$/);
  expect(JSON.parse(text(await embeddedPublicRoot())).mediaType).toContain('trustedroot');
});

test('the embedded TUF root verifies by itself', async () => {
  const embedded = await embeddedRepository(PUBLIC_MIRROR);
  expect((await verifyRootChain(embedded?.root as Uint8Array, [], { now: NOW })).version).toBeGreaterThanOrEqual(15);
});

test('nothing is embedded for other mirrors', async () => {
  expect(await embeddedRepository('https://tuf.example')).toBeUndefined();
});
