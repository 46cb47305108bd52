/** What a release is made of, as it lies there: read, hashed and checked before anything is written or signed. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, realpathSync, statSync } from 'node:fs';
import { basename, resolve, sep } from 'node:path';
import { quote, TrustError, utf8 } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import {
  type ContentReader,
  type Digest,
  digestOf,
  digestOfFile,
  hexOf,
  Layout,
  parseReference,
  parseRepository,
  platformText,
  type Registries,
  type RepositoryName,
  type StoredImage,
  type StoredManifest,
  savedManifest,
} from '@assay/oci';
import { type Chart, loadChartFolder, metadataYaml, parseChart, parseChartReference, tagOf } from '@assay/oci/chart';
import { DockerArchive } from '@assay/oci/image';
import type { ChartConfig, ImageConfig, ReleaseConfig } from '../config.ts';
import { CHECKSUMS_FILE, RELEASE_FILE } from '../release.ts';

export interface ReleaseInputs {
  readonly version: string;
  readonly files: readonly InputFile[];
  readonly images: readonly InputImage[];
  readonly charts: readonly InputChart[];
  /** Of everything above and of the description, as hex. */
  readonly fingerprint: string;
}

export interface InputFile {
  readonly path: string;
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}

export interface InputImage {
  readonly name: string;
  readonly repository: RepositoryName;
  readonly tags: readonly InputTag[];
  readonly stored: StoredManifest;
  readonly from: ContentReader;
  /** Of an index its images, else the image itself. Attestations of indexes, which builders put there, are none. */
  readonly platforms: readonly { readonly platform: string; readonly image: StoredImage }[];
}

export interface InputTag {
  readonly tag: string;
  /** Without the version in it, it is one that moves from release to release. */
  readonly kind: 'of the version' | 'moving';
}

export interface InputChart {
  readonly config: ChartConfig;
  readonly chart: Chart;
  /** As it was, when it is an archive: that is released as it is. */
  readonly archive: Uint8Array | undefined;
  readonly version: string;
  /** With the chart's name at its end. */
  readonly repository: RepositoryName;
}

/** `folder`: relative paths of the description start there. Errors: `RELEASE_INPUT`, `RELEASE_CONFIG`, `CHART_…`, `OCI_…`. */
export async function readInputs(
  config: ReleaseConfig,
  version: string,
  { folder, registries }: { readonly folder: string; readonly registries: Registries },
): Promise<ReleaseInputs> {
  const files = readFiles(config.files, folder);
  const images = await Promise.all(config.images.map((one) => readImage(one, version, folder, registries)));
  const charts = await Promise.all(config.charts.map((one) => readChart(one, version, folder)));
  const fingerprint = digestOf(
    utf8(
      JSON.stringify([
        config,
        version,
        files.map(({ name, sha256 }) => [name, sha256]),
        images.map(({ stored }) => stored.descriptor.digest),
        charts.map(({ chart, archive }) => (archive === undefined ? chartDigest(chart) : digestOf(archive))),
      ]),
    ),
  );
  return { version, files, images, charts, fingerprint: hexOf(fingerprint) };
}

/**
 * Where a path of the description leads. It must stay below the description's folder, links and all: what is named there is published, and in a job that signs,
 * files elsewhere hold its secrets. Undefined: nothing is there. Errors: `RELEASE_INPUT`.
 */
function pathWithin(folder: string, path: string): string | undefined {
  const full = resolve(folder, path);
  if (!existsSync(full)) return undefined;
  const [top, real] = [realpathSync(folder), realpathSync(full)];
  if (real === top || real.startsWith(top === sep ? top : `${top}${sep}`)) return full;
  throw new TrustError('RELEASE_INPUT', `${quote(path)}: leads out of the folder of the release`, {
    expected: `something below ${quote(folder)}`,
    found: quote(real),
  });
}

