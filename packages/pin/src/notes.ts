/** Places that are known to hold a reference, as findings: with a digest to come, or with the reason why none can. */

import type { Digest } from '@assay/oci';
import type { Lines } from './lines.ts';
import type { Edit, Finding, Format, Kind, TagStyle } from './model.ts';
import { isWritten, parseWritten, pinnedText, type Written, writtenText } from './written.ts';

export interface Spot {
  readonly kind: Kind;
  readonly format: Format;
  readonly offset: number;
  readonly adds?: string | undefined;
}

/** How a digest gets there. */
export type Editor = (written: Written, digest: Digest, style: TagStyle) => readonly Edit[];

export class Notes {
  readonly #lines: Lines;
  readonly #byOffset = new Map<number, Finding>();

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  /** In the order of the text. What several ways lead to is there once. */
  get findings(): readonly Finding[] {
    return [...this.#byOffset.values()].toSorted((a, b) => a.offset - b.offset);
  }

  /** `text` stands as a whole from `spot.offset` on, and is replaced as a whole. */
  inline(spot: Spot, text: string): void {
    this.reference(spot, text, (written, digest, style) => [{ start: spot.offset, end: spot.offset + text.length, text: pinnedText(written, digest, style) }]);
  }

  reference(spot: Spot, text: string, editor: Editor): void {
    const open = openReason(text);
    const written = open === undefined ? parseWritten(text) : open.reason;
    if (!isWritten(written)) {
      this.remark(spot, text, open?.what ?? 'unpinnable', written);
      return;
    }
    this.#add({
      ...this.#place(spot),
      what: 'site',
      reference: writtenText(written),
      written,
      ...(spot.adds !== undefined && { adds: spot.adds }),
      edits: (digest, style) => (written.digest === digest ? [] : editor(written, digest, style)),
    });
  }

  remark(spot: Spot, reference: string, what: 'unpinnable' | 'skipped', reason: string): void {
    this.#add({ ...this.#place(spot), what, reference, reason });
  }

  #place({ kind, format, offset }: Spot) {
    return { kind, format, offset, line: this.#lines.at(offset) };
  }

  #add(finding: Finding): void {
    if (!this.#byOffset.has(finding.offset)) this.#byOffset.set(finding.offset, finding);
  }
}

/** What is filled in later, and by whom. */
function openReason(text: string): { what: 'unpinnable' | 'skipped'; reason: string } | undefined {
  if (text.includes('${{')) return { what: 'unpinnable', reason: 'an expression decides it when the workflow runs' };
  if (text.includes('{{')) return { what: 'skipped', reason: 'a template fills it in' };
  if (text.includes('$')) return { what: 'unpinnable', reason: 'it holds a variable, which is known only where it is used' };
  return undefined;
}
