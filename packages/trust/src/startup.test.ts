/** Start-up depends on what the fast path loads: neither tuf-js nor anything that opens sockets. */
import { execFileSync } from 'node:child_process';
import { createHttpClient } from '@assay/net';
import { expect, test } from 'vitest';
import { mirrorOf, NOW, repositoryWithRoot, temporaryFolder } from '../test/mirror.ts';
import { loadTrustedRoot } from './index.ts';

const SCRIPT = `
  import { createRequire } from 'node:module';
  import { createHttpClient } from '${import.meta.resolve('@assay/net')}';
  import { loadTrustedRoot } from '${new URL('./index.ts', import.meta.url).href}';
  const [cacheDir, tufMirror] = process.argv.slice(1);
  const { source } = await loadTrustedRoot({ http: createHttpClient(), now: new Date('${NOW.toISOString()}'), cacheDir, ...(tufMirror && { tufMirror }), offline: !tufMirror });
  const builtin = process.moduleLoadList.map((name) => name.split(' ').at(-1)).filter((name) => ['http', 'https', 'tls', 'net', 'dns'].includes(name));
  const modules = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('tuf'));
  console.log(JSON.stringify({ kind: source.kind, builtin, modules: modules.filter((path) => !path.endsWith('.json')) }));
`;

function run(...args: string[]): unknown {
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT, ...args], { encoding: 'utf8', cwd: import.meta.dirname }));
}

test('the cached root', async () => {
  const repository = repositoryWithRoot();
  const { url } = await mirrorOf(repository);
  const cacheDir = temporaryFolder();
  const http = createHttpClient();
  await loadTrustedRoot({ http, now: NOW, cacheDir, tufMirror: url, initialRoot: repository.initialRoot });
  http.close();
  expect(run(cacheDir, url)).toEqual({ kind: 'cache', builtin: [], modules: [] });
});

test('the embedded root', () => {
  expect(run(temporaryFolder())).toEqual({ kind: 'embedded', builtin: [], modules: [] });
});
