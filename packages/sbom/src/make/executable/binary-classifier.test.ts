import { describe, expect, it } from 'vitest';
import { makeInventory } from '../make.ts';
import type { SourceFile } from '../source.ts';
import { dpkg } from '../system/dpkg.ts';
import { idsOf, runCataloger, type TestFile } from '../system/test/run-cataloger.ts';
import { binaryClassifier } from './binary-classifier.ts';
import { CLASSIFIERS } from './classifiers.ts';

/** A program of some size around what identifies it. */
function program(text: string): Buffer {
  return Buffer.concat([Buffer.alloc(3000, 0x90), Buffer.from(text, 'latin1'), Buffer.alloc(3000, 0x90)]);
}

const PROGRAMS: readonly [path: string, text: string, found: string][] = [
  ['/usr/local/bin/node', 'x\0node.js/v24.21.0\0', 'node 24.21.0'],
  ['/opt/bin/node', '\0v4.9.1\0', 'node 4.9.1'],
  ['/usr/bin/python3.11', '\x003.11.2\0', 'python 3.11.2'],
  ['/usr/lib/libpython3.9.so.1.0', '\x003.9.18+\0', ''],
  ['/usr/lib/libpython3.9.so.1.0', '\x003.9.18\0', 'python 3.9.18'],
  ['/usr/local/go/bin/go', 'go1.26.0\0', 'go 1.26.0'],
  ['/bin/busybox', 'BusyBox v1.36.1 (2024-01-01)', 'busybox 1.36.1'],
  ['/bin/bash', '@(#)Bash version 5.2.15(1) release GNU', 'bash 5.2.15'],
  ['/usr/bin/openssl', '\0OpenSSL 3.0.15 3 Sep 2024\0', 'openssl 3.0.15'],
  ['/usr/bin/openssl', '\0OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\0', 'aws-lc 1.69.0'],
  ['/usr/sbin/nginx', '\0nginx version: openresty/1.21.4.1', 'nginx 1.21.4'],
  ['/usr/bin/redis-server', 'a7.0.14buildkitsandbox-1702957741000000000', 'redis 7.0.14'],
  ['/usr/bin/postgres', '\0PostgreSQL 15.1', 'postgresql 15.1'],
  ['/usr/sbin/httpd', 'Apache/2.4.58', 'httpd 2.4.58'],
  ['/usr/bin/mysql', '10.6.15-MariaDB', 'mariadb 10.6.15'],
  ['/usr/bin/mysql', '/a/mysql-8.0.4-rc/x', 'mysql 8.0.4'],
  ['/usr/sbin/haproxy', 'version 2.9.1-c6f1a8b, released 2023', 'haproxy 2.9.1'],
  ['/usr/bin/curl', 'curl/8.5.0', 'curl 8.5.0'],
  ['/usr/bin/gzip', '%s: %s: not in gzip format\0\x001.12\0', 'gzip 1.12'],
  ['/usr/bin/gzip', '\x001.12\0', ''],
  ['/usr/local/bin/helm', '\0v3.22.0\0\0\0', 'helm 3.22.0'],
  ['/usr/bin/ruby', 'ruby 3.2.1 (2023-02-08 revision 31819e82c8) [x86_64-linux]', 'ruby 3.2.1'],
  ['/usr/lib/jvm/bin/java', '\0openjdk\0java\x000.0\x0011.0.17+8-LTS\0', 'openjdk 11.0.17+8-LTS'],
  ['/usr/lib/jvm/bin/java', 'openjdk\0java\x001.8\x001.8.0_352-b08\0', 'openjdk 1.8.0_352-b08'],
  ['/usr/bin/other', '\0node.js/v24.21.0\0', ''],
];

