/** Instructions of a Dockerfile, each with the lines it goes on for. */
import type { Excerpt } from '../excerpt.ts';
import { linesOf } from '../source.ts';

export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** What follows it. */
  readonly excerpt: Excerpt;
}

export function* instructionsOf(excerpt: Excerpt): Generator<Instruction> {
  const { text } = excerpt;
  const lines = linesOf(text);
  for (let i = 0; i < lines.length; i++) {
    const first = lines[i];
    if (first === undefined) return;
    const [head, name] = /^[ \t]*([A-Za-z]+)[ \t]+/.exec(text.slice(first.start, Math.min(first.end, first.start + MAX_HEAD))) ?? [];
    if (head === undefined || name === undefined) continue;
    let end = first.end;
    while (i + 1 < lines.length && GOES_ON.test(text.slice(Math.max(lines[i]?.start ?? 0, (lines[i]?.end ?? 0) - MAX_HEAD), lines[i]?.end))) {
      i += 1;
      // Comments and empty lines stand between lines of one instruction, and do not end it.
      while (i + 1 < lines.length && /^[ \t]*(?:#|$)/.test(text.slice(lines[i]?.start, Math.min(lines[i]?.end ?? 0, (lines[i]?.start ?? 0) + MAX_HEAD))))
        i += 1;
      end = lines[i]?.end ?? end;
    }
    yield { name: name.toUpperCase(), excerpt: excerpt.slice(first.start + head.length, end) };
  }
}

const GOES_ON = /\\[ \t]*$/;
const MAX_HEAD = 200;
