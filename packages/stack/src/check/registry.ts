/**
 * The content of the registry: every blob is what its name says, every manifest has what it needs, every tag names one.
 *
 * What was pushed or removed in the meantime is no damage: what seems wrong is looked at a second time.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { decodeUtf8, quote } from '@assay/core';
import { blobPath, manifestPath, markerPath, referrerPath, repositoriesBelow, tagPath } from '../registry/content.ts';
import { type Digest, type DigestAlgorithm, digestOf, Hasher, isDigest, splitDigest } from '../registry/digest.ts';
import { describeManifest, parseManifest } from '../registry/manifest.ts';
import { RegistryRefusal } from '../registry/refusal.ts';
import type { Disk } from '../store/disk.ts';
import { type Finding, Report } from './finding.ts';
import type { Scene } from './scene.ts';

/** @param disk of the registry */
export async function checkRegistry(disk: Disk, report: Report, onProgress: Scene['onProgress']): Promise<void> {
  for await (const repository of repositoriesBelow(disk)) await checkRepository(disk, repository, report);
  await checkBlobs(disk, report, onProgress);
}

async function checkRepository(disk: Disk, repository: string, report: Report): Promise<void> {
  const folder = `repositories/${repository}`;
  for (const tag of await disk.list(`${folder}/_tags`)) await twice(report, (steady) => checkTag(disk, repository, tag, steady));
  for (const digest of await digestsIn(disk, `${folder}/_manifests`)) await twice(report, (steady) => checkManifest(disk, repository, digest, steady));
  for (const digest of await digestsIn(disk, `${folder}/_blobs`)) await twice(report, (steady) => checkMarker(disk, repository, digest, steady));
}

/** What a second look still finds. */
async function twice(report: Report, check: (report: Report) => Promise<void>): Promise<void> {
  const first: Finding[] = [];
  await check(new Report(first));
  if (first.length > 0) await check(report);
}

async function digestsIn(disk: Disk, folder: string): Promise<Digest[]> {
  const lists = await Promise.all(ALGORITHMS.map(async (algorithm) => (await disk.list(`${folder}/${algorithm}`)).map((hex) => `${algorithm}:${hex}`)));
  return lists.flat().filter(isDigest);
}

async function checkTag(disk: Disk, repository: string, tag: string, report: Report): Promise<void> {
  const path = tagPath(repository, tag);
  const bytes = await disk.read(path);
  if (bytes === undefined) return;
  const digest = decodeUtf8(bytes)?.trim() ?? '';
  if (!isDigest(digest)) report.error(path, 'the tag holds no digest', { found: quote(digest, 100), hint: PUSH_AGAIN });
  else if ((await disk.size(manifestPath(repository, digest))) === undefined)
    report.error(path, 'the tag names a manifest that is not there', { found: digest, hint: PUSH_AGAIN });
}

async function checkManifest(disk: Disk, repository: string, digest: Digest, report: Report): Promise<void> {
  const path = manifestPath(repository, digest);
  const bytes = await disk.read(path);
  if (bytes === undefined) return;
  const found = digestOf(bytes, splitDigest(digest)[0]);
  if (found !== digest) return report.error(path, 'the manifest is not what its name says', { expected: digest, found, hint: PUSH_AGAIN });
  try {
    const content = parseManifest(bytes);
    for (const needed of content.references) {
      const isThere = (await hasBlob(disk, repository, needed)) || (await disk.size(manifestPath(repository, needed))) !== undefined;
      if (!isThere) report.error(path, `the repository lacks ${needed}, which the manifest needs`, { hint: PUSH_AGAIN });
    }
    if (content.subject !== undefined)
      await checkReferrer(disk, referrerPath(repository, content.subject, digest), describeManifest(content, digest, bytes.length), report);
  } catch (error) {
    if (!(error instanceof RegistryRefusal)) throw error;
    report.error(path, `the manifest cannot be read: ${quote(error.message)}`, { hint: PUSH_AGAIN });
  }
}

async function hasBlob(disk: Disk, repository: string, digest: Digest): Promise<boolean> {
  return (await disk.size(markerPath(repository, digest))) !== undefined && (await disk.size(blobPath(digest))) !== undefined;
}

/** Of the manifests with one subject: how clients find signatures. */
async function checkReferrer(disk: Disk, path: string, descriptor: object, report: Report): Promise<void> {
  const bytes = await disk.read(path);
  if (bytes === undefined) report.error(path, 'a manifest with a subject is not listed among those of the subject', { hint: PUSH_AGAIN });
  else if (decodeUtf8(bytes) !== JSON.stringify(descriptor))
    report.error(path, 'what is listed of a manifest with a subject is not what the manifest says', { hint: PUSH_AGAIN });
}

async function checkMarker(disk: Disk, repository: string, digest: Digest, report: Report): Promise<void> {
  if ((await disk.size(markerPath(repository, digest))) === undefined) return;
  if ((await disk.size(blobPath(digest))) === undefined) report.error(blobPath(digest), `the blob is missing, and ${repository} has it`, { hint: PUSH_AGAIN });
}

async function checkBlobs(disk: Disk, report: Report, onProgress: Scene['onProgress']): Promise<void> {
  const blobs: { readonly digest: Digest; readonly size: number }[] = [];
  for (const algorithm of ALGORITHMS) {
    for (const start of await disk.list(`blobs/${algorithm}`)) {
      for (const hex of await disk.list(`blobs/${algorithm}/${start}`)) {
        const digest = `${algorithm}:${hex}`;
        if (isDigest(digest)) blobs.push({ digest, size: (await disk.size(blobPath(digest))) ?? 0 });
      }
    }
  }
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const { digest } of blobs) {
    const found = await hashFile(join(disk.root, blobPath(digest)), splitDigest(digest)[0], (bytes) => {
      done += bytes;
      onProgress({ part: 'registry', done, total, unit: 'bytes' });
    });
    if (found !== undefined && found !== digest)
      report.error(blobPath(digest), 'the blob is not what its name says', { expected: digest, found, hint: PUSH_AGAIN });
  }
}

/** Undefined for a file that has just been removed. */
async function hashFile(path: string, algorithm: DigestAlgorithm, onBytes: (count: number) => void): Promise<Digest | undefined> {
  const hasher = new Hasher(algorithm);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
      hasher.update(chunk);
      onBytes(chunk.length);
    }
    return hasher.digest();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const ALGORITHMS = ['sha256', 'sha512'] as const;
const CHUNK_BYTES = 1024 * 1024;
const PUSH_AGAIN = 'push it again, or restore the file from a backup';