describe('a program that no package brought', () => {
  it.each(PROGRAMS)('%s with %j is %j', (path, text, expected) => {
    expect(idsOf(runCataloger(binaryClassifier, [{ path, content: program(text) }])).join(', ')).toBe(expected);
  });

  it('is found however large it is, and where windows of reading meet', () => {
    const content = Buffer.alloc(3 * 1024 * 1024, 0x20);
    for (const at of [1024 * 1024 - 8, 2 * 1024 * 1024 - 3, content.length - 12]) {
      const large = Buffer.from(content);
      large.write('\0v6.17.1\0', at, 'latin1');
      expect(idsOf(runCataloger(binaryClassifier, [{ path: '/node', content: large }]))).toEqual(['node 6.17.1']);
    }
  });

  it('may leave its version to a file beside it', () => {
    const files: TestFile[] = [
      { path: '/usr/local/go/VERSION', content: 'go1.22.3\ntime 2024' },
      { path: '/usr/local/go/bin/go', content: program('nothing') },
      { path: '/elsewhere/VERSION', content: 'go1.0' },
    ];
    expect(idsOf(runCataloger(binaryClassifier, files))).toEqual(['go 1.22.3']);
  });

  it('of a Java runtime is that runtime, which says what it is', () => {
    const release = 'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_RUNTIME_VERSION="21.0.4+7-LTS"\nJAVA_VERSION="21.0.4"\nSOURCE_REPO="https://example.org/jdk"\n';
    const files: TestFile[] = [
      { path: '/opt/java/bin/java', content: program('\0openjdk\0java\x000.0\x0021.0.4+7-LTS\0') },
      { path: '/opt/java/release', content: release },
      { path: '/etc/release', content: 'Debian' },
    ];
    const { packages } = runCataloger(binaryClassifier, files);
    expect(packages.map(({ purl, supplier }) => [purl, supplier])).toEqual([
      ['pkg:generic/oracle/openjdk@21.0.4%2B7-LTS?repository_url=https:%2F%2Fexample.org%2Fjdk', 'Eclipse Adoptium'],
    ]);
  });

  it('is not listed when a package of the system owns it, by either of its paths', async () => {
    const files: Record<string, string | Buffer> = {
      '/var/lib/dpkg/status': 'Package: bash\nStatus: install ok installed\nVersion: 5.2\n\n',
      '/var/lib/dpkg/info/bash.list': '/.\n/bin\n/bin/bash\n',
      '/usr/bin/bash': program('@(#)Bash version 5.2.15(1) release GNU'),
      '/usr/local/bin/bash': program('@(#)Bash version 4.4.0(1) release GNU'),
    };
    const source = {
      subject: { kind: 'folder', name: 'root', version: '', digest: undefined, created: undefined } as const,
      files: async function* (): AsyncGenerator<SourceFile> {
        for (const [path, text] of Object.entries(files)) {
          const content = Buffer.from(text as string);
          yield { path, size: content.length, mode: 0o755, isHidden: false, head: content.subarray(0, 512), read: async () => content };
        }
      },
    };
    const { packages } = await makeInventory(source, { catalogers: [dpkg, binaryClassifier] });
    expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['bash 5.2', 'bash 4.4.0']);
  });

  it('that is made to match slowly ends', () => {
    const names = [
      'grafana',
      'grafana-server',
      'envoy',
      'helm',
      'mysql',
      'mysqld',
      'pilot-agent',
      'traefik',
      'redis-server',
      'java',
      'jdb',
      'node',
      'rust',
      'nginx-ingress-controller',
    ];
    const fillers = ['1', '1.', '\x001.1.1', '\0v1.1.1\0', 'HEAD\0', '\0', 'a', '\x001.30.1\0', 'go1.1.1\0+DT', '/mysql-'].map((text) =>
      Buffer.alloc(256 * 1024, text, 'latin1'),
    );
    for (const name of names) for (const content of fillers) runCataloger(binaryClassifier, [{ path: `/${name}`, content }]);
  }, 60_000);

  it('has a rule that can be found: each names a kind of file', () => {
    for (const { name, patterns, beside } of CLASSIFIERS)
      expect([name, typeof patterns === 'function' || patterns.length > 0 || beside !== undefined]).toEqual([name, true]);
  });
});
