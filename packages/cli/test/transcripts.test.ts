/** Every command of the transcripts prints what its transcript says. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type Run, runCli, runCosign } from './run-cli.ts';
import { openScene, type Scene } from './scene.ts';
import { type Command, expand, normalised, parseTranscript } from './transcript.ts';

const folder = fileURLToPath(new URL('./transcripts', import.meta.url));
const updating = process.env['ASSAY_UPDATE'] === '1';
const scene = await openScene();

for (const name of readdirSync(folder)) {
  const path = `${folder}/${name}`;
  const transcript = parseTranscript(readFileSync(path, 'utf8'));
  const outputs: Run[] = [];
  describe(basename(name, '.txt'), () => {
    test.each(transcript.commands)('$section $line', async (command) => {
      const run = normalised(await play(command, scene), scene.url, scene.knownHex);
      outputs.push(run);
      if (updating) return;
      expect(run).toEqual(command.expected);
    });
    if (updating) afterAll(() => writeFileSync(path, transcript.print(outputs)));
  });
}

async function play({ words, env, input, line }: Command, { values }: Scene): Promise<Run> {
  const [program, ...argv] = expand(words, values);
  const run = program === 'cosign' ? runCosign : runCli;
  return run(argv, {
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, expand([value], values).join(' ')])),
    ...(input !== undefined && { stdin: readFileSync(input) }),
    // Only a command that names our server may open a socket.
    network: line.includes('$URL') || JSON.stringify(env).includes('$URL') ? 'open' : 'none',
  });
}
