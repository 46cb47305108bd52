import { describe, expect, it } from 'vitest';
import { idsOf, runCataloger } from '../system/test/run-cataloger.ts';
import { pythonInstalled } from './python-installed.ts';
import { pythonLock } from './python-lock.ts';

const HEX = 'ab'.repeat(32);

function graph({ packages }: ReturnType<typeof runCataloger>): string[] {
  return packages.map(({ name, version, dependsOn }) => `${name} ${version} -> ${dependsOn.map((purl) => purl.slice('pkg:pypi/'.length)).join(' ')}`);
}

describe('Python packages that lie there', () => {
  const SITE = '/usr/lib/python3.11/site-packages';
  it('are those of wheels and eggs, and depend on what is there', () => {
    const run = runCataloger(pythonInstalled, [
      {
        path: `${SITE}/Foo_Bar-1.0.dist-info/METADATA`,
        content: `Metadata-Version: 2.1\r\nName: Foo_Bar\r\nVersion: 1.0\r\nLicense: BSD\r\nAuthor: Ann\r\nRequires-Dist: b.B (>=2) ; python_version > "3"\r\nRequires-Dist: extra-only ; extra == 'x'\r\nRequires-Dist: gone\r\n\r\nName: not this\r\n`,
      },
      { path: `${SITE}/b_b.egg-info/PKG-INFO`, content: 'Name: B-B\nVersion: 2.0\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n' },
      { path: `${SITE}/c-3.egg-info`, content: 'Name: c\nVersion: 3\nLicense-Expression: MIT OR Apache-2.0\nLicense: other\n' },
      { path: `${SITE}/d-1.dist-info/METADATA`, content: 'Name: d\nVersion: 1\nLicense: the whole\n        text of it\nDescription: x\n' },
      { path: `${SITE}/d-1.dist-info/direct_url.json`, content: '{"url":"https://example.org/d.git","vcs_info":{"vcs":"git","commit_id":"abc"}}' },
      { path: '/usr/lib/python2.7/Python.egg-info', content: 'Name: Python\nVersion: 2.7\n' },
    ]);
    expect(run.reports).toEqual([]);
    expect(graph(run)).toEqual(['foo-bar 1.0 -> b-b@2.0', 'b-b 2.0 -> ', 'c 3 -> ', 'd 1 -> ']);
    expect(run.packages.map(({ licenses, supplier }) => [licenses, supplier])).toEqual([
      [['BSD'], 'Ann'],
      [['MIT License'], undefined],
      [['MIT OR Apache-2.0'], undefined],
      [[], undefined],
    ]);
    expect(run.packages[3]?.purl).toBe('pkg:pypi/d@1?vcs_url=git%2Bhttps:%2F%2Fexample.org%2Fd.git%40abc');
  });

  it('in one environment depend on those in it', () => {
    const metadata = (root: string, name: string, version: string) => ({
      path: `/${root}/site-packages/${name}.dist-info/METADATA`,
      content: `Name: ${name}\nVersion: ${version}\nRequires-Dist: b\n`,
    });
    const run = runCataloger(pythonInstalled, [metadata('one', 'a', '1'), metadata('one', 'b', '1'), metadata('two', 'a', '2'), metadata('two', 'b', '2')]);
    expect(graph(run)).toEqual(['a 1 -> b@1', 'b 1 -> b@1', 'a 2 -> b@2', 'b 2 -> b@2']);
  });

  it.each([
    ['nothing', ''],
    ['a continuation of nothing', '  x\n'],
    ['no colon', 'Name\n'],
    ['a megabyte of colons', ':'.repeat(1_000_000)],
  ])('with %s are none', (_, content) => {
    expect(idsOf(runCataloger(pythonInstalled, [{ path: '/a.dist-info/METADATA', content }]))).toEqual([]);
  });
});

