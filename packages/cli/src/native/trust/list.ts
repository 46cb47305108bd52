import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { pinnedRoots } from '../../pinned-roots.ts';
import { printable } from '../../render/printable.ts';

/** Errors: `TUF_ROOT` for one that was changed by others, `FILE_…`. */
export async function runList(io: Io): Promise<number> {
  const roots = pinnedRoots(io.env);
  for (const { name, mirror, sha256, from, pinnedAt } of roots)
    io.stdout(`${name}\n  mirror  ${printable(mirror)}\n  sha256  ${sha256}\n  from    ${printable(from)}, ${pinnedAt.toISOString()}\n`);
  if (roots.length === 0) io.stderr('nothing is pinned; public Sigstore needs no pin\n');
  return EXIT.accepted;
}
