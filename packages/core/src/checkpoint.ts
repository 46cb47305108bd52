/**
 * Checkpoints: the signed note by which a log commits to a tree (c2sp.org/tlog-checkpoint).
 *
 *   origin                 Rekor v1 `<host> - <tree id>`, Rekor v2 `<host>`
 *   tree size, decimal
 *   root hash, base64 of 32 bytes
 *   extension lines, if any
 */
import { decodeBase64 } from './base64.ts';
import { HASH_SIZE } from './merkle.ts';
import { type Note, parseNote } from './note.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly treeSize: bigint;
  readonly rootHash: Uint8Array;
  readonly extensions: readonly string[];
  readonly note: Note;
}

export type CheckpointResult = { readonly checkpoint: Checkpoint } | { readonly problem: string };

export function parseCheckpoint(text: string): CheckpointResult {
  const parsed = parseNote(text);
  if ('problem' in parsed) return parsed;
  const { note } = parsed;
  const [origin, size, root, ...extensions] = note.body.slice(0, -1).split('\n');
  if (origin === undefined || size === undefined || root === undefined) return { problem: 'fewer than three lines: expected origin, tree size and root hash' };
  if (origin === '') return { problem: 'the origin is empty' };
  if (!TREE_SIZE.test(size)) return { problem: 'the tree size is not a decimal number' };
  const rootHash = decodeBase64(root);
  if (rootHash?.length !== HASH_SIZE) return { problem: 'the root hash is not base64 of 32 bytes' };
  if (extensions.includes('')) return { problem: 'an extension line is empty' };
  return { checkpoint: { origin, treeSize: BigInt(size), rootHash, extensions, note } };
}

/** Rekor v1 puts the tree id behind the host; v2 origins must not look like that (services.md section 1). */
export function isRekorV1Origin(origin: string): boolean {
  return REKOR_V1_ORIGIN.test(origin);
}

/** The names under which a log may sign: the host of its URL, also with port or path. Compared as whole strings, never as patterns. */
export function originNames(baseUrl: string): string[] {
  const scheme = baseUrl.indexOf('://');
  const withoutScheme = (scheme < 0 ? baseUrl : baseUrl.slice(scheme + 3)).replace(/\/+$/, '');
  const [authority = ''] = withoutScheme.split('/');
  const host = authority.replace(/:\d+$/, '');
  return [...new Set([host, authority, withoutScheme, host + withoutScheme.slice(authority.length)])].filter((name) => name !== '');
}

const TREE_SIZE = /^(?:0|[1-9]\d{0,18})$/;
const REKOR_V1_ORIGIN = /^.+ - \d+$/;
