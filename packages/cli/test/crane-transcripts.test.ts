/**
 * Commands of crane with what they print, played by us and by the real crane (0.22.1, on PATH or in the testbed; without it that half skips). The marker
 * `crane: REASON` stands where the real one answers otherwise.
 *
 * `ASSAY_UPDATE=1 vitest run packages/cli/test/crane-transcripts.test.ts` writes the outputs anew: read the difference before you keep it.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CraneScene, findCrane, openCraneScene, steady } from './crane-scene.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { type Command, expand, parseTranscript } from './transcript.ts';

const crane = findCrane();
if (crane === '') console.warn('tests against the real crane are skipped: no crane 0.22.1 on PATH or in ASSAY_TESTBED');

const folder = fileURLToPath(new URL('./crane-transcripts', import.meta.url));
const updating = process.env['ASSAY_UPDATE'] === '1';
const scratches = { ours: new Scratch(), theirs: new Scratch() };

for (const file of readdirSync(folder)) {
  const path = `${folder}/${file}`;
  const transcript = parseTranscript(readFileSync(path, 'utf8').replace(/^crane: /gm, 'cosign: '));

  describe(`${basename(file, '.txt')}: ours`, () => {
    const outputs: Run[] = [];
    const scene = useScene(scratches.ours);
    test.each(transcript.commands)('$section $line', async (command) => {
      const { registry } = scene();
      const run = steady(await runCli(wordsOf(command, registry.host), { network: 'open' }), registry.host);
      outputs.push(run);
      if (!updating) expect(run).toEqual(command.expected);
    });
    if (updating) afterAll(() => writeFileSync(path, transcript.print(outputs).replace(/^cosign: /gm, 'crane: ')));
  });

  describe.skipIf(crane === '')(`${basename(file, '.txt')}: the real crane`, () => {
    const scene = useScene(scratches.theirs);
    test.each(transcript.commands)('$section $line', async (command) => {
      const { registry } = scene();
      const run = steady(await runReal(wordsOf(command, registry.host).slice(1)), registry.host);
      // The list must not rot: what no longer differs is no longer a difference.
      if (command.differs === undefined) expect(run).toEqual(command.expected);
      else expect(run).not.toEqual(command.expected);
    });
  });
}

/** A registry and a working folder for the time of a `describe`. */
function useScene(scratch: Scratch): () => CraneScene {
  let scene: CraneScene;
  const before = process.cwd();
  beforeAll(async () => {
    scene = await openCraneScene(scratch);
    process.chdir(scratch.folder);
  });
  afterAll(async () => {
    process.chdir(before);
    await scene.registry.close();
  });
  return () => scene;
}

function wordsOf({ words }: Command, host: string): string[] {
  return expand(words, { R: host });
}

function runReal(argv: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(crane, argv, { env: { HOME: scratches.theirs.folder, NO_PROXY: '127.0.0.1' }, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}
