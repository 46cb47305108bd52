/** A disk that fails once, at the write of a given number, either before it has written or after. */
import type { AppendedFile, Streams } from '../src/registry/streams.ts';
import type { Disk } from '../src/store/disk.ts';

export interface Fault {
  /** From 1; every call that changes something counts. */
  readonly at: number;
  readonly when: 'not written' | 'written' | 'half written';
}

export interface FaultyDisk {
  readonly disk: Disk;
  readonly streams: Streams;
  /** Calls so far that changed something. */
  count(): number;
}

export function faultyDisk(disk: Disk, streams: Streams, fault: Fault): FaultyDisk {
  let count = 0;
  const guard = async (write: () => Promise<void>, half: () => Promise<void> = async () => undefined): Promise<void> => {
    count += 1;
    if (count !== fault.at) return write();
    await { 'not written': async () => undefined, written: write, 'half written': half }[fault.when]();
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  const guardedFile = (file: AppendedFile): AppendedFile => ({
    write: (bytes) =>
      guard(
        () => file.write(bytes),
        () => file.write(bytes.subarray(0, bytes.length >> 1)),
      ),
    truncate: (size) => guard(() => file.truncate(size)),
    sync: () => guard(() => file.sync()),
    close: () => file.close(),
  });
  const guarded = (inner: Disk): Disk => ({
    ...inner,
    write: (path, bytes, options) => guard(() => inner.write(path, bytes, options)),
    writeAll: (files) =>
      guard(
        () => inner.writeAll(files),
        () => inner.writeAll(files.slice(0, files.length >> 1)),
      ),
    append: (path, bytes) => guard(() => inner.append(path, bytes)),
    remove: (path) => guard(() => inner.remove(path)),
    at: (folder) => guarded(inner.at(folder)),
  });
  return {
    disk: guarded(disk),
    streams: {
      append: async (path) => guardedFile(await streams.append(path)),
      move: (from, to) => guard(() => streams.move(from, to)),
      read: (path, start, end) => streams.read(path, start, end),
    },
    count: () => count,
  };
}
