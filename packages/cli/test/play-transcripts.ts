/**
 * Plays transcripts (`transcript.ts`) as tests: every command prints what stands there.
 *
 * `ASSAY_UPDATE=1 vitest run FILE` writes the outputs anew: read the difference before you keep it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Run } from './run-cli.ts';
import { type Command, parseTranscript, type Transcript } from './transcript.ts';

export const isUpdating = process.env['ASSAY_UPDATE'] === '1';

export interface TranscriptFile extends Transcript {
  readonly name: string;
  readonly path: string;
  /** The real program, which answers most of the commands in the same way. */
  readonly peer: string;
}

/** Those of a folder beside this file. */
export function transcriptsIn(folder: string, peer = 'cosign'): TranscriptFile[] {
  const place = fileURLToPath(new URL(`./${folder}`, import.meta.url));
  const files = readdirSync(place).filter((file) => file.endsWith('.txt'));
  return files.map((file) => {
    const path = `${place}/${file}`;
    return { name: basename(file, '.txt'), path, peer, ...parseTranscript(readFileSync(path, 'utf8'), peer) };
  });
}

export type Play = (command: Command) => Promise<Run>;

/** A test for each command of ours. */
export function playOurs({ path, commands, print }: TranscriptFile, play: Play): void {
  const outputs: Run[] = [];
  test.each(commands)('$section $line', async (command) => {
    const run = await play(command);
    outputs.push(run);
    if (!isUpdating) expect(run).toEqual(command.expected);
  });
  if (isUpdating) afterAll(() => writeFileSync(path, print(outputs)));
}

/** A test for each command of the peer: it prints the same, and something else where the transcript says why. Of both, `settled` is compared. */
export function playPeer({ commands, peer }: TranscriptFile, play: Play, settled = (run: Run): Run => run): void {
  test.each(commands.filter(({ words }) => words[0] === peer))('$section $line', async (command) => {
    const run = settled(await play(command));
    // The list must not rot: what no longer differs is no longer a difference.
    if (command.differs === undefined) expect(run).toEqual(settled(command.expected));
    else expect(run).not.toEqual(settled(command.expected));
  });
}
