/**
 * The proof tree as text: one of the views of one tree (architecture.md section 1).
 *
 *   ✔ log           recorded in 1 transparency log entry
 *     ✔ entry 79571823 of https://rekor.sigstore.dev
 *   ✘ artifact      this is not the artifact that was signed  [ARTIFACT_MISMATCH_DIGEST]
 *       expected  sha256:…
 *       found     sha256:…
 *       try       check that …
 */
import type { Check } from '@assay/core';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** `brief` folds what passed to one line; `full` shows every check. */
export type Detail = 'brief' | 'full';

export function renderTree(root: Check, style: Style, detail: Detail): string {
  return (root.checks ?? [root]).map((check) => renderCheck(check, 1, style, detail)).join('');
}

function renderCheck(check: Check, depth: number, style: Style, detail: Detail): string {
  const line = `${indent(depth)}${mark(check, style)} ${printable(check.says)}${codeText(check, style)}\n`;
  return line + renderDetails(check, depth + 1, style) + renderChildren(check, depth + 1, style, detail);
}

function renderChildren(check: Check, depth: number, style: Style, detail: Detail): string {
  if (detail === 'brief' && check.status === 'pass' && ONE_OF_MANY.has(check.id)) return '';
  const shown = (check.checks ?? []).filter((child) => detail === 'full' || !folded(check, child));
  return shown.map((child) => renderCheck(child, depth, style, detail)).join('');
}

/** A piece of evidence among those of a whole release. */
const ONE_OF_MANY: ReadonlySet<string> = new Set(['release.evidence']);

/** In a group that passed, only its groups and its warnings say something new; in a failed one, passed leaves still orient. */
function folded(parent: Check, child: Check): boolean {
  return parent.status === 'pass' && child.checks === undefined && child.warning === undefined;
}

function mark(check: Check, style: Style): string {
  if (check.status === 'pass') return check.warning === undefined ? style.good('✔') : style.warn('!');
  if (check.optional) return style.dim('·');
  return check.status === 'fail' ? style.bad('✘') : style.dim('-');
}

function codeText(check: Check, style: Style): string {
  return check.code === undefined || check.checks !== undefined ? '' : `  ${style.dim(`[${check.code}]`)}`;
}

function renderDetails(check: Check, depth: number, style: Style): string {
  const lines: [string, string | undefined][] =
    check.status === 'fail'
      ? [
          ['expected', check.expected],
          ['found', check.found],
          ['try', check.hint],
        ]
      : [];
  lines.push(['warning', check.warning]);
  return lines.map(([label, text]) => (text === undefined ? '' : `${indent(depth)}${style.dim(label.padEnd(9))} ${printable(text)}\n`)).join('');
}

function indent(depth: number): string {
  return '  '.repeat(depth);
}
