/** Commands of `gh attestation` with what they print. `TERMINAL=1` in their environment stands for a person who watches. */
import { afterAll, describe } from 'vitest';
import { DIGEST } from '../../slsa/test/attestations.ts';
import { openGhScene } from './gh-scene.ts';
import { playOurs, transcriptsIn } from './play-transcripts.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { type Command, expand, expandEnv } from './transcript.ts';
import { workIn } from './work-in.ts';

const scratch = new Scratch();
const scene = await openGhScene(scratch);
afterAll(() => scene.close());
workIn(scratch.folder);

for (const file of transcriptsIn('gh-transcripts')) describe(file.name, () => playOurs(file, play));

async function play({ words, env }: Command): Promise<Run> {
  const values = {
    API: scene.github.url,
    TUF: scene.tuf.url,
    IMAGE: scene.image,
    PLAIN: `${scene.registry.host}/acme/plain:1`,
    HOST: scene.registry.host,
    DIGEST,
  };
  const { TERMINAL, ...variables } = expandEnv(env, values);
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
