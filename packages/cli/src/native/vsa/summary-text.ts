/** A judged summary for people, and as JSON. */
import { failures } from '@assay/core';
import type { Io } from '../../io.ts';
import { printable } from '../../render/printable.ts';
import { styleFor } from '../../render/style.ts';
import { type Detail, renderTree } from '../../render/tree.ts';
import { failureLines } from '../../render/verification.ts';
import type { JudgedSummary } from './judge.ts';

export function summaryText({ root, summary }: JudgedSummary, name: string, detail: Detail, io: Io): string {
  const style = styleFor(io);
  const title = style.bold(printable(name));
  if (summary === undefined) {
    const [first] = failures(root);
    const verdict = `${style.bad('✘')} ${title} has NO summary that holds: ${printable(first?.says ?? root.says)}  ${style.dim(`[${first?.code}]`)}`;
    return `${[verdict, ...(first ? failureLines(first) : [])].join('\n')}\n\n${renderTree(root, style, detail)}`;
  }
  const { verifier, timeVerified, resourceUri, policy, verifiedLevels } = summary.predicate;
  const facts: [string, string | null | undefined][] = [
    ['verifier', verifier.id],
    ['resource', resourceUri],
    ['policy', policy.uri],
    ['levels', (verifiedLevels ?? []).join(', ')],
    ['verified at', timeVerified],
  ];
  const lines = facts.flatMap(([label, value]) => (value ? [`  ${label.padEnd(11)} ${printable(value)}`] : []));
  return `${style.good('✔')} ${title} has passed\n${lines.join('\n')}\n\n${renderTree(root, style, detail)}`;
}

export function summaryJson({ root, summary }: JudgedSummary): string {
  return `${JSON.stringify({ ok: summary !== undefined, ...(summary && { summary }), root }, null, 2)}\n`;
}
