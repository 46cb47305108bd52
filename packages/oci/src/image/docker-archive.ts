/**
 * Images in a file, as `docker save`, `podman save` and `crane pull` write them: a tar with
 *
 *   manifest.json   [{ "Config": PATH, "RepoTags": [TAG], "Layers": [PATH], "LayerSources"?: { DIFFID: DESCRIPTOR } }]
 *   PATH            configurations, and layers with or without compression; a path may be a link to another
 *
 * There is no manifest of a registry in it, so one is made: Docker's, with the layers as they are when the first is compressed, else compressed.
 */
import { createReadStream, statSync } from 'node:fs';
import { posix } from 'node:path';
import { isJsonObject, type Json, JsonError, parseJson, quote, TrustError, utf8 } from '@assay/core';
import type { BodySource } from '@assay/net';
import { type Digest, digestOf, isDigest } from '../digest.ts';
import { readManifest } from '../manifest.ts';
import { DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_MANIFEST } from '../media-types.ts';
import { parseReference, referenceText } from '../reference.ts';
import { sourceOf } from '../store.ts';
import { BlobContent } from './blob-content.ts';
import { compressionOf } from './compression.ts';
import { type BuiltImage, MAX_CONFIG_BYTES, parseConfig } from './image.ts';
import { DESCRIPTOR, type DescriptorContent, MANIFEST } from './image-shapes.ts';
import { gzipped, measure } from './layer.ts';
import { isUncompressedType } from './layer-types.ts';
import { readTar } from './tar.ts';

export class DockerArchive {
  readonly path: string;
  readonly #files: ReadonlyMap<string, ArchiveFile>;
  readonly #images: readonly ArchivedImage[];

  private constructor(path: string, files: ReadonlyMap<string, ArchiveFile>, images: readonly ArchivedImage[]) {
    this.path = path;
    this.#files = files;
    this.#images = images;
  }

  /** Reads the file once, to know where everything is. Errors: `OCI_ARCHIVE`, `OCI_LAYER` when it is not a tar, `FILE_NOT_FOUND`, `FILE_UNREADABLE`. */
  static async open(path: string): Promise<DockerArchive> {
    requireFile(path);
    const files = await indexOf(path);
    const manifest = await new DockerArchive(path, files, []).#read('manifest.json', MAX_MANIFEST_JSON_BYTES);
    return new DockerArchive(path, files, readImages(manifest));
  }

  /**
   * The image with this tag; the only one when none is named. Layers are read to know their digests.
   * Errors: `OCI_ARCHIVE`, `OCI_REFERENCE`, `OCI_CONFIG`.
   */
  async image(tag: string | undefined): Promise<BuiltImage> {
    const archived = this.#find(tag);
    const rawConfig = await this.#read(archived.config, MAX_CONFIG_BYTES);
    const config = { mediaType: DOCKER_CONFIG, size: rawConfig.length, digest: digestOf(rawConfig) };
    const diffIds = parseConfig(rawConfig, `${this.path}: ${quote(archived.config)}`).rootfs.diff_ids ?? [];
    const layers = await this.#layers(archived, diffIds as readonly Digest[]);
    const bytes = utf8(
      MANIFEST.write({
        ...MANIFEST.read({ schemaVersion: 2, mediaType: DOCKER_MANIFEST, config, layers: [] }, 'manifest'),
        layers: layers.map(({ descriptor }) => descriptor),
      }),
    );
    const blobs = new Map<Digest, BodySource>([[config.digest, sourceOf(rawConfig)]]);
    for (const { descriptor, content } of layers) blobs.set(descriptor.digest as Digest, content);
    return { stored: readManifest(bytes, DOCKER_MANIFEST, this.path), content: new BlobContent(this.path, { blobs }) };
  }

  #find(tag: string | undefined): ArchivedImage {
    const [only] = this.#images;
    if (tag === undefined) {
      if (only !== undefined && this.#images.length === 1) return only;
      return refuse('tarball must contain only a single image to be used with tarball.Image');
    }
    const wanted = referenceText(parseReference(tag));
    const found = this.#images.find(({ repoTags }) => repoTags.some((one) => referenceText(parseReference(one)) === wanted));
    return found ?? refuse(`tag ${quote(tag)} not found in tarball`);
  }

