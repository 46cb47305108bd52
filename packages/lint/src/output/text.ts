/** One line for each finding: `FILE:LINE:COLUMN: RULE: OFFENDING TEXT → CORRECTION (why)`. */
import { quote } from '@assay/core';
import type { Finding } from '../finding.ts';

export function findingsText(findings: readonly Finding[]): string {
  return findings.map((finding) => `${lineOf(finding)}\n`).join('');
}

function lineOf(finding: Finding): string {
  const { file, start, rule } = finding;
  return `${quote(file, MAX_NAME)}:${start.line}:${start.column}: ${rule}: ${quote(finding.text, MAX_TEXT)}${arrowOf(finding)} (${messageOf(finding)})`;
}

function arrowOf({ correction }: Finding): string {
  if (correction === undefined) return '';
  return correction === '' ? ' → (leave it out)' : ` → ${quote(correction, MAX_TEXT)}`;
}

/** What is wrong, with what it admits. */
export function messageOf({ says, admits }: Finding): string {
  return quote(admits === undefined ? says : `${says}; ${admits} passes`, MAX_TEXT);
}

const MAX_NAME = 1000;
const MAX_TEXT = 600;
