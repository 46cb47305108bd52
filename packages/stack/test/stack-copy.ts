/** The stack in `folder` again, in a folder of its own, as if it had been made there. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

export function copyOf(folder: string): string {
  const copy = join(temporaryFolder(), 'stack');
  cpSync(folder, copy, { recursive: true });
  const script = join(copy, 'env.sh');
  writeFileSync(script, readFileSync(script, 'utf8').replaceAll(folder, copy));
  return copy;
}
