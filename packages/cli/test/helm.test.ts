import { existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type RegistryOptions, serveRegistry } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandsOf } from '../src/helm/commands.ts';
import { KEY_FINGERPRINT, KEY_NAME, PUBLIC_KEYRING, SECRET_KEYRING } from './helm/keyring.ts';
import { filesOf, openHelmScene } from './helm-scene.ts';
import { type RunOptions, runCli } from './run-cli.ts';

const { scratch, registry } = await openHelmScene();
const { host } = registry;

const helm = (argv: readonly string[], options: RunOptions = {}) => runCli(['helm', ...argv], { network: 'open', ...options });
const succeed = async (argv: readonly string[], options: RunOptions = {}) => {
  const run = await helm(argv, options);
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return run;
};

let folders = 0;
/** A new folder, which does not exist yet. */
const fresh = (): string => {
  folders += 1;
  return `fresh-${folders}`;
};

async function openRegistry(options: RegistryOptions) {
  const opened = await serveRegistry(options);
  onTestFinished(() => opened.close());
  return opened;
}

test('helm pull oci://quay.io/enix/charts/x509-certificate-exporter --version 4.0.0', async () => {
  const out = fresh();
  scratch.write('x509/Chart.yaml', 'apiVersion: v2\nname: x509-certificate-exporter\nversion: 4.0.0\n');
  await succeed(['package', 'x509', '-d', out]);
  const mirrors = scratch.write('mirrors', `quay.io = ${registry.url}\n`);
  await succeed(['push', `${out}/x509-certificate-exporter-4.0.0.tgz`, `oci://${host}/enix/charts`]);
  const digest = registry.content.getManifest('enix/charts/x509-certificate-exporter', '4.0.0')?.digest;

  const line = 'helm pull oci://quay.io/enix/charts/x509-certificate-exporter --version 4.0.0';
  const run = await runCli(line.split(' '), { network: 'open', env: { ASSAY_REGISTRY_MIRRORS: mirrors } });
  expect(run).toEqual({ status: 0, stdout: '', stderr: `Pulled: quay.io/enix/charts/x509-certificate-exporter:4.0.0\nDigest: ${digest}\n` });
  expect(readFileSync('x509-certificate-exporter-4.0.0.tgz')).toEqual(readFileSync(`${out}/x509-certificate-exporter-4.0.0.tgz`));
});

test('assay chart is the same under our own name', async () => {
  expect(await runCli(['chart', 'pull'])).toMatchObject({ status: 1, stderr: expect.stringContaining('"assay chart pull" requires at least 1 argument') });
  expect(await runCli(['chart', 'nothing'])).toEqual({
    status: 1,
    stdout: '',
    stderr: 'Error: unknown command "nothing" for "assay chart"\nRun \'assay chart --help\' for usage.\n',
  });
});

test.each(['template', 'install', 'repo', 'dependency'])('%s is no command here', async (command) => {
  expect(await helm([command, 'x'])).toMatchObject({ status: 1, stderr: `Error: unknown command "${command}" for "helm"\nRun 'helm --help' for usage.\n` });
});

