/** `-d`: the proof tree on standard error, beside cosign's own few words. */
import type { Verification } from '@assay/core';
import type { Context } from '../cobra/command.ts';
import { styleFor } from '../render/style.ts';
import { renderTree } from '../render/tree.ts';

export function showTree({ root }: Verification, { io, verbose }: Context): void {
  if (verbose) io.stderr(renderTree(root, styleFor(io), 'full'));
}