function readFiles(patterns: readonly string[], folder: string): InputFile[] {
  const found = new Map<string, InputFile>();
  for (const pattern of patterns) {
    const paths = globSync(pattern, { cwd: folder }).filter((path) => statSync(pathWithin(folder, path) ?? folder).isFile());
    if (paths.length === 0)
      throw new TrustError('RELEASE_INPUT', `${quote(pattern)}: no file fits`, { expected: 'a file to release', found: `none below ${folder}` });
    for (const path of paths.sort()) {
      const name = basename(path.replaceAll(sep, '/'));
      const before = found.get(name);
      const full = resolve(folder, path);
      if (before?.path === full) continue;
      if (before !== undefined) throw new TrustError('RELEASE_INPUT', `two files are named ${quote(name)}: ${quote(before.path)} and ${quote(path)}`);
      if (!FILE_NAME.test(name) || RESERVED.has(name))
        throw new TrustError('RELEASE_INPUT', `${quote(name)}: is no name for a file of a release`, { expected: 'letters, digits, ., _, + and -' });
      found.set(name, { path: full, name, sha256: hexOf(digestOfFile(full)), size: statSync(full).size });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readImage({ name, from, to, tags }: ImageConfig, version: string, folder: string, registries: Registries): Promise<InputImage> {
  const repository = parseRepository(to.replace(/^oci:\/\//, ''));
  const source = await openImageSource(from, folder, registries);
  const platforms = await platformsOf(source.stored, source.from);
  // A tag has no plus sign (SemVer 10, "Build metadata"); charts write it as _ too.
  const named = tags.map(
    (tag): InputTag => ({ tag: tagOf(tag.replaceAll('{version}', version)), kind: tag.includes('{version}') ? 'of the version' : 'moving' }),
  );
  return { name, repository, tags: named, ...source, platforms };
}

async function openImageSource(from: string, folder: string, registries: Registries): Promise<Pick<InputImage, 'stored' | 'from'>> {
  const path = pathWithin(folder, from);
  if (path !== undefined && statSync(path).isDirectory()) {
    const layout = Layout.open(path);
    return { stored: await savedManifest(layout), from: layout };
  }
  if (path !== undefined) {
    const { stored, content } = await (await DockerArchive.open(path)).image(undefined);
    return { stored, from: content };
  }
  const reference = parseReference(from.replace(/^oci:\/\//, ''));
  if (reference.digest === undefined) {
    throw new TrustError('RELEASE_INPUT', `${quote(from)}: is neither there nor named by digest`, {
      expected: 'an OCI layout, an archive, or REPOSITORY@sha256:…',
      hint: 'a tag may name something else by the time it is released: crane digest, or assay verify --print-ref, tells the digest',
    });
  }
  const repository = registries.repository(reference);
  return { stored: await repository.requireManifest(reference.digest), from: repository };
}

async function platformsOf(stored: StoredManifest, from: ContentReader): Promise<InputImage['platforms']> {
  const { manifest } = stored;
  if (manifest.kind === 'image') return [{ platform: 'image', image: { ...stored, manifest } }];
  const platforms: { platform: string; image: StoredImage }[] = [];
  for (const child of manifest.manifests) {
    if (child.platform === undefined || child.platform.os === 'unknown') continue;
    const found = await from.manifest(child.digest);
    if (found === undefined) throw new TrustError('OCI_NOT_FOUND', `${from.name}: the index names ${child.digest}, which is not there`);
    if (found.manifest.kind === 'image') platforms.push({ platform: platformText(child.platform), image: { ...found, manifest: found.manifest } });
  }
  return platforms;
}

async function readChart(config: ChartConfig, version: string, folder: string): Promise<InputChart> {
  const path = pathWithin(folder, config.from);
  if (path === undefined)
    throw new TrustError('RELEASE_INPUT', `${quote(config.from)}: no such chart`, { expected: 'a folder with Chart.yaml, or its archive' });
  const archive = statSync(path).isDirectory() ? undefined : readFileCapped(path, MAX_ARCHIVE_BYTES);
  const chart = archive === undefined ? await loadChartFolder(path) : await parseChart(archive);
  if (archive !== undefined && Object.keys(config.images).length > 0)
    throw new TrustError('RELEASE_CONFIG', `${quote(config.from)}: an archive is released as it is, and gets no digests`, {
      hint: 'name the folder of the chart',
    });
  const { repository } = parseChartReference(`${config.to}/${chart.metadata.name}`);
  return { config, chart, archive, version: archive === undefined ? version : chart.metadata.version, repository };
}

function chartDigest({ metadata, values, schema, templates, files, dependencies }: Chart): Digest {
  const hash = createHash('sha256');
  hash.update(metadataYaml(metadata));
  for (const part of [values, schema]) hash.update(part ?? '').update('\0');
  for (const { name, data } of [...templates, ...files]) hash.update(`${name}\0`).update(data).update('\0');
  for (const one of dependencies) hash.update(chartDigest(one));
  return `sha256:${hash.digest('hex')}` as Digest;
}

/** What every file system, shell and checksum file takes without quoting. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/;
const RESERVED: ReadonlySet<string> = new Set([RELEASE_FILE, CHECKSUMS_FILE]);
const MAX_ARCHIVE_BYTES = 100 * 1024 * 1024;