describe('help', () => {
  const shown = commandsOf('helm').filter(({ hidden }) => hidden !== true);

  test('lists every command', async () => {
    const { status, stdout } = await helm(['--help']);
    expect(status).toBe(0);
    for (const { name, summary } of shown) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  });

  test.each(shown.map(({ name }) => name))('%s has examples, and says every flag that works', async (name) => {
    const { status, stdout } = await runCli(['chart', ...name.split(' '), '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage:\n  assay chart ${name}`);
    expect(stdout).toMatch(/^Examples:\n {2}# .*\n {2}assay chart /m);
    expect(stdout).not.toContain('no effect');
  });
});

describe('what is not supported is refused by name', () => {
  test.each([
    [['package', 'demo', '-u'], '--dependency-update needs chart repositories'],
    [['pull', 'stable/demo'], 'chart repositories are not supported here'],
    [['pull', 'https://example.com/demo-1.0.0.tgz'], 'chart repositories are not supported here'],
    [['pull', 'oci://example.com/demo', '--repo', 'https://example.com'], '--repo names a chart repository'],
    [['show', 'values', 'demo', '--jsonpath', '{.a}'], '--jsonpath is not supported here'],
    [['pull', 'oci://example.com/demo', '--cert-file', 'c.pem'], '--cert-file and --key-file belong together'],
  ])('%j', async (argv, message) => {
    expect(await helm(argv, { network: 'none' })).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(message) });
  });
});

describe('push', () => {
  test('the manifest has the time at which the archive was written, and the provenance beside it', async () => {
    const out = fresh();
    await succeed(['package', 'demo', '-d', out]);
    utimesSync(`${out}/demo-1.2.3.tgz`, new Date('2026-02-03T04:05:06Z'), new Date('2026-02-03T04:05:06Z'));
    scratch.write(`${out}/demo-1.2.3.tgz.prov`, 'provenance');
    await succeed(['push', `${out}/demo-1.2.3.tgz`, `oci://${host}/with-prov`]);
    const stored = registry.content.getManifest('with-prov/demo', '1.2.3');
    const manifest = JSON.parse(Buffer.from(stored?.bytes ?? []).toString());
    expect(Object.keys(manifest)).toEqual(['schemaVersion', 'config', 'layers', 'annotations']);
    expect(Date.parse(manifest.annotations['org.opencontainers.image.created'])).toBe(Date.parse('2026-02-03T04:05:06Z'));
    expect(manifest.annotations['org.opencontainers.image.created']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[-+]\d\d:\d\d)$/);
    expect(manifest.layers.map(({ mediaType }: { mediaType: string }) => mediaType).toSorted()).toEqual([
      'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      'application/vnd.cncf.helm.chart.provenance.v1.prov',
    ]);

    const back = fresh();
    scratch.write(`${back}/x`, '');
    await succeed(['pull', `oci://${host}/with-prov/demo`, '--prov', '-d', back]);
    expect(readFileSync(`${back}/demo-1.2.3.tgz`)).toEqual(readFileSync(`${out}/demo-1.2.3.tgz`));
    expect(readFileSync(`${back}/demo-1.2.3.tgz.prov`, 'utf8')).toBe('provenance');
  });

  test('what is there is not sent again', async () => {
    const out = fresh();
    await succeed(['package', 'demo', '-d', out]);
    const push = ['push', `${out}/demo-1.2.3.tgz`, `oci://${host}/again`];
    await succeed(push);
    registry.reset();
    await succeed(push);
    expect(registry.requests.filter(({ method }) => method === 'POST' || method === 'PATCH')).toEqual([]);
  });

  test('an archive that is no chart is refused before anybody is asked', async () => {
    scratch.write('nochart.tgz', gzipSync(Buffer.alloc(1024)));
    expect(await helm(['push', 'nochart.tgz', `oci://${host}/x`], { network: 'none' })).toMatchObject({
      status: 1,
      stderr: 'Error: no files in chart archive\n',
    });
  });
});

describe('logins', () => {
  const auth = { kind: 'basic', username: 'someone', password: 'a secret' } as const;
  const stored = (registryHost: string) => ({ auths: { [registryHost]: { auth: Buffer.from('someone:a secret').toString('base64') } } });

  test.each([
    ['from flags', () => ({ argv: ['--username', 'someone', '--password', 'a secret'], env: {} })],
    ["from helm's own file", (at: string) => ({ argv: [], env: { HELM_REGISTRY_CONFIG: scratch.write('helm-login.json', stored(at)) } })],
    ['from the file of --registry-config', (at: string) => ({ argv: ['--registry-config', scratch.write('other-login.json', stored(at))], env: {} })],
    ['from Docker', (at: string) => ({ argv: [], env: { DOCKER_CONFIG: join(scratch.write('docker/config.json', stored(at)), '..') } })],
  ] as const)('%s', async (_, login) => {
    const own = await openRegistry({ auth });
    const { argv, env } = login(own.host);
    const out = fresh();
    await succeed(['package', 'demo', '-d', out]);
    const push = ['push', `${out}/demo-1.2.3.tgz`, `oci://${own.host}/private`];
    const refused = await helm(push);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('401 Unauthorized') });
    await succeed([...push, ...argv], { env });
    const { stderr } = await succeed(['pull', `oci://${own.host}/private/demo`, '-d', out, '--debug', ...argv], { env });
    expect(stderr).toContain(`GET ${own.url}/v2/private/demo/tags/list 200`);
    expect(stderr).not.toContain('secret');
  });
});

