/**
 * Commands of crane with what they print, played by us and by the real crane (0.22.1, on PATH or in the testbed; without it that half skips). The marker
 * `crane: REASON` stands where the real one answers otherwise.
 */
import { describe } from 'vitest';
import { findCrane, openCraneScene, runRealCrane, steady } from './crane-scene.ts';
import { type Play, playOurs, playPeer, transcriptsIn } from './play-transcripts.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { expand } from './transcript.ts';
import { useScene } from './work-in.ts';

const crane = findCrane();
if (crane === '') console.warn('tests against the real crane are skipped: no crane 0.22.1 on PATH or in ASSAY_TESTBED');

const scratches = { ours: new Scratch(), theirs: new Scratch() };

for (const file of transcriptsIn('crane-transcripts', 'crane')) {
  describe(`${file.name}: ours`, () => {
    const play = useStage(scratches.ours, (words) => runCli(words, { network: 'open' }));
    playOurs(file, play);
  });

  describe.skipIf(crane === '')(`${file.name}: the real crane`, () => {
    const play = useStage(scratches.theirs, ([, ...argv]) => runRealCrane(crane, argv, scratches.theirs.folder));
    playPeer(file, play);
  });
}

/** A registry and a working folder for the time of a `describe`. */
function useStage(scratch: Scratch, run: (words: readonly string[]) => Promise<Run>): Play {
  const scene = useScene(
    scratch.folder,
    () => openCraneScene(scratch),
    ({ registry }) => registry.close(),
  );
  return async ({ words }) => {
    const { host } = scene().registry;
    return steady(await run(expand(words, { R: host })), host);
  };
}
