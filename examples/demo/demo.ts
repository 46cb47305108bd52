/**
 * The whole story in one run, with nothing but this checkout and loopback: a private Sigstore starts in an empty folder; an image and a chart are
 * made and pushed to its registry; both are signed without a key, by what plays a release workflow; an SBOM and provenance are attested; all of it
 * is verified, with the proof. Then one byte of the image is changed, then another workflow is expected: both are refused, with the reason.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../../packages/cli/src/index.ts';
import { type Io, processIo } from '../../packages/cli/src/io.ts';
import { layer, sbom, writeChart } from './release.ts';

const WORKFLOW = { repository: 'example/app', file: 'release.yml', ref: 'refs/tags/v1.0.0' };
const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/assay.js', import.meta.url));

const started = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'assay-demo-'));
process.chdir(folder);
/** Nothing of the machine's own settings reaches in: no registry logins, no proxies, no other instance. */
const env: Record<string, string> = { PATH: process.env['PATH'] ?? '', HOME: folder };

const stack = await startStack();
let good = false;
try {
  good = await tell();
} finally {
  stack.process.kill('SIGTERM');
  await once(stack.process, 'exit');
  process.chdir(tmpdir());
  rmSync(folder, { recursive: true, force: true });
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
say(good ? `All of it ended as it should, in ${seconds} s: what was signed is accepted, two attempts are refused.` : 'The demo did not end as it should.');
process.exitCode = good ? 0 : 1;

async function tell(): Promise<boolean> {
  const { registry, oidc } = stack.endpoints;
  env['ASSAY_TRUST'] = join(folder, 'sigstore/client_trust_config.json');
  const [image, chart] = [`${registry}/app:1.0.0`, `oci://${registry}/charts/app:1.0.0`];
  const issuer = `${oidc}/github`;
  const identity = `https://github.com/${WORKFLOW.repository}/.github/workflows/${WORKFLOW.file}@${WORKFLOW.ref}`;
  const signer = ['--identity', identity, '--issuer', issuer];

  say('2. An image and a chart are made and pushed');
  writeFileSync('layer.tar', layer('echo "hello"\n'));
  writeChart('app');
  await run(0, 'crane', 'append', '--new_layer', 'layer.tar', '--new_tag', image);
  await run(0, 'chart', 'package', 'app');
  await run(0, 'chart', 'push', 'app-1.0.0.tgz', `oci://${registry}/charts`);
  const digest = (await output('crane', 'digest', image)).trim();
  const pinned = `${registry}/app@${digest}`;

  say('3. Both are signed without a key: the token of the release workflow says who it is');
  const { repository, file, ref } = WORKFLOW;
  env['SIGSTORE_ID_TOKEN'] = (await output('stack', 'token', '--data', 'sigstore', '--github', `repo=${repository},workflow=${file},ref=${ref}`)).trim();
  await run(0, 'sign', '--yes', pinned, chart);

  say('4. An SBOM and provenance are attested');
  writeFileSync('sbom.json', JSON.stringify(sbom(digest)));
  await run(0, 'attest', '--yes', '--type', 'cyclonedx', '--predicate', 'sbom.json', pinned);
  Object.assign(env, { GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: repository, GITHUB_REF: ref });
  await run(0, 'provenance', 'generate', pinned);

  const outcomes = [
    await step('5. The image is verified, with the proof', 0, 'verify', image, ...signer, '--full'),
    await step('6. So are its SBOM, the source and tag it was built from, and the chart', 0, 'verify', image, '--type', 'cyclonedx', ...signer),
    await run(0, 'verify', image, '--source', `github.com/${repository}`, '--tag', 'v1.0.0', '--issuer', issuer),
    await run(0, 'verify', chart, ...signer),
  ];

  say('7. One byte of the image is changed: somebody pushes it under the same tag');
  writeFileSync('layer.tar', layer('echo "hullo"\n'));
  await run(0, 'crane', 'append', '--new_layer', 'layer.tar', '--new_tag', image);
  outcomes.push(await run(1, 'verify', image, ...signer));
  outcomes.push(
    await step(
      '8. The true image, but another workflow is expected',
      1,
      'verify',
      pinned,
      '--identity',
      identity.replace('v1.0.0', 'v1.0.1'),
      '--issuer',
      issuer,
    ),
  );
  return outcomes.every((asExpected) => asExpected);
}

/** As an operator starts it: a process of its own, that says on one line where everything is. */
async function startStack(): Promise<{ process: ChildProcess; endpoints: { registry: string; oidc: string } }> {
  say('1. A private Sigstore starts, in an empty folder\n\n$ assay stack up --data sigstore');
  const child = spawn(process.execPath, [PROGRAM, 'stack', 'up', '--data', 'sigstore', '--output', 'json', '--log-level', 'error'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  let line = '';
  for await (const chunk of child.stdout) {
    line += String(chunk);
    if (line.includes('\n')) break;
  }
  if (line === '') throw new Error('the stack did not start');
  console.log(JSON.stringify(JSON.parse(line), undefined, 2).replaceAll(folder, '.'));
  return { process: child, endpoints: JSON.parse(line) };
}

async function step(title: string, expected: number, ...args: string[]): Promise<boolean> {
  say(title);
  return run(expected, ...args);
}

/** Whether it ended with the expected status. */
async function run(expected: number, ...args: string[]): Promise<boolean> {
  console.log(`\n$ assay ${args.map(quoted).join(' ')}`);
  const status = await main(args, 'assay', io());
  if (status !== expected) console.log(`(status ${status}, expected ${expected})`);
  return status === expected;
}

async function output(...args: string[]): Promise<string> {
  const written: string[] = [];
  await main(args, 'assay', { ...io(), stdout: (content) => written.push(String(content)) });
  return written.join('');
}

function io(): Io {
  return { ...processIo(), env, terminal: process.stdout.isTTY, interactive: false };
}

function quoted(text: string): string {
  return /^[\w./:@=,+-]+$/.test(text) ? text : `'${text}'`;
}

function say(text: string): void {
  console.log(`\n── ${text}\n`);
}
