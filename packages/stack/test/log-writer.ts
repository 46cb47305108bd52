/**
 * A process that appends to a log until it is killed. `node log-writer.ts FOLDER KEY.pem SEED`; a line of standard output at a time, each written
 * after what it says is so:
 *
 *   checkpoint BASE64         the log shows it
 *   appended INDEX LEAF_HASH  an append was answered
 */
import { readFileSync, writeSync } from 'node:fs';
import { toHex } from '@assay/core';
import { importKey } from '@assay/make';
import { openTileLog } from '../src/log/index.ts';
import { openDisk } from '../src/store/disk.ts';
import { lockFolder } from '../src/store/lock.ts';
import { entryOf, logOptions } from './log-options.ts';

const [folder = '', key = '', seed = ''] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const show = (checkpoint: string): void => say(`checkpoint ${Buffer.from(checkpoint).toString('base64')}`);

await lockFolder(folder);
const log = await openTileLog({ disk: openDisk(folder), ...logOptions(importKey(readFileSync(key, 'utf8'))), unique: true });
show(log.head.checkpoint);

const WRITERS = 24;
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));

async function write(writer: number): Promise<void> {
  for (let i = 0; ; i++) {
    const entry = entryOf(`${seed} ${writer} ${i} ${'.'.repeat((i * 131) % 2000)}`);
    const { index, head } = await log.append(entry);
    say(`appended ${index} ${toHex(entry.leafHash)}`);
    if (writer === 0) show(head.checkpoint);
  }
}
