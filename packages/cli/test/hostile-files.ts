/** Files that are not what their reader hopes for: the same mistakes for every kind of JSON document, and those of PEM. */
import { truncateSync } from 'node:fs';
import { generateKey } from '@assay/make';
import type { Scratch } from './run-cli.ts';

export interface HostileFile {
  readonly name: string;
  readonly write: (scratch: Scratch, path: string) => string;
}

const MIB = 1024 * 1024;

const written = (name: string, content: string | Uint8Array): HostileFile => ({ name, write: (scratch, path) => scratch.write(path, content) });

/** Of any kind. `capMib`: files above it are not read; the file has a hole for content, and takes no room. */
export function unreadableFiles(capMib: number): HostileFile[] {
  return [
    written('empty', ''),
    written('blank', ' \n\n'),
    written(
      'binary',
      Uint8Array.from({ length: 512 }, (_, i) => (i * 167 + 13) % 256),
    ),
    written('HTML', '<!doctype html><title>Sign in</title>'),
    {
      name: 'oversized',
      write(scratch, path) {
        const file = scratch.write(path, '');
        truncateSync(file, capMib * MIB + 1);
        return file;
      },
    },
    { name: 'missing', write: (scratch, path) => scratch.path(path) },
    { name: 'a folder', write: (scratch) => scratch.folder },
  ];
}

/** Mistakes in a JSON document that `valid` is. */
export function hostileDocuments(valid: string, capMib: number): HostileFile[] {
  return [
    ...unreadableFiles(capMib),
    written('truncated', valid.slice(0, -20)),
    written('trailing text', `${valid} x`),
    written('deeply nested', `{"a":${'['.repeat(100_000)}`),
    written('deep and closed', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`),
    written('duplicate key', valid.replace('{', '{"mediaType":"x",')),
    written('an array', '[]'),
    written('a text', '"text"'),
    written('null', 'null'),
    written('a number', '1e400'),
    written('an empty object', '{}'),
    written('invalid UTF-8', Buffer.concat([Buffer.from('{"mediaType":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])),
    written('a lone surrogate', '{"mediaType":"\\ud800"}'),
    written('prototype pollution', `{"__proto__":{"mediaType":"x"},"constructor":1}`),
  ];
}

export function hostileKeys(): HostileFile[] {
  const pem = generateKey('p256').publicPem;
  return [
    ...unreadableFiles(1),
    written('truncated', pem.slice(0, -40)),
    written('truncated inside', pem.replace(/\n.{20}/, '\n')),
    written('a private key', generateKey('p256').exportPrivatePem()),
    written('another label', pem.replaceAll('PUBLIC KEY', 'PUBLIC CAR')),
    written('no base64', pem.replace(/\n.*\n/, '\n!!!!\n')),
  ];
}
