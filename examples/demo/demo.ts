/**
 * The main job in one run, with nothing but this checkout: a private Sigstore instance in memory signs a file, Assay verifies it and shows the
 * proof; then one byte is changed, then another identity is expected, and both are refused with the reason.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInstance } from '@assay/testkit';
import { main } from '../../packages/cli/src/index.ts';

const IDENTITY = 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.3';
const ISSUER = 'https://token.actions.githubusercontent.com';

const folder = mkdtempSync(join(tmpdir(), 'assay-demo-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.chdir(folder);

signRelease();
const outcomes = [
  await verify('1. The file as it was signed', 'app.tar.gz', IDENTITY, 0),
  await verify('2. One byte of the file changed', 'changed.tar.gz', IDENTITY, 1),
  await verify('3. Another tag expected', 'app.tar.gz', IDENTITY.replace('v1.2.3', 'v1.2.4'), 1),
];
const good = outcomes.every((asExpected) => asExpected);
say(good ? 'All three ended as they should: one accepted, two refused.' : 'The demo did not end as it should.');
process.exitCode = good ? 0 : 1;

/** What a release job leaves behind: the artifact, its bundle, and (from the instance) the trusted root. */
function signRelease(): void {
  const artifact = new TextEncoder().encode('imagine a release here\n'.repeat(1000));
  const instance = createInstance({ caKey: 'p384', now: new Date() });
  const { bundleBytes, trustedRootBytes } = instance.sign(artifact, {
    identity: { type: 'uri', value: IDENTITY },
    oidcIssuer: ISSUER,
    version: '0.3',
    log: 'v1',
    timestamp: true,
  });
  writeFileSync('app.tar.gz', artifact);
  writeFileSync('app.tar.gz.sigstore.json', bundleBytes);
  writeFileSync('trusted_root.json', trustedRootBytes);
  writeFileSync('changed.tar.gz', artifact.with(0, 0x49));
  say(`A private Sigstore instance signed app.tar.gz as\n${IDENTITY}`);
}

async function verify(title: string, file: string, identity: string, expected: number): Promise<boolean> {
  const args = ['verify', file, '--bundle', 'app.tar.gz.sigstore.json', '--trusted-root', 'trusted_root.json', '--identity', identity, '--issuer', ISSUER];
  say(`${title}\n\n$ assay ${args.join(' ')}`);
  return (await main(args, 'assay')) === expected;
}

function say(text: string): void {
  console.log(`\n── ${text.replaceAll('\n', '\n   ')}\n`);
}
