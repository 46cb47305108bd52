/** `assay sbom make THING`: what is in it, as documents. */
import type { Inventory } from '@assay/sbom';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { printable } from '../../render/printable.ts';
import { type InventoryFlags, inventoryOf } from './inventory.ts';
import { parseOutputs, writeOutputs } from './outputs.ts';
import { sbomThingOf } from './thing.ts';

export interface SbomMakeFlags extends InventoryFlags {
  readonly output?: readonly string[];
  readonly sourceName?: string;
  readonly sourceVersion?: string;
  readonly strict?: boolean;
}

/** Returns the exit status: with `strict` 1 when something could not be read. Errors: `OCI_…`, `NET_…`, `FILE_…`, `USAGE`. */
export async function runSbomMake(thing: string, flags: SbomMakeFlags, io: Io): Promise<number> {
  const outputs = parseOutputs(flags.output ?? ['cyclonedx-json']);
  const inventory = renamed(await inventoryOf(sbomThingOf(thing), flags, io), flags);
  writeOutputs(inventory, outputs, io);
  tellUnreadable(inventory, io);
  return flags.strict === true && inventory.unreadable.length > 0 ? EXIT.rejected : EXIT.accepted;
}

function renamed(inventory: Inventory, { sourceName, sourceVersion }: SbomMakeFlags): Inventory {
  const { subject } = inventory;
  return { ...inventory, subject: { ...subject, name: sourceName ?? subject.name, version: sourceVersion ?? subject.version } };
}

/** A document that is silent about it would claim to be whole; so would we. */
export function tellUnreadable({ unreadable }: Inventory, io: Io): void {
  if (unreadable.length === 0) return;
  io.stderr(`warning: ${unreadable.length} ${unreadable.length === 1 ? 'part' : 'parts'} could not be read; the document names them\n`);
  for (const { path, layer, message } of unreadable.slice(0, MAX_TOLD)) {
    io.stderr(`  ${printable(path)}${layer === undefined ? '' : ` (${printable(layer)})`}: ${printable(message)}\n`);
  }
  if (unreadable.length > MAX_TOLD) io.stderr(`  and ${unreadable.length - MAX_TOLD} more\n`);
}

const MAX_TOLD = 10;
