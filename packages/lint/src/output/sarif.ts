/**
 * SARIF 2.1.0: rules with their help, results with region and, where a correction can be put in as it is, a fix.
 *
 * Lines and columns are from 1, `endColumn` is one behind the last character, in UTF-16 units (section 3.14.11 on `columnKind`).
 */
import type { Finding } from '../finding.ts';
import { RULES } from '../rules.ts';
import { messageOf } from './text.ts';

/** `version` of the tool. `skipped` becomes notifications: a log without results would say that all was well. */
export function findingsSarif(
  findings: readonly Finding[],
  version: string,
  skipped: readonly { readonly file: string; readonly reason: string }[] = [],
): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'assay lint', semanticVersion: version, rules: RULES.map(reportingDescriptor) } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: skipped.map(({ file, reason }) => ({
              level: 'warning',
              message: { text: `not read: ${reason}` },
              locations: [{ physicalLocation: { artifactLocation: artifactLocation(file) } }],
            })),
          },
        ],
        results: findings.map(result),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function reportingDescriptor({ id, severity, summary, why }: (typeof RULES)[number]) {
  return {
    id,
    shortDescription: { text: `${summary}.` },
    fullDescription: { text: `${summary}. ${why}` },
    help: { text: why },
    defaultConfiguration: { level: severity },
  };
}

function result(finding: Finding) {
  const { file, rule, severity, start, end, text, correction, fixable } = finding;
  const region = { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
  const location = artifactLocation(file);
  const instead = correction === undefined ? '' : correction === '' ? '. Leave it out' : `. Instead: ${correction}`;
  const replacement = { deletedRegion: region, insertedContent: { text: correction ?? '' } };
  return {
    ruleId: rule,
    ruleIndex: RULES.findIndex(({ id }) => id === rule),
    level: severity,
    message: { text: `${messageOf(finding)}${instead}` },
    locations: [{ physicalLocation: { artifactLocation: location, region: { ...region, snippet: { text: wellFormed(text) } } } }],
    ...(fixable && { fixes: [{ description: { text: `put ${rule} right` }, artifactChanges: [{ artifactLocation: location, replacements: [replacement] }] }] }),
  };
}

/** A relative path is a relative reference; an absolute one needs its scheme. */
function artifactLocation(file: string): { readonly uri: string } {
  const path = wellFormed(file).split('/').map(encodeURIComponent).join('/');
  return { uri: file.startsWith('/') ? `file://${path}` : path };
}

/** Halves of characters, of which neither URLs nor some readers of JSON know what to make. */
function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}
