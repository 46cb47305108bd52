/** Importing the package is cheap: what opens sockets or starts processes is loaded when it is used. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeHelper } from '../test/helper-script.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';

const SCRIPT = `
  import { createHttpClient, createKeychain, parseMirrors } from '${import.meta.resolve('@assay/net')}';
  const [home] = process.argv.slice(1);
  createHttpClient({ env: process.env }).close();
  parseMirrors('ghcr.io = http://127.0.0.1:5000', 'mirrors');
  const options = { env: { PATH: process.env.PATH }, home };
  const loaded = () => process.moduleLoadList.map((name) => name.split(' ').at(-1)).filter((name) => ['http', 'https', 'tls', 'net', 'dns', 'crypto', 'child_process'].includes(name));
  const credential = await createKeychain(options).credentialsFor('ghcr.io');
  const before = loaded();
  const fromHelper = await createKeychain(options).credentialsFor('quay.io');
  console.log(JSON.stringify({ credential, before, fromHelper, after: loaded().includes('child_process') }));
`;

test('neither a client, nor mirrors, nor credentials of a file load anything; a credential helper does', () => {
  const home = temporaryFolder();
  const { PATH } = writeHelper(home, 'it', `echo '{"Username":"me","Secret":"pw"}'`);
  mkdirSync(join(home, '.docker'));
  writeFileSync(join(home, '.docker', 'config.json'), '{"auths":{"ghcr.io":{"auth":"bWU6cHc="}},"credHelpers":{"quay.io":"it"}}');
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT, home], { encoding: 'utf8', cwd: import.meta.dirname, env: { PATH } });
  const me = { kind: 'basic', username: 'me', password: 'pw' };
  expect(JSON.parse(output)).toEqual({ credential: me, before: [], fromHelper: me, after: true });
});
