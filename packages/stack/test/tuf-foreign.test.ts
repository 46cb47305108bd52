/**
 * The real clients of the field against the TUF repository, over a socket and by the clock of this machine: cosign 3.1.3 and 2.6.5
 * (`initialize --mirror … --root …`), and sigstore-python (`sigstore trust-instance`). From the testbed (ASSAY_TESTBED) or PATH; without one its
 * tests skip.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createHttpClient } from '@assay/net';
import { createInstance, DEFAULT_CLAIMS, DEFAULT_IDENTITY } from '@assay/testkit';
import { fetchTarget } from '@assay/trust';
import { Hono } from 'hono';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTool, runTool } from '../../cli/test/foreign-tools.ts';
import { openDisk } from '../src/store/disk.ts';
import { openTufRepository, type TufKeys, type TufService, type TufTarget } from '../src/tuf/index.ts';
import { serveApp } from './registry-scene.ts';
import { makeKeys } from './tuf-scene.ts';

const cosigns = [findTool('cosign', '3.1.3'), findTool('cosign', '2.6.5')];
const python = findTool('sigstore-python', '4.5.1');
for (const { name, version, path } of [...cosigns, python]) {
  if (path === '') console.warn(`tests of the TUF repository with ${name} are skipped: no ${name} ${version} in ASSAY_TESTBED or on PATH`);
}

const folder = mkdtempSync(join(tmpdir(), 'assay-tuf-foreign-'));
const here = (path: string): string => join(folder, path);
const instance = createInstance();
const sample = instance.sign(Buffer.from('the artifact\n'));
const keys = makeKeys();
let tuf: TufService;
let mirror = '';
let close: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  tuf = await open('tuf', keys);
  const served = await serveApp(new Hono().route('/tuf', tuf.app));
  ({ close } = served);
  mirror = `${served.url}/tuf`;
  await tuf.publish(targetsOf(1));
  writeFileSync(here('root.json'), tuf.root());
  writeFileSync(here('other-root.json'), (await open('other', makeKeys())).root());
  writeFileSync(here('a.txt'), 'the artifact\n');
  writeFileSync(here('a.json'), sample.bundleBytes);
});
afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

function open(name: string, own: TufKeys): Promise<TufService> {
  return openTufRepository({ disk: openDisk(here(name)), clock: () => new Date(), baseUrl: mirror, log: pino({ level: 'silent' }), keys: own });
}

/** What a stack publishes; the number makes the trusted root another. */
function targetsOf(number: number): TufTarget[] {
  const trustedRoot = `${JSON.stringify(instance.trustedRoot())}${' '.repeat(number)}`;
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const legacy = (name: string, usage: string, bytes: string): TufTarget => ({
    name,
    bytes: Buffer.from(bytes),
    custom: { sigstore: { usage, status: 'Active', uri: 'http://127.0.0.1' } },
  });
  const signingConfig = {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'ANY' },
  };
  return [
    { name: 'trusted_root.json', bytes: Buffer.from(trustedRoot) },
    { name: 'signing_config.v0.2.json', bytes: json(signingConfig) },
    legacy('rekor.pub', 'Rekor', instance.rekorV1.key.publicPem),
    legacy('ctfe.pub', 'CTFE', instance.rekorV1.key.publicPem),
  ];
}

const trustedRootOf = (number: number): string => Buffer.from(targetsOf(number)[0]?.bytes ?? []).toString();

/** After each of them, every client once begins and once goes on. */
const CHANGES: readonly (readonly [name: string, number: number, change: () => Promise<void>])[] = [
  ['as it was at first', 1, async () => undefined],
  [
    'after a publication',
    2,
    async () => {
      await tuf.publish(targetsOf(2));
    },
  ],
  [
    'after a rotation of every key',
    2,
    async () => {
      await tuf.rotate(makeKeys({ root: 5, targets: 3 }));
    },
  ],
  [
    'after the publication that follows it',
    3,
    async () => {
      await tuf.rotate();
      await tuf.publish(targetsOf(3));
    },
  ],
];

describe.each(CHANGES)('%s', (_, number, change) => {
  beforeAll(change);

  describe.each(cosigns)('cosign $version', (cosign) => {
    const run = (home: string, ...argv: string[]) => runTool(cosign.path, argv, { home: here(home) });
    const initialize = (home: string, root = 'root.json') => run(home, 'initialize', '--mirror', mirror, '--root', here(root));

    test.skipIf(cosign.path === '').each(['begins', 'goes on'])('%s from the first root, and verifies with what it got', async (how) => {
      const home = how === 'begins' ? `cosign-${cosign.version}-${number}-${Math.random()}` : `cosign-${cosign.version}`;
      const initialized = await initialize(home);
      expect(initialized, initialized.stderr).toMatchObject({ status: 0 });
      expect(initialized.stderr).toBe('');
      const found = filesNamed(here(home), 'trusted_root.json').map((path) => readFileSync(path, 'utf8'));
      expect(found).toContain(trustedRootOf(number));
      const signer = ['--certificate-identity', DEFAULT_IDENTITY.san, '--certificate-oidc-issuer', DEFAULT_CLAIMS.iss];
      const newFormat = cosign.version === '2.6.5' ? ['--new-bundle-format'] : [];
      const verified = await run(home, 'verify-blob', '--bundle', here('a.json'), ...newFormat, ...signer, here('a.txt'));
      expect(verified, verified.stderr).toMatchObject({ status: 0, stderr: 'Verified OK\n' });
    });

    test.skipIf(cosign.path === '')('refuses it under the root of another', async () => {
      expect((await initialize(`cosign-${cosign.version}-wrong`, 'other-root.json')).status).not.toBe(0);
    });
  });

  describe('sigstore-python', () => {
    const trust = (home: string, root = 'root.json') => runTool(python.path, ['--instance', mirror, 'trust-instance', here(root)], { home: here(home) });

    test.skipIf(python.path === '').each(['begins', 'goes on'])('%s from the first root', async (how) => {
      const home = how === 'begins' ? `python-${number}-${Math.random()}` : 'python';
      const trusted = await trust(home);
      expect(trusted, trusted.stderr).toMatchObject({ status: 0 });
      const script =
        'import sys; from sigstore._internal.tuf import TrustUpdater; print(open(TrustUpdater(sys.argv[1]).get_trusted_root_path()).read(), end="")';
      const interpreter = join(dirname(python.path), 'bin/python');
      const read = await runTool(interpreter, ['-c', script, mirror], { home: here(home) });
      expect(read, read.stderr).toMatchObject({ status: 0, stdout: trustedRootOf(number) });
    });

    test.skipIf(python.path === '')('refuses it under the root of another', async () => {
      expect((await trust('python-wrong', 'other-root.json')).status).not.toBe(0);
    });
  });

  test('our own client gets the same', async () => {
    const http = createHttpClient();
    const options = {
      http,
      now: new Date(),
      cacheDir: here('ours'),
      tufMirror: mirror,
      initialRoot: { file: here('root.json') },
      requireFresh: true,
      maxAgeMs: 0,
    };
    const { bytes } = await fetchTarget('trusted_root.json', options);
    expect(Buffer.from(bytes).toString()).toBe(trustedRootOf(number));
    http.close();
  });
});

function filesNamed(below: string, name: string): string[] {
  return readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name === name)
    .map((entry) => join(entry.parentPath, name));
}
