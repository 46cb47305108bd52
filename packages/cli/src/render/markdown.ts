/**
 * Results as a page of Markdown, for what shows such pages beside a run (GitHub's step summaries): a table of each thing, its proof folded below.
 *
 * Everything that comes from a result stands in HTML, within `code` or `pre`, with the characters of HTML as entities. Markdown reads nothing in a block of
 * HTML (CommonMark §4.6, kind 6), which lasts until a blank line, and `printable` leaves no line break in a text of others: so there is one grammar to escape
 * for. GitHub looks for mentions and emoji in what is rendered, but not within `code` and `pre`.
 */
import { type Check, failures, warnings } from '@assay/core';
import { printable } from './printable.ts';
import { styleFor } from './style.ts';
import { renderTree } from './tree.ts';
import { failureRows } from './verification.ts';

export interface Shown {
  readonly name: string;
  readonly ending: 'accepted' | 'warned' | 'refused';
  /** What is known of it, each under a short name. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly root: Check;
}

/** At most `maxBytes` of UTF-8: proofs are left out first, then things, and the page says so. */
export function renderMarkdown(results: readonly Shown[], maxBytes: number): string {
  const accepted = results.filter(({ ending }) => ending !== 'refused').length;
  const title = `## Assay: ${accepted} of ${results.length} verified\n\n`;
  let room = maxBytes - Buffer.byteLength(title) - MAX_NOTE_BYTES;
  const fits = (text: string): boolean => {
    const size = Buffer.byteLength(text);
    if (size > room) return false;
    room -= size;
    return true;
  };
  const heads = results.map(headOf);
  const end = heads.findIndex((head) => !fits(head));
  const shown = results.slice(0, end === -1 ? results.length : end);
  const proofs = shown.map(proofOf).map((proof) => (fits(proof) ? proof : undefined));
  const [things, folded] = [results.length - shown.length, proofs.filter((proof) => proof === undefined).length];
  const note = things + folded === 0 ? '' : `Too much for a page: ${things} things and ${folded} proofs are left out.\n`;
  return `${title}${proofs.map((proof, i) => `${heads[i]}${proof ?? ''}\n`).join('')}${note}`;
}

function headOf({ name, ending, facts, root }: Shown): string {
  const rows = [...reasonRows(root), ...facts, ...warnings(root).map(({ warning }) => ['warning', warning ?? ''] as const)];
  const cells = rows.map(([label, value]) => `<tr><th align="left">${escaped(printable(label))}</th><td>${code(value)}</td></tr>\n`);
  return `<h3>${MARKS[ending]} ${code(name)} ${SAYS[ending]}</h3>\n${cells.length === 0 ? '' : `<table>\n${cells.join('')}</table>\n`}`;
}

/** The first failed leaf: what a person needs when nothing else is read. */
function reasonRows(root: Check): (readonly [string, string])[] {
  const [first, ...others] = failures(root);
  if (first === undefined) return [];
  const more = others.length === 0 ? [] : [['and', `${others.length} more ${others.length === 1 ? 'check' : 'checks'} failed`] as const];
  return [['because', `${first.says}  [${first.code}]`], ...failureRows(first), ...more];
}

function proofOf({ root }: Shown): string {
  return `<details>\n<summary>proof</summary>\n<pre>\n${escaped(renderTree(root, PLAIN, 'full'))}</pre>\n</details>\n`;
}

function code(text: string): string {
  return `<code>${escaped(printable(text))}</code>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const MARKS = { accepted: '✔', warned: '!', refused: '✘' } as const;
const SAYS = { accepted: 'is verified', warned: 'would be refused by a policy that only warns', refused: 'is NOT verified' } as const;
const PLAIN = styleFor({ env: {}, terminal: false });
const MAX_NOTE_BYTES = 200;
