/**
 * The real helm as a judge of ours: the same command lines through both, archives and manifests compared byte for byte, each pulling and verifying what the
 * other pushed and signed. Needs helm 3.22.0 on PATH or in the testbed (ASSAY_TESTBED); without it these tests skip.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { findHelm, HELM_VERSION, runRealHelm } from './foreign-helm.ts';
import { KEY_NAME, PUBLIC_KEYRING, SECRET_KEYRING } from './helm/keyring.ts';
import { filesOf, openHelmScene } from './helm-scene.ts';
import { transcriptsIn } from './play-transcripts.ts';
import { type Run, runCli } from './run-cli.ts';
import { expand } from './transcript.ts';

const helm = findHelm() ?? '';
if (helm === '') console.warn(`tests against the real helm are skipped: no helm ${HELM_VERSION} on PATH or in ASSAY_TESTBED`);

const scene = await openHelmScene();
const { registry, scratch } = scene;
const home = scratch.path('home');
const theirs = (argv: readonly string[]): Promise<Run> => runRealHelm(helm, argv, home);
const ours = (argv: readonly string[]): Promise<Run> => runCli(['helm', ...argv], { network: 'open', now: new Date() });
const succeed = async (run: Promise<Run>): Promise<Run> => {
  const done = await run;
  expect(done, done.stderr).toMatchObject({ status: 0 });
  return done;
};

const commands = transcriptsIn('helm').flatMap((file) => file.commands);

describe.skipIf(helm === '')('the real helm', () => {
  test.each(commands)('prints the same: $line', async ({ words, expected }) => {
    expect(scene.shown(await theirs(expand(words.slice(1), scene.values)))).toEqual(expected);
  });
});

/** Where helm answers otherwise, and why we do not. */
const DIFFERENCES: readonly (readonly [string, readonly string[]])[] = [
  ['we have no chart repositories', ['pull', 'stable/demo']],
  ['nor charts by URL', ['show', 'chart', 'nowhere']],
  ['we say which file the pattern is in', ['package', 'badignore']],
  ['we do not guess what else a file is', ['push', 'notes.tgz', 'oci://localhost/x']],
  ['we take the tag of a version as helm prints it', ['pull', `oci://${registry.host}/diff/plus:1.0.0_build.1`, '--plain-http']],
  ['we do not follow links out of the chart', ['package', 'outside']],
  ['we do not mix what is unpacked with what is there', ['pull', `oci://${registry.host}/diff/demo:1.2.3`, '--untar', '--plain-http']],
];

describe.skipIf(helm === '')('differences', () => {
  beforeAll(async () => {
    const { symlinkSync } = await import('node:fs');
    scratch.write('badignore/Chart.yaml', readFileSync('names/Chart.yaml'));
    scratch.write('badignore/.helmignore', 'a/**');
    scratch.write('outside/Chart.yaml', readFileSync('names/Chart.yaml'));
    symlinkSync('../notes.yaml', 'outside/link');
    for (const chart of ['demo', 'plus']) await succeed(ours(['package', chart, '-d', 'diff']));
    for (const archive of ['demo-1.2.3', 'plus-1.0.0+build.1']) await succeed(ours(['push', `diff/${archive}.tgz`, `oci://${registry.host}/diff`]));
  });

  // The list must not rot: what no longer differs is no longer a difference.
  test.each(DIFFERENCES)('%s', async (_, argv) => {
    const [one, other] = [await theirs(argv), await ours(argv)];
    expect(scene.shown(one)).not.toEqual(scene.shown(other));
  });
});

describe.skipIf(helm === '')('archives', () => {
  test.each(['demo', 'old', 'locked', 'linked', 'names', 'plus'])('%s: the same but for times and compression', async (chart) => {
    const [folder, name] = [`made-${chart}`, (await succeed(theirs(['package', chart, '-d', `made-${chart}`]))).stdout.trim().split('/').at(-1)];
    const made = readFileSync(`${folder}/${name}`);
    await succeed(ours(['package', chart, '-d', folder]));
    const own = readFileSync(`${folder}/${name}`);
    expect(withoutTimes(gunzipSync(own))).toEqual(withoutTimes(gunzipSync(made)));
    expect(own.subarray(0, GZIP_HEAD_BYTES)).toEqual(made.subarray(0, GZIP_HEAD_BYTES));
  });
});

