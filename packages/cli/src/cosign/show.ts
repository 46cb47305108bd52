/** `-d`: the proof tree on standard error, beside cosign's own few words. */
import type { Verification } from '@assay/core';
import { styleFor } from '../render/style.ts';
import { renderTree } from '../render/tree.ts';
import type { CosignContext } from './program.ts';

export function showTree({ root }: Verification, { io, verbose }: CosignContext): void {
  if (verbose) io.stderr(renderTree(root, styleFor(io), 'full'));
}
