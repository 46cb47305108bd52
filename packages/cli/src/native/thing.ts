/**
 * What an argument names (architecture.md section 5):
 *
 *   an existing path       a file; a folder with `oci-layout` in it is a layout
 *   `-`, `sha256:HEX`      standard input, a digest
 *   anything else          an image reference
 *
 * `oci://` and `file:` force it. A bare name that is no file is not looked for on Docker Hub: it is far more often a typing mistake than an image.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseDigest, TrustError } from '@assay/core';

export type Thing = { readonly kind: 'file' | 'layout' | 'image'; readonly name: string };

/** Errors: `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `USAGE`. */
export function thingOf(argument: string): Thing {
  if (argument.startsWith('oci://')) return { kind: 'image', name: argument.slice('oci://'.length) };
  if (argument.startsWith('file:')) return fileOrLayout(argument.slice('file:'.length));
  if (argument === '-' || existsSync(argument)) return fileOrLayout(argument);
  if (parseDigest(argument) !== undefined) return { kind: 'file', name: argument };
  if (/^[./]/.test(argument) || !/[/:@]/.test(argument)) throw noFile(argument);
  return { kind: 'image', name: argument };
}

function fileOrLayout(path: string): Thing {
  if (path !== '-' && !existsSync(path)) throw noFile(path);
  if (path === '-' || !statSync(path).isDirectory()) return { kind: 'file', name: path };
  if (existsSync(join(path, 'oci-layout'))) return { kind: 'layout', name: path };
  throw new TrustError('FILE_UNREADABLE', `${path}: is a folder, a file was expected`, { hint: 'a folder that holds an image has oci-layout in it' });
}

function noFile(path: string): TrustError {
  const hint = /^[a-z0-9._-]+$/.test(path) ? `check the path in the message; an image of that name is docker.io/library/${path}` : undefined;
  return new TrustError('FILE_NOT_FOUND', `${path}: no such file`, hint === undefined ? {} : { hint });
}
