/** `assay kit show FILE`: what is in a kit, as whoever made it says. */
import { quote } from '@assay/core';
import { KitFile, type KitManifest, type KitThing } from '@assay/kit';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { styleFor } from '../../render/style.ts';
import { thingName } from './judge.ts';
import { ageOf, daysText, rootText } from './trust.ts';

export interface ShowFlags {
  readonly output: 'text' | 'json';
}

/** Returns the exit status. The list and the headers are read, the content is not. Errors: `FILE_…`, `KIT_…`. */
export async function runShow(path: string, { output }: ShowFlags, io: Io): Promise<number> {
  const kit = KitFile.open(path);
  try {
    io.stdout(output === 'json' ? `${JSON.stringify({ kit: path, size: kit.size, ...kit.manifest }, null, 2)}\n` : textOf(kit, io));
    return EXIT.accepted;
  } finally {
    kit.close();
  }
}

function textOf({ name, size, manifest }: KitFile, io: Io): string {
  const { madeAt, madeBy, trust, policy, demand, things, entries } = manifest;
  const lines = [
    styleFor(io).bold(quote(name)),
    row('made', `${madeAt.toISOString()} by ${quote(madeBy)}, ${daysText(ageOf(madeAt, io.now))}`),
    row('holds', `${entries.length} entries, ${size} bytes`),
    row('demanded', demand === undefined ? 'nothing: it was made with --unverified' : quote(demand)),
    row('root', trust === undefined ? 'none' : rootText(trust, io.now)),
    ...Object.entries(trust?.tuf ?? {}).map(([role, { version, expires }]) => row('', `TUF ${quote(role)} ${version}, expires ${expires.toISOString()}`)),
    row('policy', policy === undefined ? 'none' : quote(policy.path)),
    '',
    ...things.map(
      (thing) =>
        `  ${thing.kind.padEnd(5)}  ${quote(thingName(thing))}${evidenceText(thing, manifest)}, ${thing.verified ? 'verified' : 'NOT verified'} when the kit was made`,
    ),
  ];
  return `${lines.join('\n')}\n\nThis is what the kit says of itself; assay kit verify finds out whether it is so.\n`;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(9)} ${text}`;
}

function evidenceText(thing: KitThing, { entries }: KitManifest): string {
  const size = entries.find(({ path }) => thing.kind === 'file' && path === thing.path)?.size;
  return thing.kind === 'file' ? ` (${thing.digest}, ${size} bytes)` : '';
}
