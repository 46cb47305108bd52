/** Forked by registry.ts: a registry with a scene of images in it. Tells its parent where it is, and ends with it. */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { OCI_MANIFEST, putImage, RegistryContent, serveRegistry } from '@assay/testkit';
import type { Scene } from './registry.ts';

const { folder, images = 0, layerBytes } = JSON.parse(process.argv[2] ?? '') as Scene;
mkdirSync(folder, { recursive: true });
const content = new RegistryContent(join(folder, 'blobs'));
for (let i = 0; i < images; i += 1)
  putImage(content, 'app', { tag: String(i), layers: [{ mediaType: 'application/octet-stream', bytes: utf8(`layer ${i}`) }] });
if (layerBytes !== undefined) await putLargeImage(layerBytes);
const { host } = await serveRegistry({ content });
process.once('disconnect', () => process.exit());
process.send?.(host);

/** `app:large`: one layer of zeros, in a sparse file. */
async function putLargeImage(size: number): Promise<void> {
  const path = join(folder, 'layer');
  writeFileSync(path, '');
  truncateSync(path, size);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const layer = { mediaType: 'application/octet-stream', digest: `sha256:${hash.digest('hex')}`, size };
  content.open('app').blobs.set(layer.digest, {
    size,
    read: (start = 0, end = size) => createReadStream(path, { start, end: end - 1 }),
    bytes: () => readFileSync(path),
  });
  const config = content.putBlob('app', utf8('{}'), 'application/vnd.oci.image.config.v1+json');
  content.putManifest('app', { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] }, { tag: 'large' });
}