  async #layers(archived: ArchivedImage, diffIds: readonly Digest[]): Promise<{ descriptor: DescriptorContent; content: BodySource }[]> {
    const [first] = archived.layers;
    const isCompressed = first !== undefined && (await compressionOf(this.#source(first).open())) !== 'none';
    const known = isCompressed ? diffIds.slice(0, archived.layers.length) : diffIds;
    if (isCompressed ? archived.layers.length > known.length : archived.layers.length < known.length) {
      refuse(`tarball manifest references ${archived.layers.length} layer(s) but config has ${diffIds.length} rootfs.diff_ids`);
    }
    const described = [];
    for (const [i, diffId] of known.entries()) {
      const file = this.#source(archived.layers[i] ?? '');
      const stated = archived.sources.get(diffId);
      // Newer Dockers state the layers of all images as they have them, without compression; those are layers like others.
      const source = stated !== undefined && !isUncompressedType(stated.mediaType) ? stated : undefined;
      const content = isCompressed || source !== undefined ? file : gzipped(file);
      described.push({ descriptor: source ?? DESCRIPTOR.read({ mediaType: DOCKER_LAYER_GZIP, ...(await measure(content.open())) }, 'layer'), content });
    }
    return described;
  }

  async #read(name: string, maxBytes: number): Promise<Uint8Array> {
    const source = this.#source(name);
    if ((source.size ?? 0) > maxBytes) throw new TrustError('OCI_LIMIT', `${this.path}: ${quote(name)} is of ${source.size} bytes, the cap is ${maxBytes}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.open()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  #source(name: string): BodySource {
    const { offset, size } = this.#resolve(name);
    return {
      size,
      open: () => (size === 0 ? sourceOf(new Uint8Array(0)).open() : createReadStream(this.path, { start: offset, end: offset + size - 1 })),
    };
  }

  #resolve(name: string, visited: ReadonlySet<string> = new Set()): FilePlace {
    const path = posix.normalize(name);
    if (visited.has(path)) refuse(`link cycle detected for ${quote(name)}`);
    const file = this.#files.get(path) ?? refuse(`file ${quote(name)} not found in tar`);
    return 'link' in file ? this.#resolve(file.link, new Set([...visited, path])) : file;
  }
}

interface FilePlace {
  readonly offset: number;
  readonly size: number;
}

type ArchiveFile = FilePlace | { readonly link: string };

interface ArchivedImage {
  readonly config: string;
  readonly repoTags: readonly string[];
  readonly layers: readonly string[];
  readonly sources: ReadonlyMap<string, DescriptorContent>;
}

function requireFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new TrustError('FILE_NOT_FOUND', `${path}: no such file`);
  if (stats.isDirectory()) throw new TrustError('FILE_UNREADABLE', `${path}: is a folder, a file was expected`);
}

async function indexOf(path: string): Promise<Map<string, ArchiveFile>> {
  const files = new Map<string, ArchiveFile>();
  for await (const { header, offset } of readTar(createReadStream(path), path)) {
    const { name, type, size, linkname } = header;
    const key = posix.normalize(name);
    // The first of a name counts, as for those who look for it from the front.
    if (files.has(key)) continue;
    if (type === 'file') files.set(key, { offset, size });
    // Both kinds are written from the folder of the link by the tools that write them.
    if (type === 'symlink' || type === 'link') files.set(key, { link: posix.join(posix.dirname(name), linkname) });
    if (files.size > MAX_FILES) throw new TrustError('OCI_LIMIT', `${path}: more than ${MAX_FILES} files, the cap`);
  }
  return files;
}

function readImages(bytes: Uint8Array): ArchivedImage[] {
  const json = parsed(bytes);
  if (!Array.isArray(json)) return refuse('no valid manifest.json in tarball');
  return json.map((image) => {
    const { Config: config, RepoTags: tags, Layers: layers, LayerSources: sources } = objectOf(image, 'an image');
    if (typeof config !== 'string') return refuse('manifest.json: Config: expected a path');
    const described = Object.entries(objectOf(sources ?? {}, 'LayerSources')).map(([diffId, descriptor]): [string, DescriptorContent] => {
      if (!isDigest(diffId)) return refuse('manifest.json: LayerSources: expected diff IDs');
      return [diffId, DESCRIPTOR.read(descriptor, `LayerSources ${diffId}`)];
    });
    return { config, repoTags: stringsOf(tags, 'RepoTags'), layers: stringsOf(layers, 'Layers'), sources: new Map(described) };
  });
}

function parsed(bytes: Uint8Array): Json {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof JsonError) return refuse(`manifest.json is not valid JSON: ${error.message}`);
    throw error;
  }
}

function objectOf(json: Json | undefined, what: string): Record<string, Json> {
  return json !== undefined && isJsonObject(json) ? json : refuse(`manifest.json: ${what}: expected an object`);
}

function stringsOf(json: Json | undefined, what: string): string[] {
  const items = json ?? [];
  if (!Array.isArray(items)) return refuse(`manifest.json: ${what}: expected an array`);
  return items.map((item) => (typeof item === 'string' ? item : refuse(`manifest.json: ${what}: expected strings`)));
}

function refuse(problem: string): never {
  throw new TrustError('OCI_ARCHIVE', problem);
}

const MAX_MANIFEST_JSON_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 100_000;
