/** Examples in READMEs are run as they stand; links in documents lead somewhere. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInstance } from '@assay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from './bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const artifact = new TextEncoder().encode('a release');
  const { bundleBytes, trustedRootBytes } = createInstance({ now: new Date() }).sign(artifact);
  writeFileSync(join(folder, 'app.tar.gz'), artifact);
  writeFileSync(join(folder, 'app.tar.gz.sigstore.json'), bundleBytes);
  writeFileSync(join(folder, 'trusted_root.json'), trustedRootBytes);
});

test.each([
  ['packages/core/README.md', 'signed by https://github.com/assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1.2.3\n'],
  ['packages/sign/README.md', 'true\n'],
  ['packages/crypto-node/README.md', 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n'],
])('the example of %s runs', (path, expected) => {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, path), 'utf8'))?.[1] ?? '';
  // Packages are found from the checkout, files in the folder.
  const moved = `${code.replace(/^import .*$/gm, '$&\n')}`.replace(/\n(?!import)(?=const|await)/, `\nprocess.chdir(${JSON.stringify(folder)});\n`);
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', moved], { cwd: ROOT, encoding: 'utf8' });
  expect(stdout, stderr).toBe(expected);
});

const documents = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md'], { cwd: ROOT });
test.each(documents)('the links of %s lead somewhere', (path) => {
  const links = [...readFileSync(join(ROOT, path), 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link as string);
  const local = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(local.filter((link) => !existsSync(join(ROOT, dirname(path), link)))).toEqual([]);
});
