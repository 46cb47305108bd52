/** Every command of the transcripts prints what its transcript says. */
import { readFileSync } from 'node:fs';
import { describe } from 'vitest';
import { playOurs, transcriptsIn } from './play-transcripts.ts';
import { type Run, runCli, runCosign } from './run-cli.ts';
import { openScene } from './scene.ts';
import { type Command, expand, expandEnv, normalised } from './transcript.ts';

const scene = await openScene();
const { values } = scene;

for (const file of transcriptsIn('transcripts')) {
  describe(file.name, () => playOurs(file, async (command) => normalised(await play(command), scene.url, scene.knownHex)));
}

async function play({ words, env, input, line }: Command): Promise<Run> {
  const [program, ...argv] = expand(words, values);
  const run = program === 'cosign' ? runCosign : runCli;
  return run(argv, {
    env: expandEnv(env, values),
    ...(input !== undefined && { stdin: readFileSync(input) }),
    // Only a command that names our server may open a socket.
    network: line.includes('$URL') || JSON.stringify(env).includes('$URL') ? 'open' : 'none',
  });
}
