/** What was typed in a session that a page shows: lines behind a prompt, as far as they go. The rest is what was answered. */
import type { Excerpt, Piece } from '../excerpt.ts';
import { linesOf } from '../source.ts';

/** Undefined: there is no prompt. */
export function typedIn(excerpt: Excerpt): Excerpt | undefined {
  const { text } = excerpt;
  const pieces: Piece[] = [];
  let goesOn = false;
  let prompted = false;
  for (const line of linesOf(text)) {
    const head = text.slice(line.start, Math.min(line.end, line.start + MAX_PROMPT));
    const prompt = PROMPT.exec(head)?.[0] ?? (goesOn ? (/^> /.exec(head)?.[0] ?? '') : undefined);
    if (prompt === undefined) continue;
    prompted ||= prompt !== '' && prompt !== '> ';
    pieces.push({ start: line.start + prompt.length, end: line.next });
    goesOn = /\\[ \t]*$/.test(text.slice(Math.max(line.start, line.end - MAX_PROMPT), line.end));
  }
  return prompted ? excerpt.join(pieces) : undefined;
}

const PROMPT = /^\s{0,20}(?:\$|%|❯|➜|[\w.-]{1,40}@[\w.-]{1,40}[^$#]{0,40}[$#])\s+(?=\S)/;
const MAX_PROMPT = 160;
