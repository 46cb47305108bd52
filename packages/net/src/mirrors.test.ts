import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caught } from '../test/caught.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { loadMirrors, parseMirrors } from './mirrors.ts';

const plain = (content: string | Uint8Array): Record<string, string> =>
  Object.fromEntries([...parseMirrors(content, 'mirrors')].map(([host, url]) => [host, url.href]));

test.each<[string, string, Record<string, string>]>([
  ['a line with =', 'ghcr.io = http://127.0.0.1:5000', { 'ghcr.io': 'http://127.0.0.1:5000/' }],
  ['a line with = and no spaces', 'ghcr.io=http://127.0.0.1:5000', { 'ghcr.io': 'http://127.0.0.1:5000/' }],
  ['a line with spaces', 'ghcr.io  \thttp://127.0.0.1:5000', { 'ghcr.io': 'http://127.0.0.1:5000/' }],
  [
    'lines of Windows, comments and gaps',
    '# mirrors\r\n\r\n a.test http://m # one\r\n\tb.test = https://m\r\n',
    { 'a.test': 'http://m/', 'b.test': 'https://m/' },
  ],
  ['JSON', '\n{ "ghcr.io": "http://127.0.0.1:5000",\n "quay.io": "https://m.test" }', { 'ghcr.io': 'http://127.0.0.1:5000/', 'quay.io': 'https://m.test/' }],
  ['empty JSON', '{}', {}],
  ['nothing', '', {}],
  ['comments only', '# nothing\n', {}],
  ['a prefix, without slashes at its end', 'a.test https://m.test/hub/x//', { 'a.test': 'https://m.test/hub/x' }],
  ['hosts with ports and addresses', 'localhost:5000 http://m\n[::1]:5000 http://m\n', { 'localhost:5000': 'http://m/', '[::1]:5000': 'http://m/' }],
  ['a host in capitals', 'GHCR.io http://m', { 'ghcr.io': 'http://m/' }],
  ['docker.io', 'docker.io http://m', { 'index.docker.io': 'http://m/' }],
  ['registry-1.docker.io', '{"registry-1.docker.io":"http://m"}', { 'index.docker.io': 'http://m/' }],
  ['a URL with = in its path', 'a.test http://m/x=y', { 'a.test': 'http://m/x=y' }],
])('reads %s', (_, content, expected) => {
  expect(plain(content)).toEqual(expected);
  expect(plain(new TextEncoder().encode(content))).toEqual(expected);
});

test.each<[string, string, string]>([
  ['a host alone', 'a.test http://m\nghcr.io', 'mirrors:2: expected "registry = URL"'],
  ['a host and =', 'ghcr.io =', 'mirrors:1: expected "registry = URL"'],
  ['three words', 'a.test b.test http://m', 'mirrors:1: expected "registry = URL"'],
  ['no host', '= http://m', 'mirrors:1: = is not the host of a registry, e.g. ghcr.io'],
  ['a URL as a host', '\nhttps://ghcr.io http://m', 'mirrors:2: https://ghcr.io is not the host of a registry, e.g. ghcr.io'],
  ['a repository as a host', 'ghcr.io/a http://m', 'mirrors:1: ghcr.io/a is not the host of a registry, e.g. ghcr.io'],
  ['a mirror without scheme', 'ghcr.io 127.0.0.1:5000', 'mirrors:1: 127.0.0.1:5000 is not an http or https URL'],
  ['a mirror of another scheme', 'ghcr.io file:///etc', 'mirrors:1: file:///etc is not an http or https URL'],
  ['credentials', 'ghcr.io http://me:hunter2@m', 'mirrors:1: http://m/: credentials belong into the Docker configuration'],
  ['a query', 'ghcr.io http://m/?t=hunter2', 'mirrors:1: http://m/?…: a mirror has neither query nor fragment'],
  ['a registry twice', '# x\na.test http://m\na.test http://n', 'mirrors:3: a.test is named twice'],
  ['a registry by two names', 'docker.io http://m\nindex.docker.io http://n', 'mirrors:2: index.docker.io is named twice'],
  ['broken JSON', '{\n "a.test": "http://m",\n}', 'mirrors:3: expected a member name at offset 25'],
  ['a JSON member twice', '{"a.test": "http://m",\n"a.test": "http://m"}', 'mirrors:2: duplicate member "a.test" at offset 23'],
  ['a JSON value that is no text', '{\n"a.test": "http://m",\n"b.test": 5000}', 'mirrors:3: the mirror of b.test is not text'],
  ['a JSON value that is no URL', '{\n"a.test": "m"}', 'mirrors:2: m is not an http or https URL'],
  ['control characters', 'a\u001b[31m http://m', 'mirrors:1: a\\u001b[31m is not the host of a registry, e.g. ghcr.io'],
])('refuses %s', async (_, content, message) => {
  const error = await caught(() => parseMirrors(content, 'mirrors'));
  expect(error).toMatchObject({ code: 'MIRRORS_PARSE', kind: 'malformed', message });
  expect(error.message).not.toContain('hunter2');
});

test('refuses what is not UTF-8', async () => {
  expect((await caught(() => parseMirrors(Uint8Array.of(0xff), 'mirrors'))).message).toBe('mirrors:1: not valid UTF-8');
});

test('loads a file, and names it', async () => {
  const file = join(temporaryFolder(), 'mirrors');
  writeFileSync(file, 'ghcr.io = http://127.0.0.1:5000');
  expect(loadMirrors(file).get('ghcr.io')?.host).toBe('127.0.0.1:5000');
  writeFileSync(file, '\nx');
  expect((await caught(() => loadMirrors(file))).message).toBe(`${file}:2: expected "registry = URL"`);
  expect((await caught(() => loadMirrors(join(file, 'none')))).code).toBe('FILE_NOT_FOUND');
});
