/**
 * Commands of cosign that show, move and remove what belongs to images, with what they print, played by us and by the real cosign (3.1.3, on PATH or in the
 * testbed; without it that half skips). Each transcript begins with fresh registries, and its commands build on each other.
 */
import { readFileSync } from 'node:fs';
import { describe } from 'vitest';
import { openImageScene, steadyImages } from './cosign-image-scene.ts';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { isUpdating, type Play, playOurs, playPeer, transcriptsIn } from './play-transcripts.ts';
import { type Run, runCli, runCosign, Scratch } from './run-cli.ts';
import { expand, expandEnv } from './transcript.ts';
import { useScene } from './work-in.ts';

const cosign = findCosign() ?? '';
if (cosign === '') console.warn(`tests against the real cosign are skipped: no cosign ${COSIGN_VERSION} on PATH or in ASSAY_TESTBED`);

for (const file of transcriptsIn('cosign-image-transcripts')) {
  describe(`${file.name}: ours`, () => {
    const play = useStage(({ program, argv, env, stdin, home }) =>
      (program === 'cosign' ? runCosign : runCli)(argv, { env: { HOME: home, ...env }, stdin, network: 'open' }),
    );
    playOurs(file, play);
  });

  describe.skipIf(cosign === '' || isUpdating)(`${file.name}: the real cosign`, () => {
    const play = useStage(({ argv, env, stdin, home }) => runRealCosign(cosign, argv, { home, env, stdin: stdin.toString() }));
    playPeer(file, play);
  });
}

interface Played {
  readonly program: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Buffer;
  readonly home: string;
}

/** Registries and a working folder for the time of a `describe`. */
function useStage(run: (played: Played) => Promise<Run>): Play {
  const scratch = new Scratch();
  const scene = useScene(
    scratch.folder,
    () => openImageScene(scratch),
    ({ registries }) => Promise.all(Object.values(registries).map((registry) => registry.close())),
  );
  return async ({ words, env, input }) => {
    const { registries, digest } = scene();
    const values = { R: registries.R.host, S: registries.S.host, D: digest, T: digest.replace(':', '-') };
    const [program = '', ...argv] = expand(words, values);
    const stdin = input === undefined ? Buffer.alloc(0) : readFileSync(input);
    return steadyImages(await run({ program, argv, env: expandEnv(env, values), stdin, home: scratch.folder }), scene(), scratch.folder);
  };
}
