/** The script of `cosign completion bash` in a real bash; it skips where there is none. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runCosign } from './run-cli.ts';

const launcher = fileURLToPath(new URL('../bin/assay.js', import.meta.url));
const { stdout: script } = await runCosign(['completion', 'bash']);

function hasBash(): boolean {
  try {
    execFileSync('bash', ['-c', 'true']);
    return true;
  } catch {
    console.warn('the completion script is not tried: no bash on PATH');
    return false;
  }
}

/** What bash offers for the last of `words`. */
function offered(words: readonly string[]): string[] {
  const shim = `cosign() { "${process.execPath}" "${launcher}" cosign "$@"; }`;
  const asks = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cosign; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', `${shim}\n${script}\n${asks}`, 'bash', ...words], { encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

describe.skipIf(!hasBash())('bash', () => {
  test.each([
    ['commands', ['cosign', 'init'], ['initialize']],
    ['commands of a group', ['cosign', 'bundle', ''], ['create', 'inspect', 'upgrade']],
    ['groups once', ['cosign', 'bund'], ['bundle']],
    ['flags', ['cosign', 'initialize', '--root'], ['--root', '--root-checksum']],
    ['flags behind one dash', ['cosign', 'initialize', '-mir'], ['--mirror']],
    ['flags of every command', ['cosign', 'bundle', 'inspect', '--verb'], ['--verbose']],
    ['nothing of its own where a file is due', ['cosign', 'initialize', '--root', ''], []],
    ['nothing that is hidden', ['cosign', '__'], []],
    ['no deprecated flag', ['cosign', 'trusted-root', 'create', '--rekor-'], []],
    ['nothing to an unknown command', ['cosign', 'nope', ''], []],
  ])('offers %s', (_, words, candidates) => {
    expect(offered(words)).toEqual(candidates);
  });
});

test('no help shows the command that answers', async () => {
  expect((await runCosign(['--help'])).stdout).not.toContain('__complete');
});
