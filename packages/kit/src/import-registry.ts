/**
 * The images and charts of a kit into a registry: content first, evidence next, and when all of it is there, all tags. What was done before stays done, so that
 * a run that broke off is continued by the next one.
 */
import { quote, TrustError } from '@assay/core';
import {
  type BlobEvent,
  type ContentReader,
  type ContentWriter,
  DOCKER_HUB,
  loadImage,
  parseReference,
  type RepositoryName,
  repositoryText,
  type StoredManifest,
} from '@assay/oci';
import type { KitFile } from './kit-file.ts';
import type { KitImage } from './manifest.ts';

export interface ImportOptions {
  readonly open: (repository: RepositoryName) => ContentReader & ContentWriter;
  /** What becomes of tags that name something else. Default `refuse`. */
  readonly existing?: 'refuse' | 'replace';
  readonly onBlob?: (event: BlobEvent) => void;
}

/**
 * `target`: registry and path, as `registry.example/mirror`; repositories keep their names below it, without the host they came from.
 * @returns `HOST/REPOSITORY@DIGEST` of each
 * Errors: `USAGE`; `OCI_EXISTS` for a tag that names something else; `OCI_…`, `NET_…`. Before all content is there, no tag of an image is touched.
 */
export async function importToRegistry(kit: KitFile, target: string, options: ImportOptions): Promise<readonly string[]> {
  const images = kit.manifest.things.filter((thing) => thing.kind !== 'file');
  const content = await kit.content();
  const imports = images.map((thing) => ({ thing, to: options.open(targetOf(thing, target)), repository: targetOf(thing, target) }));
  refuseCollisions(imports);
  if (options.existing !== 'replace') for (const { thing, to } of imports) await refuseMovingTag(thing, to);
  const loaded: { readonly stored: StoredManifest; readonly tag: string | undefined; readonly to: ContentWriter }[] = [];
  for (const { thing, to } of imports) {
    const stored = await content.manifest(thing.digest);
    if (stored === undefined) throw new TrustError('KIT_MISMATCH', `${quote(kit.name)}: does not hold ${thing.digest}`);
    const missed = await loadImage(stored, undefined, { from: content, to, ...(options.onBlob !== undefined && { onBlob: options.onBlob }) });
    for (const { what, problem } of missed)
      throw new TrustError(problem.code, `${what}: ${problem.message}: no tag was set`, { cause: problem, hint: problem.hint });
    loaded.push({ stored, tag: thing.tag, to });
  }
  for (const { stored, tag, to } of loaded) {
    if (tag !== undefined) await to.putManifest({ bytes: stored.bytes, mediaType: stored.descriptor.mediaType, tag });
  }
  return imports.map(({ thing, repository }) => `${repositoryText(repository)}@${thing.digest}`);
}

interface Import {
  readonly thing: KitImage;
  readonly to: ContentReader & ContentWriter;
  readonly repository: RepositoryName;
}

/** Errors: `USAGE` for a target that is no registry. */
function targetOf({ name }: KitImage, target: string): RepositoryName {
  const prefix = target.replace(/\/+$/, '');
  const { repository } = parseReference(name);
  const parsed = parseReference(`${prefix}/${repository}`);
  if (parsed.registry !== DOCKER_HUB || /^(?:index\.)?docker\.io\//.test(prefix)) return { registry: parsed.registry, repository: parsed.repository };
  throw new TrustError('USAGE', `neither a registry nor a folder: ${quote(target)}`, { hint: 'write HOST[:PORT][/PATH], or ./FOLDER' });
}

/** Images of one name from two registries would take each other's place. */
function refuseCollisions(imports: readonly Import[]): void {
  const taken = new Map<string, KitImage>();
  for (const { thing, repository } of imports) {
    if (thing.tag === undefined) continue;
    const name = `${repositoryText(repository)}:${thing.tag}`;
    const other = taken.get(name);
    if (other !== undefined && other.digest !== thing.digest) {
      throw new TrustError('OCI_EXISTS', `${other.name} and ${thing.name} would both become ${name}`, {
        expected: other.digest,
        found: thing.digest,
        hint: 'make a kit of each',
      });
    }
    taken.set(name, thing);
  }
}

/** A tag is somebody's name for an image: it is moved only when that was asked for. */
async function refuseMovingTag({ tag, digest }: KitImage, to: ContentReader): Promise<void> {
  const present = tag === undefined ? undefined : await to.resolve(tag);
  if (present === undefined || present.digest === digest) return;
  throw new TrustError('OCI_EXISTS', `${to.name}: the tag ${tag} names another image already`, {
    expected: digest,
    found: present.digest,
    hint: 'move it with --force',
  });
}
