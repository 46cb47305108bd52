import { createHash } from 'node:crypto';
import { isTrustError } from '@assay/core';
import { describe, expect, it } from 'vitest';
import type { Package } from '../../inventory.ts';
import { javaArchive } from './java-archive.ts';
import { parseArchiveName } from './java-names.ts';
import { manifest, type ZipEntry, zip } from './test/zips.ts';

const MANIFEST = 'META-INF/MANIFEST.MF';

async function read(path: string, content: Uint8Array): Promise<{ packages: Package[]; reports: string[] }> {
  const catalog = javaArchive.open();
  const reports: string[] = [];
  const file = { path, size: content.length, mode: 0o644, isHidden: false, head: content.subarray(0, 512) };
  expect(catalog.wants(file)).toBe(true);
  try {
    await catalog.read(file, content, (message) => reports.push(message));
  } catch (error) {
    if (!isTrustError(error)) throw error;
    reports.push(`${error.code}: ${error.message}`);
  }
  return { packages: [...catalog.packages(undefined)], reports };
}

async function purls(path: string, content: Uint8Array): Promise<string[]> {
  return (await read(path, content)).packages.map(({ purl }) => purl);
}

function pomProperties(groupId: string, artifactId: string, version: string): Record<string, string> {
  return { [`META-INF/maven/${groupId}/${artifactId}/pom.properties`]: `#made\ngroupId=${groupId}\nartifactId=${artifactId}\nversion=${version}\n` };
}

describe('the name of a file', () => {
  it.each([
    ['some-package-4.0.1.jar', 'some-package', '4.0.1'],
    ['prefix.thing-4.jar', 'prefix.thing', '4'],
    ['my-http2-server-5.jar', 'my-http2-server', '5'],
    ['jetpack-build235-rc5.jar', 'jetpack', 'build235-rc5'],
    ['ironman-r4-2009.jar', 'ironman-r4', '2009'],
    ['ironman-r4.jar', 'ironman', 'r4'],
    ['library_1.2.jar', 'library', '1.2'],
    ['library.1.2.jar', 'library', '1.2'],
    ['gradle-wrapper.jar', 'gradle-wrapper', ''],
    ['7zip.jar', '', ''],
  ])('%s is %s at %s', (path, name, version) => {
    expect(parseArchiveName(`/lib/${path}`)).toEqual({ name, version });
  });
});

