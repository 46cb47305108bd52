/** Every command of helm's transcript prints what it says. */
import { openHelmScene } from './helm-scene.ts';
import { playOurs, transcriptsIn } from './play-transcripts.ts';
import { runCli } from './run-cli.ts';
import { expand } from './transcript.ts';

const scene = await openHelmScene();

for (const file of transcriptsIn('helm')) {
  playOurs(file, async ({ words, line }) => scene.shown(await runCli(expand(words, scene.values), { network: line.includes('$HOST') ? 'open' : 'none' })));
}
