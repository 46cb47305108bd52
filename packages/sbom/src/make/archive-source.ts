/** An archive as programs are published in: `.tar`, also compressed with gzip or zstd, and `.zip`. Looked into without unpacking; what it is, its bytes say. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { isTrustError, TrustError } from '@assay/core';
import { decompressed, layeredEntries } from '@assay/oci/image';
import type { Unreadable } from '../inventory.ts';
import { HEAD_BYTES } from './cataloger.ts';
import { fileSource, requireFile } from './folder-source.ts';
import { openZip, zipBudget } from './language/zip.ts';
import type { Source, SourceFile } from './source.ts';
import { fileOf, MAX_EXPANSION } from './tar-file.ts';

type Report = (unreadable: Unreadable) => void;

/** Undefined for a file that is none; Java's are files, of which its cataloger knows more. Errors: `FILE_…`. */
export async function archiveSource(path: string): Promise<Source | undefined> {
  requireFile(path);
  const kind = await kindOf(path);
  if (kind === undefined) return undefined;
  const { subject } = fileSource(path); // reads all of it, for its digest
  return { subject, files: (report) => (kind === 'tar' ? tarFiles(path, report) : zipFiles(path, report)) };
}

async function kindOf(path: string): Promise<'tar' | 'zip' | undefined> {
  const head = await beginning(createReadStream(path, { end: HEAD_BYTES - 1 }));
  if (head.startsWith(ZIP_MAGIC)) return /\.zip$/i.test(path) ? 'zip' : undefined;
  try {
    const inside = await beginning(decompressed(createReadStream(path), path));
    return inside.startsWith(TAR_MAGIC, TAR_MAGIC_AT) ? 'tar' : undefined;
  } catch (error) {
    // It begins like something compressed, and is nothing of the kind.
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

/** As Latin-1. */
async function beginning(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let head = Buffer.alloc(0);
  for await (const chunk of chunks) {
    head = Buffer.concat([head, chunk]);
    if (head.length >= HEAD_BYTES) break;
  }
  return head.toString('latin1');
}

async function* tarFiles(path: string, report: Report): AsyncGenerator<SourceFile, void, void> {
  const archive = { mediaType: 'application/x-tar', digest: `sha256:${'0'.repeat(64)}` as const, size: statSync(path).size };
  const onUnreadable = ({ code, message }: TrustError): void => report({ path: '/', code, message: message.replace(archive.digest, 'the archive') });
  for await (const entry of layeredEntries([archive], { blob: () => createReadStream(path) }, { onUnreadable, maxExpansion: MAX_EXPANSION })) {
    if (entry.content !== undefined) yield await fileOf(entry, entry.content, undefined);
  }
}

async function* zipFiles(path: string, report: Report): AsyncGenerator<SourceFile, void, void> {
  const say = ({ code, message }: Pick<TrustError, 'code' | 'message'>, at = '/'): void => report({ path: at, code, message });
  const { size } = statSync(path);
  if (size > MAX_ZIP_BYTES) return say(new TrustError('SBOM_LIMIT', `${size} bytes are more than ${MAX_ZIP_BYTES}, the cap`));
  try {
    const zip = await openZip(readFileSync(path), zipBudget(), (message) => say(new TrustError('SBOM_UNREADABLE', message)));
    for (const name of zip.names) {
      const content = await zip.read(name, MAX_ZIP_BYTES).catch((error: unknown) => told(error, (problem) => say(problem, `/${name}`)));
      if (content !== undefined) yield inMemory(`/${name}`, content);
    }
  } catch (error) {
    told(error, say);
  }
}

function told(error: unknown, say: (problem: TrustError) => void): undefined {
  if (!isTrustError(error)) throw error;
  say(error);
}

/** Archives made on Windows say nothing of who may run what. */
function inMemory(path: string, content: Uint8Array): SourceFile {
  return { path, size: content.length, mode: 0o755, isHidden: false, head: content.subarray(0, HEAD_BYTES), read: async () => content };
}

const ZIP_MAGIC = 'PK\x03\x04';
/** POSIX.1-1988. */
const TAR_MAGIC = 'ustar';
const TAR_MAGIC_AT = 257;
const MAX_ZIP_BYTES = 1024 * 1024 * 1024;
