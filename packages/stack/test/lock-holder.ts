/** Locks a folder, says how that went, and holds it. `node lock-holder.ts FOLDER` */
import { writeSync } from 'node:fs';
import { lockFolder } from '../src/store/lock.ts';

try {
  await lockFolder(process.argv[2] ?? '');
  writeSync(1, 'locked\n');
  setInterval(() => undefined, 60_000);
} catch (error) {
  writeSync(1, `refused: ${error instanceof Error ? error.message : ''}\n`);
}