describe('a Java archive', () => {
  it('is what its pom.properties say, with its digest, licence and vendor', async () => {
    const content = zip({
      [MANIFEST]: manifest({ 'Bundle-License': 'Apache-2.0', 'Implementation-Vendor': 'Example' }),
      ...pomProperties('org.example', 'core', '1.2.3'),
    });
    const { packages, reports } = await read('/app/lib/core-1.0.jar', content);
    expect(reports).toEqual([]);
    expect(packages).toEqual([
      {
        purl: 'pkg:maven/org.example/core@1.2.3',
        type: 'java-archive',
        name: 'core',
        version: '1.2.3',
        licenses: ['Apache-2.0'],
        hashes: [{ algorithm: 'SHA-1', value: createHash('sha1').update(content).digest('hex') }],
        locations: [{ path: '/app/lib/core-1.0.jar' }],
        dependsOn: [],
        supplier: 'Example',
        foundBy: 'java-archive',
      },
    ]);
  });

  it.each<[says: string, path: string, files: Record<string, string>, purls: string[]]>([
    [
      'by its manifest, when its name has no version',
      '/a/tool.jar',
      { [MANIFEST]: manifest({ 'Implementation-Version': '2.0', 'Automatic-Module-Name': 'com.example.tool' }) },
      ['pkg:maven/com.example.tool/tool@2.0'],
    ],
    [
      'by the name of its file before its manifest',
      '/a/tool-1.0.jar',
      { [MANIFEST]: manifest({ 'Implementation-Version': '2.0' }) },
      ['pkg:maven/tool/tool@1.0'],
    ],
    [
      'by a pom.xml that is alone',
      '/a/x.jar',
      {
        [MANIFEST]: manifest(),
        'META-INF/maven/g/a/pom.xml': '<project><parent><groupId>g</groupId><version>7</version></parent><artifactId>a</artifactId></project>',
      },
      ['pkg:maven/g/a@7'],
    ],
    [
      'by the name of its bundle',
      '/a/7.jar',
      { [MANIFEST]: manifest({ 'Created-By': 'Apache Maven Bundle Plugin', 'Bundle-SymbolicName': 'org.example.parts', 'Bundle-Version': '3' }) },
      ['pkg:maven/org.example.parts/parts@3'],
    ],
    ['with a value over two lines', '/a/b.jar', { [MANIFEST]: 'Manifest-Version: 1.0\r\nImplementation-Version: 1.\r\n 2\r\n\r\n' }, ['pkg:maven/b/b@1.2']],
    [
      'by version.properties, when it is a program',
      '/a/app.jar',
      { [MANIFEST]: manifest({ 'Main-Class': 'x' }), 'version.properties': 'tag=v0.63.5\n' },
      ['pkg:maven/app/app@0.63.5'],
    ],
    [
      'as a plugin of Jenkins',
      '/a/structs.hpi',
      { [MANIFEST]: manifest({ 'Plugin-Version': '5', 'Group-Id': 'org.jenkins-ci.plugins' }) },
      ['pkg:maven/org.jenkins-ci.plugins/structs@5'],
    ],
    ['without a manifest as nothing', '/a/b-1.jar', { 'A.class': '' }, []],
    ['of instrumentation as nothing', '/a/spring-1.jar', { [MANIFEST]: manifest({ 'Weave-Classes': 'x' }) }, []],
  ])('is found %s', async (_, path, files, expected) => {
    expect(await purls(path, zip(files))).toEqual(expected);
  });

  it('that bundles others has each as a package that it depends on', async () => {
    const content = zip({ [MANIFEST]: manifest(), ...pomProperties('org.example', 'app', '1.0'), ...pomProperties('org.other', 'lib', '2.0') });
    const { packages } = await read('/app-1.0.jar', content);
    expect(packages.map(({ purl, dependsOn }) => [purl, dependsOn])).toEqual([
      ['pkg:maven/org.example/app@1.0', ['pkg:maven/org.other/lib@2.0']],
      ['pkg:maven/org.other/lib@2.0', []],
    ]);
  });

  it('has the archives in it, compressed or not, also behind a script and in a plain zip', async () => {
    const library = zip({ [MANIFEST]: manifest(), ...pomProperties('org.example', 'lib', '2.0') });
    const war = zip([
      { name: MANIFEST, content: manifest({ 'Implementation-Version': '1' }) },
      { name: 'WEB-INF/lib/lib-2.0.jar', content: library, isStored: true },
      { name: 'WEB-INF/lib/broken.jar', content: 'no archive' },
    ]);
    const { packages, reports } = await read('/srv/app.war', war);
    expect(packages.map(({ purl, dependsOn, locations }) => [purl, dependsOn, locations])).toEqual([
      ['pkg:maven/app/app@1', ['pkg:maven/org.example/lib@2.0'], [{ path: '/srv/app.war' }]],
      ['pkg:maven/org.example/lib@2.0', [], [{ path: '/srv/app.war' }]],
    ]);
    expect(reports).toEqual([expect.stringMatching(/^WEB-INF\/lib\/broken\.jar: the archive cannot be read: /)]);
    expect(await purls('/srv/started.jar', Buffer.concat([Buffer.from('#!/bin/sh\nexec java -jar "$0"\n'), war]))).toEqual([
      'pkg:maven/started/started@1',
      'pkg:maven/org.example/lib@2.0',
    ]);
    expect(await purls('/srv/dist.zip', zip({ 'lib/app.war': war }))).toEqual(['pkg:maven/app/app@1', 'pkg:maven/org.example/lib@2.0']);
  });
});

