/**
 * Checksum files as the coreutils write and read them (coreutils manual, "cksum output modes"; sha256sum 9.1 is the yardstick):
 *
 *   HEX  NAME                text mode; HEX *NAME is binary mode, which means the same
 *   SHA256 (NAME) = HEX      with --tag
 *   \HEX  NA\nME             a backslash in front: `\\`, `\n` and `\r` in the name stand for what they say
 *
 * Lines may end in CR LF. The length of the digest tells its algorithm. Empty lines and comments (#) are none.
 */
import { quote, TrustError, utf8 } from '@assay/core';

export interface Checksum {
  /** As it stands there, unescaped: it may hold a path. */
  readonly name: string;
  readonly algorithm: 'sha256' | 'sha384' | 'sha512';
  /** Lower-case hex. */
  readonly hex: string;
  /** From 1. */
  readonly line: number;
}

/**
 * One for each name: a second line that says the same is none, and one that says something else is an error, since nobody can say which was meant.
 * Errors: `CHECKSUMS_PARSE` for a line that is no checksum, too: what it names would not be checked.
 */
export function parseChecksums(content: Uint8Array, file: string): Checksum[] {
  if (content.length > MAX_CHECKSUMS_BYTES) throw new TrustError('CHECKSUMS_PARSE', `${file}: larger than ${MAX_CHECKSUMS_BYTES} bytes, the cap`);
  const found = new Map<string, Checksum>();
  for (const [i, raw] of textOf(content, file).split('\n').entries()) {
    const text = raw.replace(/\r$/, '');
    if (text.trim() === '' || text.startsWith('#')) continue;
    const checksum = lineOf(text, i + 1);
    if (checksum === undefined) throw new TrustError('CHECKSUMS_PARSE', `${file}:${i + 1}: improperly formatted: ${quote(text)}`, { expected: 'HEX  NAME' });
    const before = found.get(checksum.name);
    if (before !== undefined && before.hex !== checksum.hex) {
      throw new TrustError('CHECKSUMS_PARSE', `${file}: lines ${before.line} and ${i + 1} say different things of ${quote(checksum.name)}`, {
        expected: before.hex,
        found: checksum.hex,
      });
    }
    if (before === undefined) found.set(checksum.name, checksum);
  }
  if (found.size === 0) throw new TrustError('CHECKSUMS_PARSE', `${file}: no properly formatted checksum lines found`);
  return [...found.values()];
}

/** Sorted by name, as text mode writes them. */
export function encodeChecksums(files: readonly { readonly name: string; readonly sha256: string }[]): Uint8Array {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return utf8(sorted.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
}

function textOf(content: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    throw new TrustError('CHECKSUMS_PARSE', `${file}: not UTF-8 text`, { cause: error });
  }
}

function lineOf(text: string, line: number): Checksum | undefined {
  const { mark = '', hex, name } = (PLAIN.exec(text) ?? TAGGED.exec(text))?.groups ?? {};
  const algorithm = ALGORITHMS.get(hex?.length ?? 0);
  if (hex === undefined || name === undefined || algorithm === undefined) return undefined;
  const tag = TAGGED.exec(text)?.groups?.['tag'];
  if (tag !== undefined && tag.toLowerCase() !== algorithm) return undefined;
  const plain = mark === '' ? name : unescaped(name);
  return plain === undefined ? undefined : { name: plain, algorithm, hex: hex.toLowerCase(), line };
}

/** Undefined for an escape that there is not. */
function unescaped(name: string): string | undefined {
  if (/\\(?![\\nr])/.test(name.replaceAll('\\\\', ''))) return undefined;
  return name.replace(/\\([\\nr])/g, (_, letter: string) => ESCAPED[letter] ?? letter);
}

const PLAIN = /^(?<mark>\\?)(?<hex>[A-Fa-f0-9]{64,128}) [ *](?<name>.+)$/s;
const TAGGED = /^(?<mark>\\?)(?<tag>SHA256|SHA384|SHA512) ?\((?<name>.+)\) ?= ?(?<hex>[A-Fa-f0-9]{64,128})$/s;
const ALGORITHMS: ReadonlyMap<number, Checksum['algorithm']> = new Map([
  [64, 'sha256'],
  [96, 'sha384'],
  [128, 'sha512'],
]);
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\' };
export const MAX_CHECKSUMS_BYTES = 16 * 1024 * 1024;
