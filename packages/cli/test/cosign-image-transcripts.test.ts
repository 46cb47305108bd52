/**
 * Commands of cosign that show, move and remove what belongs to images, with what they print, played by us and by the real cosign (3.1.3, on PATH or in the
 * testbed; without it that half skips). Each transcript begins with fresh registries, and its commands build on each other.
 *
 * `ASSAY_UPDATE=1 vitest run packages/cli/test/cosign-image-transcripts.test.ts` writes the outputs anew: read the difference before you keep it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ImageScene, openImageScene, steadyImages } from './cosign-image-scene.ts';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { type Run, runCli, runCosign, Scratch } from './run-cli.ts';
import { type Command, expand, parseTranscript } from './transcript.ts';

const cosign = findCosign() ?? '';
if (cosign === '') console.warn(`tests against the real cosign are skipped: no cosign ${COSIGN_VERSION} on PATH or in ASSAY_TESTBED`);

const folder = fileURLToPath(new URL('./cosign-image-transcripts', import.meta.url));
const updating = process.env['ASSAY_UPDATE'] === '1';

for (const file of readdirSync(folder)) {
  const path = `${folder}/${file}`;
  const transcript = parseTranscript(readFileSync(path, 'utf8'));

  describe(`${basename(file, '.txt')}: ours`, () => {
    const outputs: Run[] = [];
    const stage = useStage();
    test.each(transcript.commands)('$section $line', async (command) => {
      const run = await stage.play(command, ({ program, argv, env, stdin, home }) =>
        (program === 'cosign' ? runCosign : runCli)(argv, { env: { HOME: home, ...env }, stdin, network: 'open' }),
      );
      outputs.push(run);
      if (!updating) expect(run).toEqual(command.expected);
    });
    if (updating) afterAll(() => writeFileSync(path, transcript.print(outputs)));
  });

  describe.skipIf(cosign === '' || updating)(`${basename(file, '.txt')}: the real cosign`, () => {
    const stage = useStage();
    test.each(transcript.commands.filter(({ words }) => words[0] === 'cosign'))('$section $line', async (command) => {
      const run = await stage.play(command, ({ argv, env, stdin, home }) => runRealCosign(cosign, argv, { home, env, stdin: stdin.toString() }));
      // The list must not rot: what no longer differs is no longer a difference.
      if (command.differs === undefined) expect(run).toEqual(command.expected);
      else expect(run).not.toEqual(command.expected);
    });
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
function useStage(): { play(command: Command, run: (played: Played) => Promise<Run>): Promise<Run> } {
  const scratch = new Scratch();
  const before = process.cwd();
  let scene: ImageScene;
  beforeAll(async () => {
    scene = await openImageScene(scratch);
    process.chdir(scratch.folder);
  });
  afterAll(async () => {
    process.chdir(before);
    for (const registry of Object.values(scene.registries)) await registry.close();
  });
  return {
    async play({ words, env, input }, run) {
      const values = { R: scene.registries.R.host, S: scene.registries.S.host, D: scene.digest, T: scene.digest.replace(':', '-') };
      const [program = '', ...argv] = expand(words, values);
      const stdin = input === undefined ? Buffer.alloc(0) : readFileSync(input);
      const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, expand([value], values).join(' ')]));
      return steadyImages(await run({ program, argv, env: variables, stdin, home: scratch.folder }), scene, scratch.folder);
    },
  };
}
