/** A file while it is looked at: what was cut out of it, what its variables say, and what was found. */
import type { Excerpt, Value } from './excerpt.ts';
import type { Finding } from './finding.ts';
import { PatternJudge } from './pattern/judge.ts';
import { type Script, type Word, writeWord } from './read/shell.ts';
import { type RuleId, ruleOf } from './rules.ts';
import { type Line, linesOf, positionIn } from './source.ts';

/**
 * Who runs a command, and so what becomes of its status: `page` a reader, line by line; `inline` nobody, perhaps; `script` a file, `github` a step, `gitlab` a
 * job, `image` a build, `recipe` make.
 */
export type Place = 'page' | 'inline' | 'script' | 'github' | 'gitlab' | 'image' | 'recipe';

export interface PageScript extends Script {
  readonly place: Place;
  /** The shell ends a pipeline with the worst status of its parts. Undefined: not known. */
  readonly pipefail: boolean | undefined;
}

export interface Report {
  readonly says: string;
  readonly correction?: string | undefined;
  /** Default false. */
  readonly fixable?: boolean;
  readonly admits?: string | undefined;
  /** Where the command begins: a comment before it counts for all its lines. */
  readonly anchor?: number | undefined;
}

export class Page {
  readonly file: string;
  readonly text: string;
  readonly lines: readonly Line[];
  readonly patterns = new PatternJudge();
  /** The last value that was given to each name, in the order of the page. */
  readonly variables = new Map<string, Value>();
  readonly #found: { readonly finding: Finding; readonly anchorLine: number; readonly at: number }[] = [];
  readonly #seen = new Set<string>();

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.lines = linesOf(text);
  }

  /** `start` and `end` are offsets in the file. The same rule at the same place is told once. */
  report(rule: RuleId, { start, end }: { readonly start: number; readonly end: number }, { says, correction, fixable, admits, anchor }: Report): void {
    const key = `${rule} ${start} ${end}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const finding: Finding = {
      file: this.file,
      rule,
      severity: ruleOf(rule)?.severity ?? 'error',
      start: positionIn(this.lines, start),
      end: positionIn(this.lines, end),
      text: this.text.slice(start, end),
      correction,
      fixable: fixable === true && correction !== undefined,
      says,
      admits,
    };
    this.#found.push({ finding, anchorLine: anchor === undefined ? finding.start.line : positionIn(this.lines, anchor).line, at: start });
  }

  /** In the order of the file. */
  found(): readonly { readonly finding: Finding; readonly anchorLine: number }[] {
    return [...this.#found].sort((a, b) => a.at - b.at || (a.finding.rule < b.finding.rule ? -1 : 1));
  }

  /** A word of a command as a value, followed to its assignment where it is nothing but a variable. */
  valueOf(excerpt: Excerpt, word: Word): Value {
    const name = /^\$(?:\{(\w+)\}|(\w+)|\{\{ ?env\.(\w+) ?\}\})$/.exec(word.text);
    const assigned = name === null ? undefined : this.variables.get(name[1] ?? name[2] ?? name[3] ?? '');
    return assigned ?? this.ownValue(excerpt, word);
  }

  ownValue(excerpt: Excerpt, word: Word): Value {
    const start = excerpt.fileStart(word.start);
    const end = excerpt.fileEnd(word.end);
    const raw = excerpt.text.slice(word.start, word.end);
    // A dollar that was escaped could not be told from one that begins a variable.
    const isPlain = this.text.slice(start, end) === raw && !/\\\$\w/.test(raw);
    return { text: word.text, start, end, write: isPlain ? (text) => writeWord(text, word.quotes) : undefined };
  }

  /** With variables that the page has set, once: `${IMAGE}@$DIGEST`. Long ones stay as they are: `A=$A$A` doubles each time. */
  expand(text: string): string {
    if (text.length > MAX_EXPANDED) return text;
    return text.replace(/\$(?:\{(\w+)\}|(\w+)|\{\{ ?env\.(\w+) ?\}\})/g, (whole, braced, bare, env) => {
      const known = this.variables.get(braced ?? bare ?? env)?.text ?? whole;
      return known.length > MAX_EXPANDED ? whole : known;
    });
  }
}

const MAX_EXPANDED = 1000;
