/** Evidence in a registry, moved, changed and removed as somebody would who may write there. */
import { concat, decodeBase64, encodeBase64, utf8 } from '@assay/core';
import {
  allReferrers,
  attachmentTag,
  type Descriptor,
  type Digest,
  digestOf,
  parseReference,
  type RepositoryClient,
  removeFromFallback,
  type StoredManifest,
  sourceOf,
} from '@assay/oci';
import type { Placed, Storage } from './interop-scene.ts';

export type EvidenceKind = 'signature' | 'attestation';

/** What was made for an image lies where the evidence of its sibling would. */
export async function moved({ reference, sibling, repository }: Placed, storage: Storage, kind: EvidenceKind): Promise<void> {
  const other = await repository.requireManifest(digestIn(sibling));
  const stored = await read(reference, repository, storage, kind);
  const { mediaType, digest, size } = other.descriptor;
  if (storage === 'old') await repository.putManifest({ bytes: stored.bytes, mediaType: stored.descriptor.mediaType, tag: tagOf(sibling, kind) });
  else await put(repository, stored, (manifest) => ({ ...manifest, subject: { mediaType, digest, size } }));
}

/** Other bytes under the same signature. */
export async function changed({ reference, repository }: Placed, storage: Storage, kind: EvidenceKind): Promise<void> {
  const stored = await read(reference, repository, storage, kind);
  if (stored.manifest.kind !== 'image') throw new Error('not an image');
  const [layer] = stored.manifest.layers as [Descriptor];
  const content = changedContent(await repository.readBlob(layer, 1_000_000));
  const other: Descriptor = { ...layer, digest: digestOf(content), size: content.length };
  await repository.putBlob(other, sourceOf(content));
  await put(repository, stored, (manifest) => ({ ...manifest, layers: [other] }), storage === 'old' ? tagOf(reference, kind) : undefined);
  if (storage === 'new') await remove(repository, reference, stored);
}

export async function removed({ reference, repository }: Placed, storage: Storage, kind: EvidenceKind): Promise<void> {
  await remove(repository, reference, await read(reference, repository, storage, kind));
}

async function read(reference: string, repository: RepositoryClient, storage: Storage, kind: EvidenceKind): Promise<StoredManifest> {
  if (storage === 'old') return repository.requireManifest(tagOf(reference, kind));
  const [referrer, ...others] = await allReferrers(repository, digestIn(reference));
  if (referrer === undefined || others.length > 0) throw new Error('one referrer was expected');
  return repository.requireManifest(referrer.digest);
}

async function put(repository: RepositoryClient, { bytes, descriptor }: StoredManifest, edit: (manifest: object) => object, tag?: string): Promise<void> {
  const edited = utf8(JSON.stringify(edit(JSON.parse(new TextDecoder().decode(bytes)) as object)));
  await repository.putManifest({ bytes: edited, mediaType: descriptor.mediaType, tag });
}

async function remove(repository: RepositoryClient, reference: string, { descriptor: { digest } }: StoredManifest): Promise<void> {
  await repository.deleteManifest(digest);
  await removeFromFallback(repository, digestIn(reference), new Set([digest]));
}

/** A payload, an envelope, or a bundle around one: with a space behind what was signed, which says the same and is not what was signed. */
function changedContent(content: Uint8Array): Uint8Array {
  const document = JSON.parse(new TextDecoder().decode(content)) as { payload?: string; dsseEnvelope?: { payload: string } };
  const envelope = document.dsseEnvelope ?? document;
  if (envelope.payload === undefined) return spaced(content);
  envelope.payload = encodeBase64(spaced(decodeBase64(envelope.payload) as Uint8Array));
  return utf8(JSON.stringify(document));
}

function spaced(content: Uint8Array): Uint8Array {
  return concat(content, utf8(' '));
}

function tagOf(reference: string, kind: EvidenceKind): string {
  return attachmentTag(digestIn(reference), kind === 'signature' ? 'sig' : 'att');
}

function digestIn(reference: string): Digest {
  const { digest } = parseReference(reference);
  if (digest === undefined) throw new Error(`${reference} has no digest`);
  return digest;
}
