/**
 * Files that are too large for memory, beside the whole files of `store/disk.ts` and with the same promises: a blob is written under a name of its
 * own, synced, and renamed to where it is found.
 *
 *   append … append ─► sync ─► rename ─► fsync of the folder
 *
 * An interface, so that tests can put a disk in its place that is full, or that fails after having written.
 */
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../store/disk.ts';

export interface Streams {
  /** Opens a file to write at its end; made when it is not there. */
  append(path: string): Promise<AppendedFile>;
  /** Durable when it resolves, over what was there. When it rejects, the file is in one of the two places. */
  move(from: string, to: string): Promise<void>;
  /** From `start` up to, without, `end`; undefined when there is no file. Open once it resolves: the file may be removed from then on. */
  read(path: string, start: number, end: number): Promise<ReadableStream<Uint8Array> | undefined>;
}

export interface AppendedFile {
  /** When it rejects, any part of `bytes` may be in the file. */
  write(bytes: Uint8Array): Promise<void>;
  truncate(size: number): Promise<void>;
  /** What was written is durable when it resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The files below `root`, an absolute path. */
export function openStreams(root: string): Streams {
  const absolute = (path: string): string => join(root, path);
  const folders = new Folders(root);
  return {
    append: async (path) => {
      await folders.make(dirname(absolute(path)));
      const file = await open(absolute(path), 'a', 0o644);
      return {
        write: (bytes) => file.writeFile(bytes),
        truncate: (size) => file.truncate(size),
        sync: () => file.sync(),
        close: () => file.close(),
      };
    },
    move: async (from, to) => {
      await folders.make(dirname(absolute(to)));
      await rename(absolute(from), absolute(to));
      await syncFolder(dirname(absolute(to)));
    },
    read: async (path, start, end) => {
      const file = await open(absolute(path), 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return file && readChunks(file, start, end);
    },
  };
}

/** As fast as it is taken, and no faster: one chunk lies ready. Closes the file at the end, on failure, and when the reader goes. */
function readChunks(file: FileHandle, start: number, end: number): ReadableStream<Uint8Array> {
  let at = start;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const wanted = Math.min(CHUNK_BYTES, end - at);
        const { bytesRead, buffer } = wanted === 0 ? NOTHING : await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at);
        if (bytesRead === 0 && wanted > 0) throw new Error(`the file ended at byte ${at} of ${end}`);
        at += bytesRead;
        if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
        if (at < end) return;
        await file.close();
        controller.close();
      } catch (error) {
        await file.close().catch(() => undefined);
        controller.error(error);
      }
    },
    cancel: () => file.close(),
  });
}

/**
 * A folder is as durable as its name in the folder above it. That it is there does not say that it is, so each is synced once in each process. The root
 * itself is the care of the `Disk` beside us.
 */
class Folders {
  readonly #root: string;
  readonly #durable = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  async make(folder: string): Promise<void> {
    if (folder !== this.#root) await this.make(dirname(folder));
    const isNew = (await mkdir(folder, { recursive: true })) !== undefined;
    if (folder === this.#root || (!isNew && this.#durable.has(folder))) return;
    await syncFolder(dirname(folder));
    this.#durable.add(folder);
  }
}

/** Larger ones are a little faster, and leave more behind for the garbage collector. */
const CHUNK_BYTES = 64 * 1024;
const NOTHING = { bytesRead: 0, buffer: new Uint8Array(0) };
