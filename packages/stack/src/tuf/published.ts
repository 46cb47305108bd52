/**
 * What the repository has published, read back from its files (services.md section 10):
 *
 *   1.root.json 2.root.json …                 every version of root
 *   timestamp.json                            says which snapshot is current; the only file without a version
 *   N.snapshot.json N.targets.json            never changed once timestamp.json leads to them
 *   targets/<sha256>.<name>
 *
 * There is no other state: whatever a crash left behind, the newest root and timestamp.json say what clients see, and the numbers of all files which
 * version comes next.
 */
import { type Fields, parseFields } from '@assay/core';
import type { Disk } from '../store/disk.ts';

export const ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type RoleName = (typeof ROLES)[number];

export interface Metadata {
  readonly version: number;
  readonly expires: Date;
  /** The part that is signed. */
  readonly signed: Fields;
}

export interface Published {
  readonly root: Metadata & { readonly bytes: Uint8Array };
  /** All three, or nothing yet. */
  readonly current: Readonly<Record<'targets' | 'snapshot' | 'timestamp', Metadata>> | undefined;
  /** Higher than any that was ever written. */
  readonly next: Readonly<Record<RoleName, number>>;
}

/** Undefined when there is no root yet. Errors: `STACK_DATA`. */
export async function readPublished(disk: Disk): Promise<Published | undefined> {
  const names = await disk.list('');
  const highest = { root: highestVersion(names, 'root'), targets: highestVersion(names, 'targets'), snapshot: highestVersion(names, 'snapshot') };
  if (highest.root === 0) return undefined;
  const [root, rootBytes] = await readMetadata(disk, `${highest.root}.root.json`);
  const current = names.includes('timestamp.json') ? await readCurrent(disk) : undefined;
  return {
    root: { ...root, bytes: rootBytes },
    current,
    next: {
      root: highest.root + 1,
      targets: highest.targets + 1,
      snapshot: highest.snapshot + 1,
      timestamp: (current?.timestamp.version ?? 0) + 1,
    },
  };
}

async function readCurrent(disk: Disk): Promise<NonNullable<Published['current']>> {
  const [timestamp] = await readMetadata(disk, 'timestamp.json');
  const [snapshot] = await readMetadata(disk, `${listedVersion(timestamp, 'snapshot')}.snapshot.json`);
  const [targets] = await readMetadata(disk, `${listedVersion(snapshot, 'targets')}.targets.json`);
  return { targets, snapshot, timestamp };
}

function listedVersion({ signed }: Metadata, role: RoleName): bigint {
  return signed.object('meta').object(`${role}.json`).int64('version');
}

/** Errors: `STACK_DATA` for a file that is absent, or no metadata. */
export async function readMetadata(disk: Disk, name: string): Promise<[Metadata, Uint8Array]> {
  const codes = { what: `${disk.root}/${name}`, parse: 'STACK_DATA', shape: 'STACK_DATA' } as const;
  const bytes = (await disk.read(name)) ?? new Uint8Array(0);
  const signed = parseFields(bytes, codes).object('signed');
  return [{ version: Number(signed.int64('version')), expires: signed.optionalTime('expires') ?? signed.missing('expires'), signed }, bytes];
}

/** 0 when there is none. */
export function highestVersion(names: readonly string[], role: RoleName): number {
  const versions = names.map((name) => Number(/^([1-9]\d*)\.(\w+)\.json$/.exec(name)?.[2] === role ? name.split('.')[0] : 0));
  return Math.max(0, ...versions);
}