describe.skipIf(helm === '')('registries', () => {
  const { content, host } = registry;

  beforeAll(async () => {
    await succeed(theirs(['package', 'demo', '-d', 'theirs']));
    await succeed(theirs(['package', 'plus', '-d', 'theirs']));
    await succeed(ours(['package', 'demo', '-d', 'ours']));
    for (const folder of ['theirs', 'ours']) scratch.write(`${folder}/demo-1.2.3.tgz.prov`, 'any provenance');
  });

  test.each(['theirs/demo-1.2.3', 'theirs/plus-1.0.0+build.1', 'ours/demo-1.2.3'])('%s: both push the same manifest', async (archive) => {
    const run = await succeed(theirs(['push', `${archive}.tgz`, `oci://${host}/pushed/theirs`, '--plain-http']));
    const own = await succeed(ours(['push', `${archive}.tgz`, `oci://${host}/pushed/ours`]));
    expect(own.stderr).toBe(run.stderr.replaceAll('/theirs/', '/ours/'));
    const [name = '', tag = ''] = /\/([a-z]+)-(.*)$/.exec(archive.replace('+', '_'))?.slice(1) ?? [];
    const stored = content.getManifest(`pushed/ours/${name}`, tag);
    expect(stored?.digest).toBeDefined();
    expect(Buffer.from(stored?.bytes ?? [])).toEqual(Buffer.from(content.getManifest(`pushed/theirs/${name}`, tag)?.bytes ?? []));
  });

  test.each([
    ['helm pulls what we pushed', 'ours', theirs],
    ['we pull what helm pushed', 'theirs', ours],
  ] as const)('%s', async (_, pushed, pull) => {
    const chart = `oci://${host}/pushed/${pushed}/demo`;
    const into = `pulled-${pushed}`;
    scratch.write(`${into}/x`, '');
    await succeed(pull(['pull', chart, '--prov', '-d', into, '--plain-http']));
    await succeed(pull(['pull', chart, '--untar', '-d', into, '--plain-http']));
    expect(readFileSync(`${into}/demo-1.2.3.tgz`)).toEqual(readFileSync('ours/demo-1.2.3.tgz'));
    expect(readFileSync(`${into}/demo-1.2.3.tgz.prov`, 'utf8')).toBe('any provenance');
    expect(filesOf(scratch.path(`${into}/demo`))['values.yaml']).toBe(readFileSync('demo/values.yaml', 'latin1'));
  });
});

describe.skipIf(helm === '')('provenance', () => {
  const secret = scratch.write('secring.gpg', SECRET_KEYRING);
  const publicKeys = scratch.write('pubring.gpg', PUBLIC_KEYRING);

  test.each([
    ['helm signs', theirs],
    ['we sign', ours],
  ] as const)('%s, and both accept it in the same words, and nothing that was changed', async (name, sign) => {
    const folder = `signed-${name.split(' ')[0]}`;
    const archive = `${folder}/demo-1.2.3.tgz`;
    await succeed(sign(['package', 'demo', '-d', folder, '--sign', '--key', KEY_NAME, '--keyring', secret]));
    const verify = ['verify', archive, '--keyring', publicKeys];
    const accepted = await succeed(theirs(verify));
    expect(await ours(verify)).toEqual(accepted);
    scratch.write(archive, Buffer.concat([readFileSync(archive), Buffer.from('x')]));
    const refused = await theirs(verify);
    expect(refused.status).toBe(1);
    expect(await ours(verify)).toEqual(refused);
  });
});

/** Times of entries, and the sums over them, as zeros. */
function withoutTimes(tar: Buffer): Buffer {
  const masked = Buffer.from(tar);
  for (let at = 0; masked[at] !== undefined && masked[at] !== 0; ) {
    const size = Number.parseInt(masked.toString('latin1', at + 124, at + 135), 8);
    masked.fill('0', at + 136, at + 147).fill('0', at + 148, at + 156);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return masked;
}

/** With the extra field and the comment. */
const GZIP_HEAD_BYTES = 58;