describe('an archive that is made to hurt', () => {
  it('by nesting is read to a depth', async () => {
    let content = zip({ [MANIFEST]: manifest({ 'Implementation-Version': '0' }) });
    for (let i = 0; i < 12; i++) content = zip({ [MANIFEST]: manifest({ 'Implementation-Version': String(i) }), 'a.jar': content });
    const { packages, reports } = await read('/a.jar', content);
    expect(packages).toHaveLength(9);
    expect(reports).toEqual([expect.stringMatching(/nested more than 8 deep/)]);
  });

  it('by names that climb loses those', async () => {
    const { packages, reports } = await read(
      '/a.jar',
      zip({ [MANIFEST]: manifest({ 'Implementation-Version': '1' }), '../../etc/passwd': 'x', 'C:/b.jar': 'x' }),
    );
    expect(packages).toHaveLength(1);
    expect(reports).toEqual([expect.stringMatching(/\.\.\/\.\.\/etc\/passwd of the archive was left out/), expect.stringMatching(/C:\/b\.jar/)]);
  });

  const BOMB: ZipEntry = { name: MANIFEST, content: Buffer.alloc(64 * 1024 * 1024) };
  it.each<[by: string, entries: ZipEntry[], message: RegExp]>([
    ['a manifest of 64 MiB', [BOMB], /^SBOM_LIMIT: META-INF\/MANIFEST\.MF has 67108864 bytes/],
    ['a manifest that says it is small', [{ ...BOMB, declaredBytes: 10 }], /^SBOM_UNREADABLE: META-INF\/MANIFEST\.MF cannot be inflated/],
    ['an archive in it of 3 GiB', [{ name: 'a.jar', content: 'x', declaredBytes: 3 * 1024 ** 3 }], /^a\.jar: a\.jar has 3221225472 bytes/],
  ])('by %s is reported', async (_, entries, message) => {
    const { packages, reports } = await read('/b.jar', zip(entries));
    expect(packages).toEqual([]);
    expect(reports).toEqual([expect.stringMatching(message)]);
  });

  it('by entries that lie over each other is read within the budget', async () => {
    const one = zip({ [MANIFEST]: manifest({ 'Implementation-Version': '1' }), 'x.jar': zip({ [MANIFEST]: manifest({ 'Implementation-Version': '2' }) }) });
    const directory = one.indexOf('PK\x01\x02', 0, 'latin1');
    const end = one.lastIndexOf('PK\x05\x06', undefined, 'latin1');
    const entry = one.subarray(one.indexOf('PK\x01\x02', directory + 4, 'latin1'), end);
    const many = Array.from({ length: 2000 }, (_, i) => {
      const copy = Buffer.from(entry);
      copy.write(String(i % 10), copy.length - 5);
      return copy;
    });
    const tail = Buffer.from(one.subarray(end));
    tail.writeUInt16LE(2000, 8);
    tail.writeUInt16LE(2000, 10);
    tail.writeUInt32LE(entry.length * 2000, 12);
    const { reports } = await read('/a.zip', Buffer.concat([one.subarray(0, directory), ...many, tail]));
    expect(reports).toEqual([]);
  });

  it('by stored archives that lie over each other is read within the budget', async () => {
    const inner = Buffer.concat([Buffer.alloc(128 * 1024 * 1024), zip({ [MANIFEST]: manifest({ 'Implementation-Version': '2' }) })]);
    const one = zip([{ name: 'x0.jar', content: inner, isStored: true }]);
    const directory = one.lastIndexOf('PK\x01\x02', undefined, 'latin1');
    const entry = one.subarray(directory, -22);
    const many = Array.from({ length: 100 }, (_, i) => {
      const copy = Buffer.from(entry);
      copy.write(String.fromCharCode(0x21 + i), copy.length - 5);
      return copy;
    });
    const end = Buffer.from(one.subarray(-22));
    end.writeUInt16LE(many.length, 8);
    end.writeUInt16LE(many.length, 10);
    end.writeUInt32LE(entry.length * many.length, 12);
    const { reports } = await read('/a.zip', Buffer.concat([one.subarray(0, directory), ...many, end]));
    expect(reports.filter((report) => report.includes('has more than 2147483648 bytes, the cap')).length).toBeGreaterThan(70);
  }, 60_000);

  it('by 100,000 entries is read', async () => {
    const entries = Array.from({ length: 100_000 }, (_, i): ZipEntry => ({ name: `c/C${i}.class`, content: '', isStored: true }));
    expect(await purls('/many-1.0.jar', zip([...entries, { name: MANIFEST, content: manifest() }]))).toEqual(['pkg:maven/many/many@1.0']);
  }, 60_000);

  const SAMPLE = zip({
    [MANIFEST]: manifest({ 'Implementation-Version': '1' }),
    ...pomProperties('g', 'a', '1'),
    'META-INF/maven/g/a/pom.xml': `<project><artifactId>a</artifactId><version>\${v}</version><properties><v>\${v}</v></properties></project>`,
    'n.jar': zip({ [MANIFEST]: manifest() }),
  });

  it('by being cut anywhere, or with any byte changed, ends in packages and reports', async () => {
    for (let length = 0; length < SAMPLE.length; length += 3) await read('/a.jar', SAMPLE.subarray(0, length));
    for (let at = 0; at < SAMPLE.length; at++) {
      const changed = Buffer.from(SAMPLE);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      await read('/a.jar', changed);
    }
  }, 60_000);
});
