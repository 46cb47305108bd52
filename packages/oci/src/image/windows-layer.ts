/**
 * A tar as Windows containers want their layers: everything below `Files/`, an empty `Hives/` beside it, and an owner that may run the files, in the
 * record `MSWINDOWS.rawsd` (a security descriptor: owner and group are BUILTIN\Users).
 */
import { posix } from 'node:path';
import { quote, TrustError } from '@assay/core';
import type { BodySource } from '@assay/net';
import { decompressed } from './compression.ts';
import { type NewEntry, readTar, writeTar } from './tar.ts';

/** Without compression, whatever `tar` has. Errors while it is read: `OCI_LAYER`, also when it is of that form already. */
export function windowsLayer(tar: BodySource, what: string): BodySource {
  return { size: undefined, open: () => writeTar(moved(tar, what)) };
}

async function* moved(tar: BodySource, what: string): AsyncGenerator<NewEntry, void, void> {
  for (const name of ['Files', 'Hives']) yield { header: { name, size: 0, type: 'directory', mode: 0o555 } };
  for await (const { header, content } of readTar(decompressed(tar.open(), what), what)) {
    if (header.name.startsWith('Files/')) throw new TrustError('OCI_LAYER', `file path "${quote(header.name)}" already suitable for Windows`);
    const changed = { ...header, name: posix.join('Files', header.name), pax: { ...header.pax, 'MSWINDOWS.rawsd': USERS } };
    yield header.type === 'file' ? { header: changed, content } : { header: { ...changed, size: 0 } };
  }
}

const USERS = 'AQAAgBQAAAAkAAAAAAAAAAAAAAABAgAAAAAABSAAAAAhAgAAAQIAAAAAAAUgAAAAIQIAAA==';