describe('what a Python project would install', () => {
  it.each<[file: string, content: string, graph: string[]]>([
    [
      'poetry.lock',
      `[[package]]\nname = "A_a"\nversion = "1.0"\nfiles = [{file = "a.whl", hash = "sha256:${HEX}"}]\n[package.dependencies]\nb = {version = "*", optional = true}\nc = [{version = "1", markers = "extra == 'x'"}]\n\n[[package]]\nname = "b"\nversion = "2"\n\n[[package]]\nname = "c"\nversion = "3"\n`,
      ['a-a 1.0 -> b@2', 'b 2 -> ', 'c 3 -> '],
    ],
    [
      'uv.lock',
      `version = 1\n[[package]]\nname = "a"\nversion = "1.0"\ndependencies = [{ name = "b" }]\nsdist = { url = "x", hash = "sha256:${HEX}" }\n\n[[package]]\nname = "b"\nversion = "2"\n`,
      ['a 1.0 -> b@2', 'b 2 -> '],
    ],
    ['run.py.lock', 'version = 1\n[[package]]\nname = "a"\nversion = "1.0"\n', ['a 1.0 -> ']],
    [
      'pdm.lock',
      `[[package]]\nname = "a"\nversion = "1.0"\ndependencies = ["b>=2", "c; extra == 'x'"]\nfiles = [{file = "a", hash = "sha256:${HEX}"}]\n\n[[package]]\nname = "b"\nversion = "2"\n`,
      ['a 1.0 -> b@2', 'b 2 -> '],
    ],
    ['Pipfile.lock', `{"default":{"A.b":{"version":"==1.0","hashes":["sha256:${HEX}"]}},"develop":{"d":{"version":"==1"}}}`, ['a-b 1.0 -> ']],
    [
      'dev-requirements.in.txt',
      '# c\nflask == 4.0.0\nurllib3===1.26.20\nrange >= 1.0\nlist == 1.0, != 2\nwild == 2.8.*\n-e git+https://example.org/x\n--hash=x\nargh[x, y]==0.26.2 ; python_version < "3" \\\n   --hash=sha256:' +
        HEX +
        '\nepoch==1!2.0+local.1 # why\n',
      ['flask 4.0.0 -> ', 'urllib3 1.26.20 -> ', 'argh 0.26.2 -> ', 'epoch 1!2.0+local.1 -> '],
    ],
    ['setup.py', "setup(install_requires=['a==1.0', \"b == 2.0;python_version<'3'\", 'c>=3', '%s==1'])", ['a 1.0 -> ', 'b 2.0 -> ']],
  ])('is in %s', (file, content, expected) => {
    const run = runCataloger(pythonLock, [{ path: `/p/${file}`, content }]);
    expect(run.reports).toEqual([]);
    expect(graph(run)).toEqual(expected);
  });

  it('has the hashes of all the files it may be', () => {
    const lock = `version = 1\n[[package]]\nname = "a"\nversion = "1"\nwheels = [{ hash = "sha256:${HEX}" }, { hash = "md5:short" }, { hash = "sha256:${HEX.toUpperCase()}" }]\n`;
    const [found] = runCataloger(pythonLock, [{ path: '/uv.lock', content: lock }]).packages;
    expect(found?.hashes).toEqual([
      { algorithm: 'SHA-256', value: HEX },
      { algorithm: 'SHA-256', value: HEX },
    ]);
  });

  it.each([
    ['uv.lock', 'version = 2\n', /version 2 of uv\.lock is not known/],
    ['poetry.lock', '[[package]\n', /not TOML/],
    ['poetry.lock', `a = ${'['.repeat(100_000)}`, /not TOML/],
    ['Pipfile.lock', '{', /not JSON/],
  ])('is reported when %s is %s', (file, content, message) => {
    const { reports } = runCataloger(pythonLock, [{ path: `/${file}`, content }]);
    expect(reports).toEqual([expect.stringMatching(/^SBOM_UNREADABLE: /)]);
    expect(reports[0]).toMatch(message);
  });

  it('is read from requirements that would take a naive pattern years', () => {
    for (const content of [
      'a'.repeat(200_000),
      `a==${'1.'.repeat(30_000)}\u0001`,
      `a${'['.repeat(50_000)}`,
      `a ${' '.repeat(60_000)}x`,
      `a==1${' \\\n'.repeat(50_000)}`,
    ]) {
      runCataloger(pythonLock, [{ path: '/requirements.txt', content }]);
    }
  });
});
