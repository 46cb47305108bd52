/** slsa-verifier: its first version was one command with flags of one dash; the second knows none of them. */
import type { FlagRules } from '../read/tool.ts';
import { anchorOf, argumentsIn, type Seen, stretch } from './command.ts';

export function checkSlsaVerifier(seen: Seen): void {
  const given = argumentsIn(seen, FLAGS);
  const artifact = given.flag('artifact-path');
  if (artifact?.value === undefined || given.positionals.length > 0) return;
  const { page, script, tool, command } = seen;
  const written = (text: string): string =>
    page.ownValue(script.excerpt, { text, start: command.start, end: command.end, quotes: 'none' }).write?.(text) ?? text;
  const renamed = given.flags.flatMap(({ name, value }) => {
    const now = RENAMED[name] ?? (name === 'artifact-path' ? undefined : name);
    return now === undefined ? [] : [`--${now}${value === undefined ? '' : ` ${written(value.text)}`}`];
  });
  const isWhole = given.flags.every(({ value }) => value === undefined || !value.text.includes('$'));
  const correction = [
    page.text.slice(script.excerpt.fileStart(tool.word.start), script.excerpt.fileEnd(tool.word.end)),
    'verify-artifact',
    written(artifact.value.text),
    ...renamed,
  ].join(' ');
  page.report('deprecated', stretch(seen, tool.word, command), {
    says: 'this form is gone since version 2 of slsa-verifier',
    correction,
    fixable: isWhole,
    anchor: anchorOf(seen),
  });
}

const FLAGS: FlagRules = { switches: new Set(['print-provenance', 'help']), short: {} };
const RENAMED: Readonly<Record<string, string>> = {
  provenance: 'provenance-path',
  source: 'source-uri',
  tag: 'source-tag',
  branch: 'source-branch',
  'versioned-tag': 'source-versioned-tag',
};
