/** The media type of a file by its first 512 bytes, as Go's `http.DetectContentType` tells it (WHATWG MIME Sniffing, section 7), without parameters. */
import { utf8 } from '@assay/core';

export const SNIFFED_BYTES = 512;

export function sniffMediaType(head: Uint8Array): string {
  const bytes = head.subarray(0, SNIFFED_BYTES);
  const text = bytes.subarray(firstNonSpace(bytes));
  if (HTML.some((tag) => startsWithTag(text, tag))) return 'text/html';
  if (matches(text, pattern('<?xml'))) return 'text/xml';
  const found = SIGNATURES.find(({ start }) => (typeof start === 'function' ? start(bytes) : matches(bytes, start)));
  if (found !== undefined) return found.type;
  return text.some(isBinary) ? 'application/octet-stream' : 'text/plain';
}

/** A byte each; undefined matches any. */
type Pattern = readonly (number | undefined)[];

/** `.` in `mask` stands over a byte that may be any. */
function pattern(text: string, mask = ''): Pattern {
  return [...text].map((char, i) => (mask[i] === '.' ? undefined : char.charCodeAt(0)));
}

function matches(bytes: Uint8Array, start: Pattern): boolean {
  return bytes.length >= start.length && start.every((byte, i) => byte === undefined || byte === bytes[i]);
}

function firstNonSpace(bytes: Uint8Array): number {
  const at = bytes.findIndex((byte) => !SPACES.has(byte));
  return at < 0 ? bytes.length : at;
}

/** A tag in any case, and behind it what ends its name. */
function startsWithTag(bytes: Uint8Array, tag: string): boolean {
  const expected = utf8(tag);
  if (bytes.length < expected.length + 1 || !expected.every((byte, i) => byte === upper(bytes[i] ?? 0))) return false;
  return bytes[expected.length] === SPACE || bytes[expected.length] === GREATER;
}

function upper(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
}

/** A box `ftyp` with a brand that begins with `mp4`. */
function isMp4(bytes: Uint8Array): boolean {
  if (bytes.length < 12 || !matches(bytes.subarray(4), pattern('ftyp'))) return false;
  const boxSize = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (bytes.length < boxSize || boxSize % 4 !== 0) return false;
  for (let at = 8; at < boxSize; at += 4) if (at !== 12 && matches(bytes.subarray(at), pattern('mp4'))) return true;
  return false;
}

function isBinary(byte: number): boolean {
  return byte <= 0x08 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f);
}

const SPACE = 0x20;
const GREATER = 0x3e;
const SPACES: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, SPACE]);
const HTML: readonly string[] = [
  '<!DOCTYPE HTML',
  '<HTML',
  '<HEAD',
  '<SCRIPT',
  '<IFRAME',
  '<H1',
  '<DIV',
  '<FONT',
  '<TABLE',
  '<A',
  '<STYLE',
  '<TITLE',
  '<B',
  '<BODY',
  '<BR',
  '<P',
  '<!--',
];
/** The first counts. */
const SIGNATURES: readonly { readonly start: Pattern | ((bytes: Uint8Array) => boolean); readonly type: string }[] = [
  { start: pattern('%PDF-'), type: 'application/pdf' },
  { start: pattern('%!PS-Adobe-'), type: 'application/postscript' },
  { start: pattern('\xfe\xff..', '  ..'), type: 'text/plain' },
  { start: pattern('\xff\xfe..', '  ..'), type: 'text/plain' },
  { start: pattern('\xef\xbb\xbf.', '   .'), type: 'text/plain' },
  { start: pattern('\x00\x00\x01\x00'), type: 'image/x-icon' },
  { start: pattern('\x00\x00\x02\x00'), type: 'image/x-icon' },
  { start: pattern('BM'), type: 'image/bmp' },
  { start: pattern('GIF87a'), type: 'image/gif' },
  { start: pattern('GIF89a'), type: 'image/gif' },
  { start: pattern('RIFF....WEBPVP', '    ....      '), type: 'image/webp' },
  { start: pattern('\x89PNG\r\n\x1a\n'), type: 'image/png' },
  { start: pattern('\xff\xd8\xff'), type: 'image/jpeg' },
  { start: pattern('FORM....AIFF', '    ....    '), type: 'audio/aiff' },
  { start: pattern('ID3'), type: 'audio/mpeg' },
  { start: pattern('OggS\x00'), type: 'application/ogg' },
  { start: pattern('MThd\x00\x00\x00\x06'), type: 'audio/midi' },
  { start: pattern('RIFF....AVI ', '    ....    '), type: 'video/avi' },
  { start: pattern('RIFF....WAVE', '    ....    '), type: 'audio/wave' },
  { start: isMp4, type: 'video/mp4' },
  { start: pattern('\x1a\x45\xdf\xa3'), type: 'video/webm' },
  { start: [...Array.from({ length: 34 }, () => undefined), ...pattern('LP')], type: 'application/vnd.ms-fontobject' },
  { start: pattern('\x00\x01\x00\x00'), type: 'font/ttf' },
  { start: pattern('OTTO'), type: 'font/otf' },
  { start: pattern('ttcf'), type: 'font/collection' },
  { start: pattern('wOFF'), type: 'font/woff' },
  { start: pattern('wOF2'), type: 'font/woff2' },
  { start: pattern('\x1f\x8b\x08'), type: 'application/x-gzip' },
  { start: pattern('PK\x03\x04'), type: 'application/zip' },
  { start: pattern('Rar!\x1a\x07\x00'), type: 'application/x-rar-compressed' },
  { start: pattern('Rar!\x1a\x07\x01\x00'), type: 'application/x-rar-compressed' },
  { start: pattern('\x00asm'), type: 'application/wasm' },
];
