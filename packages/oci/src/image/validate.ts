/**
 * Whether an image is what it says: every layer of the digest, size and diff ID that manifest and configuration state, no file in a layer twice, and
 * children of an index of the type and platform that the index states. Texts are those of crane.
 */
import { createHash } from 'node:crypto';
import { isTrustError, quote, TrustError } from '@assay/core';
import type { Descriptor, ImageIndex, Platform, StoredManifest } from '../manifest.ts';
import { isIndexType, MANIFEST_TYPES } from '../media-types.ts';
import type { ContentReader } from '../store.ts';
import { decompressed } from './compression.ts';
import { isImageConfig, MAX_CONFIG_BYTES, parseConfig, readConfig } from './image.ts';
import type { ImageConfig } from './image-shapes.ts';
import { measure } from './layer.ts';
import { isLayerType } from './layer-types.ts';
import { requireChild, type StoredImage } from './platform.ts';
import { readTar } from './tar.ts';

export interface ValidateOptions {
  readonly from: Pick<ContentReader, 'name' | 'manifest' | 'blob' | 'readBlob'> & { hasBlob(descriptor: Descriptor): Promise<boolean> };
  /** `read` downloads and hashes everything; `exist` only asks whether it is there. */
  readonly layers: 'read' | 'exist';
}

/** What is wrong with it, or undefined. What cannot be read is wrong too. */
export function validate(stored: StoredManifest, options: ValidateOptions): Promise<string | undefined> {
  const { manifest } = stored;
  return manifest.kind === 'index' ? validateIndex(manifest, options) : validateImage({ ...stored, manifest }, options);
}

async function validateImage(image: StoredImage, options: ValidateOptions): Promise<string | undefined> {
  const layers = await problemOf(() => checkLayers(image, options));
  const config = await problemOf(() => checkConfig(image, options));
  return joined([layers && `validating layers: ${layers}`, config && `validating config: ${config}`], '\n\n');
}

async function checkLayers({ manifest }: StoredImage, { from, layers: how }: ValidateOptions): Promise<string | undefined> {
  const { config, layers } = manifest;
  if (how === 'exist') return joined(await Promise.all(layers.map(async (layer) => ((await from.hasBlob(layer)) ? undefined : 'layer does not exist'))), '\n');
  const found: string[] = [];
  for (const [i, layer] of layers.entries()) {
    if (isLayerType(layer.mediaType)) found.push(await measureLayer(layer, `layer[${i}]`, from));
    else await measure(from.blob(layer));
  }
  if (!isImageConfig(config.mediaType)) return undefined;
  const diffIds = (await readConfig({ manifest }, from)).rootfs.diff_ids ?? [];
  const count =
    diffIds.length === found.length ? [] : [mismatch('number of diffids', `len(ConfigFile.RootFS.DiffIDs)=${diffIds.length}, len(layers)=${found.length}`)];
  const wrong = found.flatMap((diffId, i) => {
    const stated = diffIds[i];
    return stated === undefined || stated === diffId ? [] : [mismatch(`layer[${i}] diffid`, `DiffID()=${stated}, SHA256(Uncompressed())=${diffId}`)];
  });
  return joined([...count, ...wrong], '\n');
}

/** The diff ID. Errors: `OCI_LAYER` also for a file that is there twice; those of reading, which checks digest and size. */
async function measureLayer(layer: Descriptor, what: string, from: ValidateOptions['from']): Promise<string> {
  const hash = createHash('sha256');
  const names = new Set<string>();
  for await (const { header } of readTar(hashed(decompressed(from.blob(layer), what), hash), what)) {
    if (names.has(header.name)) throw new Duplicate(`duplicate file path: ${quote(header.name)}`);
    names.add(header.name);
    if (names.size > MAX_FILES) throw new TrustError('OCI_LIMIT', `${what}: more than ${MAX_FILES} files, the cap`);
  }
  return `sha256:${hash.digest('hex')}`;
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, hash: { update(chunk: Uint8Array): unknown }): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

class Duplicate extends Error {}

const MAX_FILES = 10_000_000;

async function checkConfig({ manifest }: StoredImage, { from }: ValidateOptions): Promise<string | undefined> {
  const bytes = await from.readBlob(manifest.config, MAX_CONFIG_BYTES);
  if (!isImageConfig(manifest.config.mediaType)) return undefined;
  const { type } = parseConfig(bytes, 'configuration').rootfs;
  return type === 'layers' ? undefined : `invalid ConfigFile.RootFS.Type: ${JSON.stringify(type)} != "layers"`;
}

async function validateIndex(index: ImageIndex, options: ValidateOptions): Promise<string | undefined> {
  const problems: string[] = [];
  for (const [i, child] of index.manifests.entries()) problems.push(...(await childProblems(child, `[${i}](${child.digest})`, options)));
  return problems.length === 0 ? undefined : `validating children: ${problems.join('\n')}`;
}

async function childProblems(child: Descriptor, place: string, options: ValidateOptions): Promise<string[]> {
  const kind = isIndexType(child.mediaType) ? 'index' : MANIFEST_TYPES.includes(child.mediaType) ? 'image' : 'layer';
  const told = (what: string, problem: string | undefined) => (problem === undefined ? [] : [`failed to validate ${kind} ${what}${place}: ${problem}`]);
  if (kind === 'layer') return told('Manifests', await problemOf(async () => void (await measure(options.from.blob(child)))));
  let stored: StoredManifest | undefined;
  const missing = await problemOf(async () => {
    stored = await requireChild(child, options.from);
    return undefined;
  });
  if (stored === undefined) return told('Manifests', missing);
  const { mediaType } = stored.descriptor;
  return [
    ...told('Manifests', await validate(stored, options)),
    ...told('MediaType', mediaType === child.mediaType ? undefined : `mismatched mediaType: MediaType() = ${quote(mediaType)} != ${quote(child.mediaType)}`),
    ...told('platform', await platformProblem(stored, child.platform, options)),
  ];
}

async function platformProblem({ manifest }: StoredManifest, wanted: Platform | undefined, { from }: ValidateOptions): Promise<string | undefined> {
  if (wanted === undefined || manifest.kind !== 'image' || !isImageConfig(manifest.config.mediaType)) return undefined;
  return problemOf(async () => {
    const config = await readConfig({ manifest }, from);
    const { os, architecture } = config;
    if (os === '' && architecture === '') return 'config file missing platform fields';
    return joined(
      platformParts(config, wanted).map(([name, got, want]) => (got === want ? undefined : mismatch(name, `${quote(got)} != ${quote(want)}`))),
      '\n',
    );
  });
}

function platformParts(config: ImageConfig, wanted: Platform): [string, string, string][] {
  return [
    ['OS', config.os, wanted.os],
    ['Architecture', config.architecture, wanted.architecture],
    ['Variant', config.variant, wanted.variant ?? ''],
    ['OSVersion', config['os.version'], wanted.osVersion ?? ''],
  ];
}

async function problemOf(check: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof Duplicate) return error.message;
    if (isTrustError(error)) return textOf(error);
    throw error;
  }
}

function textOf({ message, expected, found }: TrustError): string {
  const details = [expected && `expected ${expected}`, found && `got ${found}`].filter(Boolean);
  return details.length === 0 ? message : `${message} (${details.join(', ')})`;
}

function mismatch(what: string, details: string): string {
  return `mismatched ${what}: ${details}`;
}

function joined(problems: readonly (string | undefined)[], separator: string): string | undefined {
  const found = problems.filter((problem) => problem !== undefined);
  return found.length === 0 ? undefined : found.join(separator);
}
