/**
 * Commands of `gh attestation` with what they print. `TERMINAL=1` in their environment stands for a person who watches.
 *
 * `ASSAY_UPDATE=1 vitest run packages/cli/test/gh-transcripts.test.ts` writes the outputs anew: read the difference before you keep it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DIGEST } from '../../slsa/test/attestations.ts';
import { type GhScene, openGhScene } from './gh-scene.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { type Command, expand, parseTranscript } from './transcript.ts';

const folder = fileURLToPath(new URL('./gh-transcripts', import.meta.url));
const updating = process.env['ASSAY_UPDATE'] === '1';
const scratch = new Scratch();
const before = process.cwd();
let scene: GhScene;
beforeAll(async () => {
  scene = await openGhScene(scratch);
  process.chdir(scratch.folder);
});
afterAll(async () => {
  process.chdir(before);
  await scene.close();
});

for (const file of readdirSync(folder)) {
  const path = `${folder}/${file}`;
  const transcript = parseTranscript(readFileSync(path, 'utf8'));

  describe(basename(file, '.txt'), () => {
    const outputs: Run[] = [];
    test.each(transcript.commands)('$section $line', async (command) => {
      const run = await play(command);
      outputs.push(run);
      if (!updating) expect(run).toEqual(command.expected);
    });
    if (updating) afterAll(() => writeFileSync(path, transcript.print(outputs)));
  });
}

async function play({ words, env }: Command): Promise<Run> {
  const values = {
    API: scene.github.url,
    TUF: scene.tuf.url,
    IMAGE: scene.image,
    PLAIN: `${scene.registry.host}/acme/plain:1`,
    HOST: scene.registry.host,
    DIGEST,
  };
  const { TERMINAL, ...variables } = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, expand([value], values).join(' ')]));
  const [program = '', ...rest] = expand(words, values);
  const argv = program === 'assay' ? rest : [program, ...rest];
  const run = await runCli(argv, { network: 'open', terminal: TERMINAL === '1', env: { HOME: scratch.folder, ...variables } });
  const steady = (text: string): string =>
    Object.entries(values)
      .reduce((rest, [name, value]) => rest.replaceAll(value, `$${name}`), text)
      .replace(/sha256(:|\s+)(?:[0-9a-f]{64})/g, 'sha256$1HEX')
      .replace(/[0-9a-f]{64}/g, 'HEX')
      .replace(/"(?:[A-Za-z0-9+/]{4}){10,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"/g, '"BASE64"');
  return { status: run.status, stdout: steady(run.stdout), stderr: steady(run.stderr) };
}
