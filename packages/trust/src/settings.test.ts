import { expect, test } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { mirrorFolder } from './cache/folder.ts';
import { parseMirror } from './mirror.ts';
import { trustSettings } from './settings.ts';

test.each([
  [{ HOME: '/home/user' }, { offline: false, cacheDir: '/home/user/.cache/assay/tuf' }],
  [
    { HOME: '/home/user', XDG_CACHE_HOME: '/c' },
    { offline: false, cacheDir: '/c/assay/tuf' },
  ],
  [
    { HOME: '/home/user', XDG_CACHE_HOME: 'relative' },
    { offline: false, cacheDir: '/home/user/.cache/assay/tuf' },
  ],
  [
    { TUF_ROOT: '/t', XDG_CACHE_HOME: '/c' },
    { offline: false, cacheDir: '/t' },
  ],
  [
    { TUF_ROOT: '/t', ASSAY_OFFLINE: '1' },
    { offline: true, cacheDir: '/t' },
  ],
  [
    { TUF_ROOT: '/t', ASSAY_OFFLINE: 'true' },
    { offline: true, cacheDir: '/t' },
  ],
  [
    { TUF_ROOT: '/t', ASSAY_OFFLINE: '0' },
    { offline: false, cacheDir: '/t' },
  ],
  [
    { TUF_ROOT: '/t', ASSAY_OFFLINE: '', ASSAY_TRUST: '', TUF_MIRROR: '', TUF_ROOT_JSON: '' },
    { offline: false, cacheDir: '/t' },
  ],
  [
    { TUF_ROOT: '/t', ASSAY_TRUST: 'r.json', TUF_MIRROR: 'https://m', TUF_ROOT_JSON: 'root.json' },
    { offline: false, cacheDir: '/t', trustedRootFile: 'r.json', tufMirror: 'https://m', initialRoot: { file: 'root.json' } },
  ],
])('reads %j', (env, expected) => {
  expect(trustSettings(env)).toEqual(expected);
});

test.each([
  ['https://tuf-repo-cdn.sigstore.dev', 'tuf-repo-cdn.sigstore.dev'],
  ['https://tuf.example:8443/Prod/Root', 'tuf.example-8443-prod-root'],
  ['http://localhost:8080', 'localhost-8080'],
  ['https://[::1]:8080', '[--1]-8080'],
])('the folder of %s is %s', (mirror, folder) => {
  expect(mirrorFolder('/c', parseMirror(mirror).name)).toBe(`/c/${folder}`);
});

test('a mirror is named without its credentials and without a slash at the end', () => {
  expect(parseMirror('https://user:pw@tuf.example/a//')).toEqual({ url: 'https://user:pw@tuf.example/a', name: 'https://tuf.example/a' });
});

test.each(['ftp://tuf.example', 'tuf.example', 'https://tuf.example/?token=1', 'https://user:pw@tuf.example/#x'])('refuses the mirror %s', async (text) => {
  const error = await caught(() => parseMirror(text));
  expect(error.code).toBe('NET_URL');
  expect(error.message).not.toMatch(/pw|token/u);
});
