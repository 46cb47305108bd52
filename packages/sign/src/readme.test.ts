/** The README's example of signing without a key runs as it stands, against services in memory; the first one runs in tools/readme.test.ts. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInstance, PERSON, personToken } from '@assay/testkit';
import { expect, test } from 'vitest';
import { scratchFolder } from '../test/key-context.ts';
import { keylessWorld } from '../test/keyless.ts';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

test('signing without a key', async () => {
  const instance = createInstance({ now: new Date() });
  const { ca, v2, tsa } = (await keylessWorld(instance)).urls;
  const folder = scratchFolder();
  const services = { authority: ca, logs: [{ url: v2, majorApiVersion: 2 }], timestampAuthorities: [{ url: tsa }] };
  writeFileSync(join(folder, 'services.json'), JSON.stringify(services));
  writeFileSync(join(folder, 'trusted_root.json'), JSON.stringify(instance.trustedRoot()));
  writeFileSync(join(folder, 'app.tar.gz'), 'a release');
  const [, code = ''] = [...readFileSync(join(PACKAGE, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block);
  const env = { HOME: folder, SIGSTORE_ID_TOKEN: personToken({}, { now: instance.now }) };
  expect(await run(`process.chdir(${JSON.stringify(folder)});\n${code}`, env)).toEqual({ stdout: `true ${PERSON.email}\n`, stderr: '' });
  expect(existsSync(join(folder, 'app.tar.gz.sigstore.json'))).toBe(true);
});

/** Packages are found from here, files in the folder. */
function run(code: string, env: NodeJS.ProcessEnv): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module-typescript', '-e', code], { cwd: PACKAGE, env }, (_, stdout, stderr) => resolve({ stdout, stderr }));
  });
}
