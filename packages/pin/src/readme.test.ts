/** The example of the README runs as it stands. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

test('the example', () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${PACKAGE}/README.md`, 'utf8'))?.[1] ?? '';
  // Packages are found from here.
  const stdout = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', code], { cwd: PACKAGE, encoding: 'utf8' });
  expect(stdout).toBe(
    `4 ghcr.io/owner/app:1.2\nimage:\n  repository: ghcr.io/owner/app\n  # the release\n  tag: "1.2"\n  digest: "sha256:${'0'.repeat(64)}"\n`,
  );
});
