/**
 * Tar archives entry by entry, read and written as streams: over `tar-stream`, which knows the formats (POSIX pax and ustar, GNU, old V7) and caps the
 * size of extended headers.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isTrustError, quote, TrustError } from '@assay/core';
import { extract, type Header, type Pack, pack } from 'tar-stream';

export interface TarHeader {
  readonly name: string;
  readonly type: Header['type'];
  /** Bytes of content. */
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  readonly mtime: Date;
  /** Of links; a hard link names another entry from the root of the archive, a symbolic one from its own folder. */
  readonly linkname: string;
  readonly devmajor: number;
  readonly devminor: number;
  /** Records of the extended header: times finer than a second, extended attributes. */
  readonly pax: Readonly<Record<string, string>>;
}

export interface TarEntry {
  readonly header: TarHeader;
  /** Where the content begins in the archive. */
  readonly offset: number;
  /** To be read before the next entry is asked for, or not at all. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** All of `chunks` is read, also what follows the last entry: a stream that checks its digest says so in the end. Errors: `OCI_LAYER`, those of `chunks`. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<TarEntry, void, void> {
  const extractor = extract(OPTIONS);
  const fed = pipeline(Readable.from(chunks, { objectMode: true }), extractor as unknown as NodeJS.WritableStream).then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    for await (const entry of extractor) {
      // The types of its streams say nothing of iterating them.
      const content = entry as unknown as AsyncIterable<Uint8Array>;
      yield { header: headerOf(entry.header, what), offset: entry.offset + BLOCK_BYTES, content: readable(content, what) };
      entry.resume();
    }
  } catch (error) {
    throw unreadable(error, what);
  } finally {
    extractor.destroy();
  }
  const error = await fed;
  if (error !== undefined) throw unreadable(error, what);
}

/** Archives without a format in their headers are read too: the first tar wrote such. */
const OPTIONS = { highWaterMark: 16 * 1024, allowUnknownFormat: true };
const BLOCK_BYTES = 512;

function headerOf(raw: Header, what: string): TarHeader {
  const { name, type, linkname, pax } = raw;
  if (!type) throw new TrustError('OCI_LAYER', `${what}: ${quote(name)} is of a type that is not known`);
  if (name.includes('\0') || linkname?.includes('\0')) throw new TrustError('OCI_LAYER', `${what}: a name holds a NUL: ${quote(name)}`);
  return { ...raw, linkname: linkname ?? '', pax: (pax ?? {}) as Record<string, string> };
}

async function* readable(content: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* content;
  } catch (error) {
    throw unreadable(error, what);
  }
}

function unreadable(error: unknown, what: string): unknown {
  if (isTrustError(error) || !(error instanceof Error)) return error;
  if (error.message === 'Unexpected end of data') return new TrustError('OCI_LAYER', `${what}: unexpected EOF`, { cause: error });
  return TAR_PROBLEM.test(error.message) ? new TrustError('OCI_LAYER', `${what}: reading tar: ${error.message}`, { cause: error }) : error;
}

/** How tar-stream's errors begin that are about the archive. */
const TAR_PROBLEM = /^(?:Invalid |Header exceeds|Size mismatch)/;

export interface NewEntry {
  readonly header: Pick<TarHeader, 'name' | 'size'> & Partial<TarHeader>;
  readonly content?: AsyncIterable<Uint8Array>;
}

/** An archive of `entries`, in the order they come, each read when its turn has come. Errors: those of the entries. */
export async function* writeTar(entries: AsyncIterable<NewEntry>): AsyncGenerator<Uint8Array, void, void> {
  const packer = pack();
  packer.on('error', () => undefined); // told to whoever reads
  const written = writeEntries(entries, packer).catch((error: Error) => {
    packer.destroy(error);
    throw error;
  });
  written.catch(() => undefined); // it is told below, once the reader has seen the end
  try {
    yield* packer as unknown as AsyncIterable<Uint8Array>;
  } finally {
    packer.destroy();
  }
  await written;
}

async function writeEntries(entries: AsyncIterable<NewEntry>, packer: Pack): Promise<void> {
  for await (const { header, content } of entries) await writeEntry(header, content, packer);
  packer.finalize();
}

/** By hand: a pipeline for every entry would take longer than the small files that most entries are. */
function writeEntry(header: NewEntry['header'], content: NewEntry['content'], packer: Pack): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = packer.entry(encodable(header), (error) => (error ? reject(error) : resolve()));
    sink.on('error', () => undefined); // told to the callback too
    const drained = () => new Promise<void>((resume) => sink.once('drain', resume));
    const fill = async (): Promise<void> => {
      for await (const chunk of content ?? []) if (!sink.write(chunk)) await drained();
      sink.end(undefined);
    };
    fill().catch(reject);
  });
}

/**
 * tar-stream writes ids of more than 18 bits and times outside of 31 bits wrongly, and names twice when they are in the records too. Records hold any
 * value (POSIX pax), so what does not fit goes there.
 */
function encodable({
  name,
  size,
  type = 'file',
  mode = 0o644,
  uid = 0,
  gid = 0,
  mtime = new Date(0),
  linkname = '',
  pax = {},
  ...rest
}: NewEntry['header']): Partial<Header> & Pick<Header, 'name'> {
  const seconds = Math.floor(mtime.getTime() / 1000);
  const records: Record<string, string> = {
    ...Object.fromEntries(Object.entries(pax).filter(([key]) => !WRITTEN_ANEW.has(key))),
    ...(uid > MAX_ID && { uid: String(uid) }),
    ...(gid > MAX_ID && { gid: String(gid) }),
    ...((seconds < 0 || seconds > MAX_SECONDS) && { mtime: pax['mtime'] ?? String(seconds) }),
  };
  const fitting = { uid: Math.min(uid, MAX_ID), gid: Math.min(gid, MAX_ID), mtime: new Date(1000 * Math.min(Math.max(seconds, 0), MAX_SECONDS)) };
  const headers = { ...rest, name, size, type, mode, ...fitting, ...(linkname !== '' && { linkname }) };
  return Object.keys(records).length === 0 ? headers : { ...headers, pax: records };
}

const WRITTEN_ANEW: ReadonlySet<string> = new Set(['path', 'linkpath', 'size']);
const MAX_ID = 0o777777;
const MAX_SECONDS = 2 ** 31 - 1;
