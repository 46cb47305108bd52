/** A whole verification as text: the verdict first, then why, then the tree. */
import { type Check, catalogue, failures, type Verification, type Verified, warnings } from '@assay/core';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { type Detail, renderTree } from './tree.ts';

export interface Subject {
  /** As the user typed it. */
  readonly name: string;
  /** Of what was compared, where it was not core that did it. */
  readonly digest?: string | undefined;
  /** What else is known, each under a short name. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
}

export function renderVerification(verification: Verification, subject: Subject, style: Style, detail: Detail): string {
  const { verified, root } = verification;
  const verdict = verified === undefined ? rejectedText(root, subject, style) : acceptedText(verified, subject, style);
  return `${verdict}\n${renderTree(root, style, detail)}${warningText(root, style)}`;
}

function acceptedText(verified: Verified, { name, digest, facts = [] }: Subject, style: Style): string {
  const signer = verified.identity === undefined ? `the key sha256:${verified.keyFingerprint}` : verified.identity.san;
  const lines = [
    `${style.good('✔')} ${style.bold(printable(name))} is verified`,
    `  digest     ${verified.artifact ?? digest ?? '(none compared)'}`,
    `  signed by  ${printable(signer)}`,
  ];
  if (verified.identity !== undefined) lines.push(`  issuer     ${printable(verified.identity.oidcIssuer)}`);
  if (verified.statement !== undefined) lines.push(`  statement  ${printable(verified.statement.predicateType)}`);
  const [time] = verified.times;
  if (time !== undefined) lines.push(`  signed at  ${time.time.toISOString()} (${time.source})`);
  lines.push(...facts.map(([label, value]) => `  ${label.padEnd(LABEL_WIDTH)} ${printable(value)}`));
  return `${lines.join('\n')}\n`;
}

const LABEL_WIDTH = 10;

/** The first failed leaf in one block: what a person needs when nothing else is read. */
function rejectedText(root: Check, { name }: Subject, style: Style): string {
  const [first, ...others] = failures(root);
  const more = others.length === 0 ? '' : `\n  and ${others.length} more ${others.length === 1 ? 'check' : 'checks'} failed, see below`;
  if (first === undefined) return `${style.bad('✘')} ${style.bold(printable(name))} is NOT verified\n`;
  const lines = [
    `${style.bad('✘')} ${style.bold(printable(name))} is NOT verified: ${printable(first.says)}  ${style.dim(`[${first.code}]`)}`,
    ...failureLines(first),
  ];
  return `${lines.join('\n')}${more}\n`;
}

/** What was expected, what was found, and what to try, as lines. */
export function failureLines(check: Check): string[] {
  return failureRows(check).map(([label, value]) => `  ${label.padEnd(LABEL_WIDTH)} ${printable(value)}`);
}

/** The same, each under its name. */
export function failureRows({ expected, found, hint, code }: Check): [name: string, value: string][] {
  const rows = [
    ['expected', expected],
    ['found', found],
    ['try', hint ?? (code && catalogue[code].hint)],
  ] as const;
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value]]));
}

function warningText(root: Check, style: Style): string {
  const found = warnings(root);
  if (found.length === 0) return '';
  return `\n${found.map(({ warning }) => `${style.warn('warning')}: ${printable(warning ?? '')}\n`).join('')}`;
}
