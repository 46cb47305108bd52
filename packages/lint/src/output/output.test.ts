/** What other programs read: nothing in a file can end a line of ours, or begin a command. */
import { expect, test } from 'vitest';
import { lintText } from '../lint.ts';
import { RULES } from '../rules.ts';
import { findingsGithub } from './github.ts';
import { findingsJson } from './json.ts';
import { findingsSarif } from './sarif.ts';
import { findingsText } from './text.ts';

const TEXT = "cosign verify --certificate-identity-regexp 'https://github.com/o/r/a.yml@x,y%0A::error::z' --certificate-oidc-issuer https://i.example a/b\n";
const FILE = 'a b,c:%/é\n.sh';
const findings = lintText(FILE, TEXT);

test('one line for each finding', () => {
  const text = findingsText(lintText('x.sh', TEXT));
  expect(text.split('\n').slice(0, -1)).toHaveLength(findings.length);
  expect(text).toMatch(/^x\.sh:1:45: identity-unanchored: '.*' → '\^.*\$' \(it is searched for, and \^ and \$ are missing; .* passes\)\n/);
  expect(findingsText(findings)).toMatch(/^a b,c:%\/é\\u000a\.sh:1:45: /);
  expect(findingsText([])).toBe('');
});

test('what is left out is said to be', () => {
  expect(findingsText(lintText('x.sh', 'curl -k https://x.example'))).toBe(
    'x.sh:1:6: check-disabled: -k → (leave it out) (anybody on the way can answer for the server)\n',
  );
});

test('workflow commands are escaped', () => {
  const lines = findingsGithub(findings).split('\n').slice(0, -1);
  expect(lines).toHaveLength(findings.length);
  expect(lines[0]).toMatch(/^::error file=a b%2Cc%3A%25\/é%0A\.sh,line=1,endLine=1,col=45,endColumn=\d+,title=identity-unanchored::it is searched for/);
  expect(lines[0]).toContain('%250A::error::z');
});

test('SARIF has its rules, regions and fixes', () => {
  const [run] = JSON.parse(findingsSarif(findings, '1.2.3', [{ file: 'big', reason: 'too large' }])).runs;
  expect(run.tool.driver).toMatchObject({ name: 'assay lint', semanticVersion: '1.2.3' });
  expect(run.tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(RULES.map(({ id }) => id));
  expect(run.columnKind).toBe('utf16CodeUnits');
  expect(run.invocations[0].toolExecutionNotifications[0].message.text).toBe('not read: too large');
  const [result] = run.results;
  expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
  const [{ physicalLocation }] = result.locations;
  expect(physicalLocation.artifactLocation.uri).toBe('a%20b%2Cc%3A%25/%C3%A9%0A.sh');
  const { startColumn, endColumn, snippet } = physicalLocation.region;
  expect(TEXT.slice(startColumn - 1, endColumn - 1)).toBe(snippet.text);
  const [{ artifactChanges }] = result.fixes;
  const [{ deletedRegion, insertedContent }] = artifactChanges[0].replacements;
  const mended = TEXT.slice(0, deletedRegion.startColumn - 1) + insertedContent.text + TEXT.slice(deletedRegion.endColumn - 1);
  expect(lintText(FILE, mended)).toEqual([]);
});

test('halves of characters harm neither of them', () => {
  const broken = lintText('\ud800.sh', 'curl -k https://x.example/\udc00');
  expect(JSON.parse(findingsSarif(broken, '1')).runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe('%EF%BF%BD.sh');
  expect(findingsText(broken)).toContain('\\ud800.sh:1:6');
  expect(JSON.parse(findingsJson(broken)).findings).toHaveLength(1);
});

test('JSON tells the rules that are concerned', () => {
  const { findings: written, rules, skipped } = JSON.parse(findingsJson(findings, []));
  expect(written).toHaveLength(findings.length);
  expect(Object.keys(rules)).toEqual(['identity-unanchored', 'unescaped-dot']);
  expect(skipped).toEqual([]);
});