describe('provenance', () => {
  const later = { now: new Date('2026-09-01T00:00:00Z') };
  const secret = scratch.write('secring.gpg', SECRET_KEYRING);
  const publicKeys = scratch.write('pubring.gpg', PUBLIC_KEYRING);
  const signed = async () => {
    const out = fresh();
    await succeed(['package', 'demo', '-d', out, '--sign', '--key', KEY_NAME, '--keyring', secret], later);
    return `${out}/demo-1.2.3.tgz`;
  };
  const accepted =
    /^Signed by: chart signing key <charts@example\.com>\nUsing Key With Fingerprint: ([0-9A-F]{40})\nChart Hash Verified: sha256:[0-9a-f]{64}\n$/;

  test('what is signed verifies, with the keyring of GnuPG by default', async () => {
    const archive = await signed();
    const { stdout } = await succeed(['verify', archive, '--keyring', publicKeys], { ...later, network: 'none' });
    expect(accepted.exec(stdout)?.[1]).toBe(KEY_FINGERPRINT);
    await succeed(['verify', archive], { ...later, env: { GNUPGHOME: scratch.folder } });
    expect(await helm(['verify', archive], later)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^Error: failed to load keyring: open .*\/\.gnupg\/pubring\.gpg: no such file or directory\n$/),
    });
  });

  test('pull --verify saves a chart that verifies', async () => {
    await succeed(['push', await signed(), `oci://${host}/signed`]);
    const out = fresh();
    scratch.write(`${out}/x`, '');
    const { stdout } = await succeed(['pull', `oci://${host}/signed/demo`, '--verify', '--keyring', publicKeys, '-d', out], later);
    expect(stdout).toMatch(accepted);
    expect(Object.keys(filesOf(scratch.path(out)))).toEqual(['demo-1.2.3.tgz', 'demo-1.2.3.tgz.prov', 'x']);
    const { stdout: shown } = await succeed(['show', 'chart', `oci://${host}/signed/demo`, '--verify', '--keyring', publicKeys], later);
    expect(shown).toContain('name: demo');
  });

  test('pull --verify saves nothing else', async () => {
    const archive = await signed();
    scratch.write(`${archive}.prov`, readFileSync(`${archive}.prov`, 'utf8').replace('sha256:', 'sha256:0'));
    await succeed(['push', archive, `oci://${host}/forged`]);
    const out = fresh();
    scratch.write(`${out}/x`, '');
    for (const more of [[], ['--untar']]) {
      const run = await helm(['pull', `oci://${host}/forged/demo`, '--verify', '--keyring', publicKeys, '-d', out, ...more], later);
      expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('openpgp: invalid signature') });
    }
    expect(Object.keys(filesOf(scratch.path(out)))).toEqual(['x']);
  });

  test('a failed signature leaves no archive', async () => {
    const out = fresh();
    const run = await helm(['package', 'demo', '-d', out, '--sign', '--key', 'nobody', '--keyring', secret], later);
    expect(run).toMatchObject({ status: 1, stderr: 'Error: private key not found\n' });
    expect(existsSync(out)).toBe(false);
  });
});

describe('hostile charts', () => {
  /** What a registry may hold: nothing looks into an archive there. */
  function putChart(repository: string, archive: Uint8Array): void {
    const { content } = registry;
    const config = content.putBlob(repository, Buffer.from('{}'), 'application/vnd.cncf.helm.config.v1+json');
    const layer = content.putBlob(repository, archive, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip');
    content.putManifest(repository, { schemaVersion: 2, config, layers: [layer] }, { tag: '1.0.0' });
  }

  test.each([
    ['a bomb', gzipSync(Buffer.alloc(101 * 1024 * 1024)), 'decompressed chart is larger than the maximum file size 104857600'],
    ['a text', Buffer.from('text'), 'gzip: incorrect header check'],
    ['nothing', gzipSync(Buffer.alloc(1024)), 'no files in chart archive'],
  ])('%s is not unpacked', async (name, archive, message) => {
    const repository = `hostile/${name.replace(' ', '-')}`;
    putChart(repository, archive);
    const out = fresh();
    const run = await helm(['pull', `oci://${host}/${repository}`, '--version', '1.0.0', '--untar', '-d', out]);
    expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(`Error: ${message}`) });
    expect(existsSync(out)).toBe(false);
  });

  test('a blob that is not what its digest says is not saved', async () => {
    const lying = await openRegistry({ content: registry.content, lies: [{ lie: 'other-bytes', on: { path: /\/blobs\// } }] });
    const out = fresh();
    await succeed(['package', 'demo', '-d', out]);
    await succeed(['push', `${out}/demo-1.2.3.tgz`, `oci://${host}/lied-about`]);
    const back = fresh();
    scratch.write(`${back}/x`, '');
    const run = await helm(['pull', `oci://${lying.host}/lied-about/demo`, '-d', back]);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('not what its digest says') });
    expect(readdirSync(scratch.path(back))).toEqual(['x']);
  });
});

describe('unpacking', () => {
  test('what is unpacked is what was packaged', async () => {
    const out = fresh();
    await succeed(['package', 'demo', '-d', out]);
    await succeed(['push', `${out}/demo-1.2.3.tgz`, `oci://${host}/unpack`]);
    await succeed(['pull', `oci://${host}/unpack/demo:1.2.3`, '--untar', '-d', out, '--untardir', 'in']);
    const unpacked = filesOf(scratch.path(`${out}/in`));
    const names = ['.helmignore', 'Chart.yaml', 'README.md', 'charts/inner/Chart.yaml', 'crds/thing.yaml', 'templates/deployment.yaml', 'values.yaml'];
    expect(Object.keys(unpacked)).toEqual(names.map((name) => `demo/${name}`).toSorted());
    expect(unpacked['demo/values.yaml']).toBe(readFileSync('demo/values.yaml', 'latin1'));
  });

  test('a folder of the name of the chart is not touched, whatever name was typed', async () => {
    const out = fresh();
    await succeed(['package', 'demo', '-d', out]);
    await succeed(['push', `${out}/demo-1.2.3.tgz`, `oci://${host}/taken`]);
    scratch.write(`${out}/demo/mine`, 'mine');
    const run = await helm(['pull', `oci://${host}/taken/demo:1.2.3`, '--untar', '-d', out]);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining(`a file or directory with the name ${out}/demo already exists`) });
    expect(readdirSync(`${out}/demo`)).toEqual(['mine']);
  });
});
