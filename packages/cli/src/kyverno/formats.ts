/** Results in the forms that other programs read: JSON, YAML, Markdown, JUnit. */
import { escapeGoJson } from '@assay/core';
import { stringify } from 'yaml';
import { cellsOf, HEADS, type Row } from './table.ts';

export const FORMATS = ['json', 'yaml', 'markdown', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

/** With the empty lines around it. */
export function formatted(rows: readonly Row[], format: Format, detailed: boolean): string {
  const text = { json, yaml, markdown, junit }[format](rows, detailed);
  return `\n${text}\n\n`;
}

function records(rows: readonly Row[], detailed: boolean): object[] {
  return rows.map(({ id, policy, reason, resource, result, rule, message }) => ({
    ID: id,
    ...(detailed && { Message: message }),
    POLICY: policy,
    REASON: reason,
    RESOURCE: resource,
    RESULT: result,
    RULE: rule,
  }));
}

function json(rows: readonly Row[], detailed: boolean): string {
  return escapeGoJson(JSON.stringify(records(rows, detailed), undefined, 2));
}

function yaml(rows: readonly Row[], detailed: boolean): string {
  return stringify(records(rows, detailed), { lineWidth: 0, singleQuote: true });
}

function markdown(rows: readonly Row[], detailed: boolean): string {
  const heads = [...HEADS, ...(detailed ? ['MESSAGE'] : [])];
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const lines = rows.map((row) => `| ${cellsOf(row, detailed).map(cell).join(' | ')} |`);
  return `${[`| ${heads.join(' | ')} | `, `|${'----|'.repeat(heads.length)}`, ...lines].join('\n')}\n`;
}

function junit(rows: readonly Row[], detailed: boolean): string {
  const suites = new Map<string, Row[]>();
  for (const row of rows) suites.set(row.policy, [...(suites.get(row.policy) ?? []), row]);
  const failures = (list: readonly Row[]) => list.filter(({ failed }) => failed).length;
  const body = [...suites].map(
    ([policy, list]) =>
      ` <testsuite name="${xml(policy)}" tests="${list.length}" failures="${failures(list)}">\n${list.map((row) => testcase(row, detailed)).join('')} </testsuite>\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="${rows.length}" failures="${failures(rows)}">\n${body.join('')}</testsuites>`;
}

function testcase({ policy, rule, resource, result, reason, message, failed }: Row, detailed: boolean): string {
  const open = `  <testcase classname="${xml(rule)}" name="${xml(resource)}">\n`;
  const about = `    Policy: ${policy}\n    Rule: ${rule}\n    Resource: ${resource}\n`;
  if (failed) {
    // Upstream leaves the element open unless messages are asked for.
    const told = `${about}    Result: ${result}\n${detailed ? `    Message: ${message}\n` : ''}`;
    return `${open}   <failure message="${xml(reason)}">\n${xml(told)}   </failure>\n  </testcase>\n`;
  }
  const told = `    Reason: ${reason}\n${about}${detailed ? `    Message: ${message}\n` : ''}`;
  return `${open}   <system-out><![CDATA[\n${told.replaceAll(']]>', ']]]]><![CDATA[>')}   ]]></system-out>\n  </testcase>\n`;
}

function xml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
