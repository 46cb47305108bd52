/** Files that are replaced together: each appears whole, with the mode it had, and none before all are ready. */
import { chmodSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { equalBytes, quote, TrustError, utf8 } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { PinnedFile } from './outcome.ts';

/** Errors: `PIN_CHANGED`, `FILE_…`; then nothing was written, unless the message says otherwise. */
export function writeFiles(changed: readonly PinnedFile[]): void {
  const drafts = changed.map(({ file: { real, path, bytes }, after }) => ({ real, path, bytes, after, draft: `${real}.${process.pid}.tmp` }));
  let written = 0;
  let at = '';
  try {
    for (const { real, path, after, draft } of drafts) {
      at = path;
      writeFileSync(draft, utf8(after), { flag: 'wx' });
      chmodSync(draft, statSync(real).mode & MODE_BITS);
    }
    for (const { real, path, bytes } of drafts) {
      const isSame = equalBytes(readFileCapped(real, bytes.length + 1), bytes);
      if (!isSame) throw new TrustError('PIN_CHANGED', `${quote(path)}: changed while its references were verified`);
    }
    for (const { real, path, draft } of drafts) {
      at = path;
      renameSync(draft, real);
      written += 1;
    }
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const others = written === 0 ? 'nothing was written' : `${written} of ${drafts.length} files were written before`;
    throw new TrustError('FILE_UNREADABLE', `${quote(at)}: cannot be written: ${code ?? ''}; ${others}`, { cause: error });
  } finally {
    for (const { draft } of drafts) rmSync(draft, { force: true });
  }
}

const MODE_BITS = 0o7777;
