/** `assay explain RESULT…`: the proof trees of saved results, in full. It shows; it does not verify again. */
import { failures, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { named } from '../named.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { printable } from '../render/printable.ts';
import { type Style, styleFor } from '../render/style.ts';
import { renderTree } from '../render/tree.ts';
import { parseSavedResults, type SavedResult } from './saved-results.ts';

export interface ExplainFlags {
  /** References: of the images that were accepted, as a list in JSON. */
  readonly output: 'text' | 'markdown' | 'references';
}

/** Errors: `RESULT_PARSE`, `FILE_…`. */
export async function runExplain(files: readonly string[], { output }: ExplainFlags, io: Io): Promise<number> {
  const results: SavedResult[] = [];
  for (const file of files) {
    const content = file === '-' ? await readStdin(io) : readFileCapped(file, MAX_RESULT_BYTES);
    results.push(...named(file === '-' ? 'standard input' : file, () => parseSavedResults(content)));
  }
  if (output === 'references') io.stdout(`${JSON.stringify(acceptedReferences(results))}\n`);
  else if (output === 'markdown') io.stdout(renderMarkdown(results.map(shownAs), MAX_PAGE_BYTES));
  else io.stdout(results.map((result) => textOf(result, results.length, styleFor(io))).join('\n'));
  return EXIT.accepted;
}

function textOf({ subject, ending, root }: SavedResult, count: number, style: Style): string {
  const failed = failures(root).length;
  const says =
    ending === 'accepted'
      ? `${style.good('✔')} the saved result accepted the evidence`
      : `${style.bad('✘')} the saved result rejected the evidence: ${failed} ${failed === 1 ? 'check' : 'checks'} failed`;
  const name = count === 1 || subject === undefined ? '' : `${style.bold(printable(subject))}\n`;
  return `${name}${says}\n\n${renderTree(root, style, 'full')}`;
}

function shownAs({ subject, reference, ...result }: SavedResult) {
  return { name: subject ?? reference ?? 'something without a name', ...result };
}

/** What any policy refuses is none of them, though another one lets it in. */
function acceptedReferences(results: readonly SavedResult[]): readonly string[] {
  const refused = new Set(results.flatMap(({ ending, reference }) => (ending === 'refused' ? [reference] : [])));
  return [...new Set(results.flatMap(({ reference }) => (reference === undefined || refused.has(reference) ? [] : [reference])))];
}

async function readStdin(io: Io): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of io.stdin()) {
    total += chunk.length;
    if (total > MAX_RESULT_BYTES) throw new TrustError('FILE_TOO_LARGE', `standard input: larger than the cap of ${MAX_RESULT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const MAX_RESULT_BYTES = 64 * 1024 * 1024;
/** GitHub shows no summary of a step that is larger than 1 MiB. */
const MAX_PAGE_BYTES = 1024 * 1024;
