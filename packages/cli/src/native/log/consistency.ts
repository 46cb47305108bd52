/** `assay log consistency`: whether one checkpoint of a log extends another. */
import { quote, TrustError } from '@assay/core';
import { checkExtension, type LogPlace, openLog, type SignedTree, verifyCheckpoint } from '@assay/sign/monitor';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { readInput } from '../../read-input.ts';
import { printable } from '../../render/printable.ts';
import { type LogFlags, nameOf, withLogs } from './logs.ts';

export interface ConsistencyFlags extends Omit<LogFlags, 'log'> {
  readonly log: string;
  readonly output: 'text' | 'json';
}

/** Returns the exit status. Errors: `LOG_…`, `TLOG_CHECKPOINT_…`, `USAGE` (of two logs), `FILE_…`, `NET_…`. */
export async function runConsistency(old: string, newer: string | undefined, { log: url, ...flags }: ConsistencyFlags, io: Io): Promise<number> {
  return withLogs({ ...flags, log: [url] }, io, async ([place]) => {
    const [first, second] = await compare(place as LogPlace, old, newer, io);
    const { origin, treeSize } = first.checkpoint;
    if (flags.output === 'json') io.stdout(`${JSON.stringify({ origin, consistent: true, from: String(treeSize), to: String(second.checkpoint.treeSize) })}\n`);
    else io.stdout(`${printable(origin)}: the tree of ${second.checkpoint.treeSize} entries extends the one of ${treeSize}\n`);
    return EXIT.accepted;
  });
}

/** The smaller tree first, whatever the order in which they were named. */
async function compare(place: LogPlace, old: string, newer: string | undefined, io: Io): Promise<[SignedTree, SignedTree]> {
  const log = await openLog(place);
  const read = async (file: string): Promise<SignedTree> => {
    return verifyCheckpoint(new TextDecoder().decode(await readInput(file, io)), place.logs, log.rekor, quote(file));
  };
  const one = await read(old);
  const { origin } = one.checkpoint;
  const other = newer === undefined ? await newest() : await read(newer);
  if (other.checkpoint.origin !== origin) {
    const details = { expected: quote(origin, 100), found: quote(other.checkpoint.origin, 100), hint: 'pass two checkpoints of one tree' };
    throw new TrustError('USAGE', 'the checkpoints are of two trees', details);
  }
  const trees: [SignedTree, SignedTree] = one.checkpoint.treeSize <= other.checkpoint.treeSize ? [one, other] : [other, one];
  await checkExtension(...trees, nameOf(place), log.checkConsistency);
  return trees;

  /** Of a log of several trees the one that is meant. */
  async function newest(): Promise<SignedTree> {
    const published = await log.trees();
    const text = published.find((tree) => tree.text.startsWith(`${origin}\n`))?.text ?? published.at(-1)?.text ?? '';
    return verifyCheckpoint(text, place.logs, log.rekor, nameOf(place));
  }
}
