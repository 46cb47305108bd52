/** Node as the npm package has it that `package-lock.json` pins: the program and its licence. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { sourceOf } from '@assay/oci';
import { decompressed, readTar } from '@assay/oci/image';
import { ROOT } from '../bundle.ts';
import { cachedPath, inScratch, isCached, keep, type Pin } from './fetched.ts';
import type { ImagePlatform } from './platforms.ts';
import { run } from './run.ts';
import type { Node, Tree } from './tree.ts';

/** Fetched for whatever platform, also where npm would install no such package. */
export async function nodeRuntime({ nodePackage }: ImagePlatform): Promise<Tree> {
  const { version, pin } = locked(nodePackage);
  if (!isCached(pin)) {
    await inScratch(async (folder) => {
      const argv = ['pack', '--silent', '--prefer-offline', '--ignore-scripts', '--pack-destination', folder, `${nodePackage}@${version}`];
      const [file] = run('npm', argv, { cwd: ROOT }).trim().split('\n').slice(-1);
      keep(join(folder, file ?? ''), pin);
    });
  }
  return unpack(readFileSync(cachedPath(pin)), pin.fileName);
}

/** The version that is pinned for all platforms alike: what builds the image must be the same, since its zlib makes the layers. */
export function pinnedNodeVersion({ nodePackage }: ImagePlatform): string {
  return locked(nodePackage).version;
}

function locked(name: string): { readonly version: string; readonly pin: Pin } {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
  };
  const { version, integrity } = packages[`node_modules/${name}`] ?? {};
  const [, base64] = /^sha512-(\S+)$/.exec(integrity ?? '') ?? [];
  if (version === undefined || base64 === undefined) throw new Error(`package-lock.json pins no ${name}`);
  return { version, pin: { fileName: `${name}-${version}.tgz`, algorithm: 'sha512', hash: Buffer.from(base64, 'base64').toString('hex') } };
}

async function unpack(archive: Uint8Array, what: string): Promise<Tree> {
  const tree = new Map<string, Node>();
  for await (const { header, content } of readTar(decompressed(sourceOf(archive).open(), what), what)) {
    const place = PLACES[header.name];
    if (place !== undefined) tree.set(place, { type: 'file', content: await buffer(content), executable: place === NODE });
  }
  const missing = Object.values(PLACES).filter((place) => !tree.has(place));
  if (missing.length > 0) throw new Error(`${what} holds nothing for ${missing.join(', ')}`);
  return tree;
}

const NODE = 'nodejs/bin/node';
const PLACES: Readonly<Record<string, string>> = { 'package/bin/node': NODE, 'package/LICENSE': 'nodejs/LICENSE' };
