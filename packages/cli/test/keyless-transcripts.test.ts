/** Signing without a key, with what it prints, played by us and by the real cosign (3.1.3, on PATH or in the testbed; without it that half skips). */
import { describe } from 'vitest';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { openKeylessStage, type Played } from './keyless-stage.ts';
import { isUpdating, type Play, playOurs, playPeer, transcriptsIn } from './play-transcripts.ts';
import { type Run, runCli, runCosign, Scratch } from './run-cli.ts';
import { useScene } from './work-in.ts';

const cosign = findCosign() ?? '';
if (cosign === '') console.warn(`tests against the real cosign are skipped: no cosign ${COSIGN_VERSION} on PATH or in ASSAY_TESTBED`);

for (const file of transcriptsIn('keyless-transcripts')) {
  describe(`${file.name}: ours`, () => {
    const play = useStage(({ program, argv, env, stdin, home, now }) =>
      (program === 'cosign' ? runCosign : runCli)(argv, { env: { HOME: home, ...env }, stdin, now, network: 'open' }),
    );
    playOurs(file, play);
  });

  describe.skipIf(cosign === '' || isUpdating)(`${file.name}: the real cosign`, () => {
    const play = useStage(({ argv, env, stdin, home }) => runRealCosign(cosign, argv, { home, env, stdin: stdin.toString() }));
    playPeer(file, play, settled);
  });
}

/**
 * cosign 2 told of certificate and log entry, and scripts look for that; cosign 3 is silent on them (cosign.md section 1, "sign"). What it tells of signing comes
 * from beside its work, before or after other lines.
 */
function settled({ stderr, ...rest }: Run): Run {
  const lines = stderr
    .split('\n')
    .filter((line) => !/^(?:Retrieving signed certificate\.\.\.|Successfully verified SCT\.\.\.|tlog entry created with index: N)$/.test(line));
  const isBeside = (line: string): boolean => line === 'Signing artifact...';
  return { ...rest, stderr: [...lines.filter((line) => !isBeside(line)), ...lines.filter(isBeside)].join('\n') };
}

/** Services and a working folder for the time of a `describe`. */
function useStage(run: (played: Played) => Promise<Run>): Play {
  const scratch = new Scratch();
  const stage = useScene(
    scratch.folder,
    () => openKeylessStage(scratch),
    (opened) => opened.close(),
  );
  return (command) => stage().play(command, run);
}
