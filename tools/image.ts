/**
 * `npm run image`: the image of Assay, made without docker, and the Helm chart that names it by digest.
 *
 *   npm run image -- --output FOLDER|REFERENCE [--platform linux/amd64|linux/arm64|all] [--chart FILE.tgz]
 *   npm run image -- --refresh-packages
 *
 * A reference begins with a registry (`127.0.0.1:5000/assay:1`, `ghcr.io/owner/assay`); all else is a folder, which becomes or grows an OCI layout.
 * Debian's packages and Node come from where this machine takes such things, at the versions that `image/packages.lock` and `package-lock.json` pin.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { createHttpClient, createKeychain } from '@assay/net';
import { type ContentWriter, type Digest, type ImageReference, Layout, openRegistries, parseReference, repositoryText } from '@assay/oci';
import { ROOT, version } from './bundle.ts';
import { type AssayImage, buildImages, writeImages } from './image/build-image.ts';
import { pinnedNodeVersion } from './image/node-runtime.ts';
import { refreshLock } from './image/packages.ts';
import { pinnedChart } from './image/pin-chart.ts';
import { PLATFORMS, platformName, platformsNamed } from './image/platforms.ts';
import { run } from './image/run.ts';

export interface ImageOptions {
  /** A folder or a reference. */
  readonly output: string;
  /** Default: `linux/amd64`. */
  readonly platform?: string;
  /** Where to write the chart that names the image. */
  readonly chart?: string | undefined;
  /** Another lock file of Debian's packages. */
  readonly packages?: string | undefined;
}

/** Returns the digest of what was written. */
export async function makeImage({ output, platform = 'linux/amd64', chart, packages }: ImageOptions): Promise<Digest> {
  for (const one of PLATFORMS) requirePinnedNode(pinnedNodeVersion(one));
  const [wanted, reference, created] = [platformsNamed(platform), referenceIn(output), commitTime()];
  const images = await buildImages(wanted, created, packages);
  for (const one of images) console.log(`${platformName(one.platform)}: ${sizes(one)}`);
  const digest = reference === undefined ? await writeImages(images, Layout.openOrCreate(output), version()) : await push(images, reference);
  const repository = reference && repositoryText(reference);
  console.log(`${repository ?? output}@${digest}`);
  if (chart !== undefined) {
    mkdirSync(dirname(chart), { recursive: true });
    writeFileSync(chart, await pinnedChart({ digest, repository }, created));
    console.log(`${chart}: names it`);
  }
  return digest;
}

/** Undefined for a folder. */
function referenceIn(output: string): ImageReference | undefined {
  const [first = '', ...rest] = output.split('/');
  const hasRegistry = rest.length > 0 && !first.startsWith('.') && (/[.:]/.test(first) || first === 'localhost');
  if (!hasRegistry) return undefined;
  const reference = parseReference(output);
  if (reference.digest !== undefined) throw new Error('--output takes no digest: what is made has its own');
  return reference;
}

async function push(images: readonly AssayImage[], reference: ImageReference): Promise<Digest> {
  const http = createHttpClient({ env: process.env, userAgent: 'assay' });
  try {
    const keychain = createKeychain({ env: process.env, home: process.env['HOME'] ?? '' });
    const repository: ContentWriter = openRegistries({ http, keychain }).repository(reference);
    return await writeImages(images, repository, reference.tag ?? version());
  } finally {
    http.close();
  }
}

function sizes({ image: { stored } }: AssayImage): string {
  if (stored.manifest.kind !== 'image') return '';
  const layers = stored.manifest.layers.map(({ size }) => `${(size / 2 ** 20).toFixed(1)} MiB`);
  return `layers of ${layers.join(' and ')}, compressed`;
}

/** Layers are compressed by the zlib in it. */
function requirePinnedNode(expected: string): void {
  if (process.versions.node !== expected) throw new Error(`images are made with Node ${expected}, this is ${process.versions.node}: use npm run image`);
}

function commitTime(): Date {
  const seconds =
    process.env['SOURCE_DATE_EPOCH'] ?? run('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, hint: 'Without a commit, set SOURCE_DATE_EPOCH.' }).trim();
  if (!/^\d{1,12}$/.test(seconds)) throw new Error(`SOURCE_DATE_EPOCH is a number of seconds, not ${seconds}`);
  return new Date(Number(seconds) * 1000);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { output: { type: 'string' }, platform: { type: 'string' }, chart: { type: 'string' }, 'refresh-packages': { type: 'boolean', default: false } },
  });
  try {
    const { output, platform, chart } = values;
    if (values['refresh-packages']) await refreshLock();
    else if (output === undefined) throw new Error('usage: npm run image -- --output FOLDER|REFERENCE [--platform PLATFORM] [--chart FILE.tgz]');
    else await makeImage({ output, chart, ...(platform !== undefined && { platform }) });
  } catch (error) {
    console.error(`image: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
