/** What documents say besides the inventory. Nothing here is read from a clock: the same inventory gives the same bytes. */
import type { Inventory } from '../inventory.ts';

export interface DocumentOptions {
  /** Who has made the document. Default `assay` without a version. */
  readonly tool?: { readonly name: string; readonly version?: string };
  /** When it was made. Default: when the image says that it was made. */
  readonly time?: Date | undefined;
}

/** Undefined when nothing says it. */
export function timeOf({ subject: { created } }: Inventory, { time }: DocumentOptions): Date | undefined {
  if (time !== undefined) return time;
  const stated = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(stated) ? undefined : new Date(stated);
}

export const DEFAULT_TOOL: NonNullable<DocumentOptions['tool']> = { name: 'assay' };
