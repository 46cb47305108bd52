/** The example of the README runs as it stands: `ghcr.io` is a registry of the testkit here, by the mirrors file that the example reads. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { putImage, serveRegistry } from '@assay/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../net/test/temporary-folder.ts';
import { putBundle } from '../test/put-evidence.ts';
import type { Descriptor } from './manifest.ts';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

test('the example', async () => {
  const registry = await serveRegistry();
  onTestFinished(() => registry.close());
  const image = putImage(registry.content, 'owner/app', { tag: '1.0' }) as Descriptor;
  putBundle(registry.content, image, 'a bundle', 'owner/app');
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'mirrors'), `ghcr.io = ${registry.url}\n`);
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(PACKAGE, 'README.md'), 'utf8'))?.[1] ?? '';
  expect(await run(`process.chdir(${JSON.stringify(folder)});\n${code}`, folder)).toEqual({
    stdout: [
      'bundle',
      'referrers of ghcr.io/owner/app@DIGEST 1 referrer, 1 with evidence',
      `ghcr.io/owner/app:${image.digest.replace(':', '-')} no such tag`,
      `ghcr.io/owner/app:${image.digest.replace(':', '-')}.sig no such tag`,
      "[ '1.0' ] []",
      '',
    ].join('\n'),
    stderr: '',
  });
});

/** Packages are found from here, files in the folder. */
function run(code: string, home: string): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module-typescript', '-e', code], { cwd: PACKAGE, env: { HOME: home } }, (_, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}
