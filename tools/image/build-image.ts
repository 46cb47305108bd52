/**
 * The image of Assay: Node and the libraries it needs in one layer, which seldom changes, and the published package in another. No shell, no package
 * manager, and nothing that runs as root.
 *
 * The same sources give the same bytes: no file has a time, and the image has that of the last commit or of SOURCE_DATE_EPOCH.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ContentWriter, copyImage, type Digest, encodeIndex, OCI_INDEX } from '@assay/oci';
import { appendLayers, type BuiltImage, buildImage, emptyImage, type Layer, mutateImage } from '@assay/oci/image';
import { buildPackage } from '../build.ts';
import { version } from '../bundle.ts';
import { inScratch } from './fetched.ts';
import { nodeRuntime, pinnedNodeVersion } from './node-runtime.ts';
import { libraries } from './packages.ts';
import { type ImagePlatform, platformName } from './platforms.ts';
import { layerOf, type Node, type Tree, USER_ID } from './tree.ts';

export interface AssayImage {
  readonly platform: ImagePlatform;
  readonly image: BuiltImage;
}

/** One image for each platform. */
export async function buildImages(platforms: readonly ImagePlatform[], created: Date, packages?: string): Promise<readonly AssayImage[]> {
  const app = await layerOf(await appTree(), 'application');
  const images: AssayImage[] = [];
  // One after the other: each holds a whole Node in memory.
  for (const platform of platforms) images.push({ platform, image: await buildFor(platform, app, created, packages) });
  return images;
}

/** Writes the image under `tag`; several of them as an index. Returns the digest of what the tag names. */
export async function writeImages(images: readonly AssayImage[], to: ContentWriter, tag: string): Promise<Digest> {
  const [only] = images;
  if (only !== undefined && images.length === 1) return copyImage(only.image.stored, tag, { from: only.image.content, to });
  for (const { image } of images) await copyImage(image.stored, undefined, { from: image.content, to });
  const manifests = images.map(({ image: { stored }, platform: { os, architecture } }) => ({ ...stored.descriptor, platform: { os, architecture } }));
  return to.putManifest({ bytes: encodeIndex({ mediaType: OCI_INDEX, manifests }), mediaType: OCI_INDEX, tag });
}

async function buildFor(platform: ImagePlatform, app: Layer, created: Date, packages?: string): Promise<BuiltImage> {
  const runtime = await layerOf(new Map([...systemTree(), ...(await libraries(platform, packages)), ...(await nodeRuntime(platform))]), platformName(platform));
  const described = mutateImage(emptyImage('oci'), {
    platform: { os: platform.os, architecture: platform.architecture },
    user: `${USER_ID}:${USER_ID}`,
    workdir: HOME,
    env: [
      ['PATH', '/nodejs/bin'],
      ['HOME', HOME],
    ],
    entrypoint: ['/nodejs/bin/node', '/app/bin/assay.js'],
    labels: LABELS,
  });
  const image = appendLayers(described, [runtime, app]);
  if (image.config === null || image.config === undefined) throw new TypeError('an empty image has a configuration');
  const time = created.toISOString().replace('.000Z', 'Z');
  const origins = [`Node ${pinnedNodeVersion(platform)} and the libraries it needs`, `assay ${version()}`];
  const history = (image.config.history ?? []).map((entry, index) => ({ ...entry, created: time, created_by: origins[index] ?? '' }));
  return buildImage({ ...image, config: { ...image.config, created: time, history } });
}

function systemTree(): Tree {
  const file = (text: string): Node => ({ type: 'file', content: Buffer.from(text) });
  return new Map<string, Node>([
    ['etc/passwd', file(`root:x:0:0:root:/root:${NO_SHELL}\nnonroot:x:${USER_ID}:${USER_ID}:nonroot:${HOME}:${NO_SHELL}\n`)],
    ['etc/group', file(`root:x:0:\nnonroot:x:${USER_ID}:\n`)],
    ['etc/nsswitch.conf', file('hosts: files dns\n')],
    [HOME.slice(1), { type: 'own-folder' }],
    ['tmp', { type: 'own-folder' }],
  ]);
}

/** The package as it is published, below `app`. */
function appTree(): Promise<Tree> {
  return inScratch(async (scratch) => {
    const { folder } = await buildPackage(scratch);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(folder, path)).isFile());
    return new Map(files.map((path): [string, Node] => [`app/${path}`, { type: 'file', content: readFileSync(join(folder, path)) }]));
  });
}

const HOME = '/home/nonroot';
const NO_SHELL = '/sbin/nologin';
const LABELS: ReadonlyMap<string, string> = new Map([
  ['org.opencontainers.image.title', 'assay'],
  ['org.opencontainers.image.description', 'Signs, logs, stores, verifies and enforces: one system for software provenance.'],
  ['org.opencontainers.image.version', version()],
  ['org.opencontainers.image.licenses', 'Apache-2.0'],
]);
