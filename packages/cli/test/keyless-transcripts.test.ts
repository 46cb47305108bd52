/**
 * Signing without a key, with what it prints, played by us and by the real cosign (3.1.3, on PATH or in the testbed; without it that half skips).
 *
 * `ASSAY_UPDATE=1 vitest run packages/cli/test/keyless-transcripts.test.ts` writes the outputs anew: read the difference before you keep it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { type KeylessStage, openKeylessStage } from './keyless-stage.ts';
import { type Run, runCli, runCosign, Scratch } from './run-cli.ts';
import { parseTranscript } from './transcript.ts';

const cosign = findCosign() ?? '';
if (cosign === '') console.warn(`tests against the real cosign are skipped: no cosign ${COSIGN_VERSION} on PATH or in ASSAY_TESTBED`);

const folder = fileURLToPath(new URL('./keyless-transcripts', import.meta.url));
const updating = process.env['ASSAY_UPDATE'] === '1';

for (const file of readdirSync(folder)) {
  const path = `${folder}/${file}`;
  const transcript = parseTranscript(readFileSync(path, 'utf8'));

  describe(`${basename(file, '.txt')}: ours`, () => {
    const outputs: Run[] = [];
    const stage = useStage();
    test.each(transcript.commands)('$section $line', async (command) => {
      const run = await stage().play(command, ({ program, argv, env, stdin, home, now }) =>
        (program === 'cosign' ? runCosign : runCli)(argv, { env: { HOME: home, ...env }, stdin, now, network: 'open' }),
      );
      outputs.push(run);
      if (!updating) expect(run).toEqual(command.expected);
    });
    if (updating) afterAll(() => writeFileSync(path, transcript.print(outputs)));
  });

  describe.skipIf(cosign === '' || updating)(`${basename(file, '.txt')}: the real cosign`, () => {
    const stage = useStage();
    test.each(transcript.commands.filter(({ words }) => words[0] === 'cosign'))('$section $line', async ({ expected, differs, ...command }) => {
      const run = await stage().play({ ...command, expected, differs }, ({ argv, env, stdin, home }) =>
        runRealCosign(cosign, argv, { home, env, stdin: stdin.toString() }),
      );
      // The list must not rot: what no longer differs is no longer a difference.
      if (differs === undefined) expect(settled(run)).toEqual(settled(expected));
      else expect(settled(run)).not.toEqual(settled(expected));
    });
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
function useStage(): () => KeylessStage {
  const scratch = new Scratch();
  const before = process.cwd();
  let stage: KeylessStage;
  beforeAll(async () => {
    stage = await openKeylessStage(scratch);
    process.chdir(scratch.folder);
  });
  afterAll(async () => {
    process.chdir(before);
    await stage.close();
  });
  return () => stage;
}
