/** Every command of helm's transcript prints what it says. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openHelmScene } from './helm-scene.ts';
import { type Run, runCli } from './run-cli.ts';
import { expand, parseTranscript } from './transcript.ts';

const path = fileURLToPath(new URL('./helm/transcript.txt', import.meta.url));
const updating = process.env['ASSAY_UPDATE'] === '1';
const transcript = parseTranscript(readFileSync(path, 'utf8'));
const scene = await openHelmScene();
const outputs: Run[] = [];

test.each(transcript.commands)('$section $line', async ({ words, expected, line }) => {
  const run = scene.shown(await runCli(expand(words, scene.values), { network: line.includes('$HOST') ? 'open' : 'none' }));
  outputs.push(run);
  if (!updating) expect(run).toEqual(expected);
});

if (updating) afterAll(() => writeFileSync(path, transcript.print(outputs)));
