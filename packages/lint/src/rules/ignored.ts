/** Verifications whose failure stops nothing. Only what is certain: a reader at a terminal sees the error, and decides. */
import type { Command, Operator } from '../read/shell.ts';
import { toolOf } from '../read/tool.ts';
import { anchorOf, type Seen, stretch } from './command.ts';
import { isCheck } from './installers.ts';

export function checkIgnored(seen: Seen): void {
  const { command, page } = seen;
  if (!isCheck(command)) return;
  const { next } = command;
  if (next === undefined) return;
  if (command.operator === '||' && isHarmless(next)) {
    const place = { start: stretch(seen, command).end, end: stretch(seen, next).end };
    page.report('result-ignored', place, { says: 'a failure becomes a success', correction: '', anchor: anchorOf(seen) });
  } else if (command.operator === '|') checkPiped(seen, next);
}

/** What goes on after `||` ends well whatever was verified. */
function isHarmless({ words, operator }: Command): boolean {
  const [first = '', second = ''] = words.map(({ text }) => text);
  const goesOn: readonly Operator[] = ['&&', '|', '||'];
  if (goesOn.includes(operator)) return false;
  return ['true', ':', '/bin/true', 'echo', 'printf'].includes(first) || (first === 'exit' && second === '0');
}

/** `cosign verify … | jq`: the status is that of jq, which is content with nothing. */
function checkPiped(seen: Seen, next: Command): void {
  const { script, page, command } = seen;
  if (script.pipefail !== false) return;
  const tool = toolOf(next);
  const isContent = tool !== undefined && CONTENT.has(tool.name) && !tool.words.some(({ text }) => /^(?:-[a-zA-Z]*e[a-zA-Z]*|--exit-status)$/.test(text));
  if (!isContent) return;
  const place = { start: script.excerpt.fileStart(seen.tool.word.start), end: stretch(seen, command).end };
  page.report('result-ignored', place, { says: `the status is that of ${tool.name}: set -o pipefail first`, anchor: anchorOf(seen) });
}

const CONTENT: ReadonlySet<string> = new Set(['jq', 'tee', 'cat', 'base64', 'head', 'tail', 'sed', 'awk', 'wc', 'sort', 'less', 'tr', 'cut']);
