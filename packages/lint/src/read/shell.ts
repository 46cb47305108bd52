/**
 * Command lines, as a POSIX shell splits them: words with their quotes taken off, operators, substitutions, heredocs. Made for texts that nobody runs: what is
 * not closed stands for itself, and nothing is expanded. One pass; what could be looked for again and again is looked for once.
 */
import type { Excerpt } from '../excerpt.ts';

export interface Word {
  /** Without quotes; variables and substitutions as they are written. */
  readonly text: string;
  /** In the excerpt, quotes and all. */
  readonly start: number;
  readonly end: number;
  readonly quotes: 'none' | 'single' | 'double' | 'mixed';
}

export type Operator = '|' | '||' | '&&' | ';' | '&' | '';

export interface Command {
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly start: number;
  readonly end: number;
  /** What comes after it, and how it hangs together. */
  readonly operator: Operator;
  readonly next: Command | undefined;
  /** It stands in `$(…)`, `` `…` `` or `<(…)` of this one, whose words come later. */
  readonly depth: number;
}

export interface Script {
  readonly excerpt: Excerpt;
  /** In the order in which they end; those within others first. */
  readonly commands: readonly Command[];
  /** Bodies of heredocs. */
  readonly documents: readonly { readonly start: number; readonly end: number }[];
}

export function parseShell(excerpt: Excerpt): Script {
  return new Reader(excerpt).script();
}

interface Open {
  assignments: { name: string; value: Word }[];
  words: Word[];
  start: number;
  end: number;
  operator: Operator;
  next: Command | undefined;
  depth: number;
}

class Reader {
  readonly #excerpt: Excerpt;
  readonly #text: string;
  readonly #commands: Open[] = [];
  readonly #documents: { start: number; end: number }[] = [];
  #at = 0;
  #heredocs: { readonly delimiter: string; readonly dashed: boolean }[] = [];
  /** What was once found to close nowhere: it is not looked for again. */
  readonly #unclosed = new Set<string>();

  constructor(excerpt: Excerpt) {
    this.#excerpt = excerpt;
    this.#text = excerpt.text;
  }

  script(): Script {
    while (this.#at < this.#text.length) {
      this.#list(0, '');
      // A closing bracket that nothing has opened, as of `case`.
      this.#at += 1;
    }
    return { excerpt: this.#excerpt, commands: this.#commands, documents: this.#documents };
  }

  /** Up to `closer`, which is left. */
  #list(depth: number, closer: string): void {
    let before: Open | undefined;
    do {
      const command = this.#command(depth);
      const isEmpty = command.words.length + command.assignments.length === 0;
      const operator = isEmpty ? this.#operator() : this.#add(command, before);
      if (operator === undefined) return;
      // A pipe may go on in the next line.
      if (!isEmpty || operator !== '\n') before = isEmpty ? undefined : command;
    } while (this.#at < this.#text.length && (closer === '' || this.#text[this.#at] !== closer));
  }

  #add(command: Open, before: Open | undefined): Operator | '\n' | undefined {
    this.#commands.push(command);
    if (before !== undefined) before.next = command;
    const operator = this.#operator();
    if (operator !== undefined) command.operator = operator === '\n' ? ';' : operator;
    return operator;
  }

  #operator(): Operator | '\n' | undefined {
    const char = this.#text[this.#at];
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (char === undefined || char === ')') return undefined;
    if (char === '\n' || char === '\r') {
      this.#at += two === '\r\n' ? 2 : 1;
      this.#skipHeredocs();
      return '\n';
    }
    if (two === '||' || two === '&&') {
      this.#at += 2;
      return two;
    }
    this.#at += two === ';;' || two === '|&' ? 2 : 1;
    return char === '|' ? '|' : char === '&' ? '&' : ';';
  }

  #command(depth: number): Open {
    const command: Open = { assignments: [], words: [], start: this.#at, end: this.#at, operator: '', next: undefined, depth };
    let isFirst = true;
    for (;;) {
      this.#skipBlanks();
      const char = this.#text[this.#at];
      if (char === undefined || (ENDS.has(char) && !this.#isRedirection())) return command;
      if (this.#redirection(depth)) continue;
      const word = this.#word(depth);
      if (isFirst) command.start = word.start;
      isFirst = false;
      command.end = word.end;
      const name = command.words.length === 0 ? /^([A-Za-z_]\w*)\+?=/.exec(this.#text.slice(word.start, Math.min(word.end, word.start + 200))) : null;
      if (name === null) command.words.push(word);
      else command.assignments.push({ name: name[1] ?? '', value: after(word, name[0].length, this.#text) });
    }
  }

  #skipBlanks(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === ' ' || char === '\t') this.#at += 1;
      else if (char === '\\' && this.#lineBreakAfter(this.#at + 1) !== undefined) this.#at = this.#lineBreakAfter(this.#at + 1) ?? this.#at;
      else if (char === '#') this.#skipLine();
      else return;
    }
  }

  #skipLine(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n' && this.#text[this.#at] !== '\r') this.#at += 1;
  }

  /** Behind a line break at `at`. Blanks before it are a slip that readers of pages do not see. */
  #lineBreakAfter(at: number): number | undefined {
    const found = /[ \t]{0,20}(?:\r\n|\n|\r|$)/y;
    found.lastIndex = at;
    const [text] = found.exec(this.#text) ?? [];
    return text === undefined ? undefined : at + text.length;
  }

  #isRedirection(): boolean {
    return this.#text.startsWith('&>', this.#at);
  }

  /** `2>&1`, `>> file`, `<<EOF`, `<<< word`: neither the operator nor its word belongs to the command. */
  #redirection(depth: number): boolean {
    if (this.#placeholder() !== undefined) return false;
    const found = /(?:\d{0,3}|&)(<<<|<<-?|>>|>\||<>|>&|<&|<|>)/y;
    found.lastIndex = this.#at;
    const [whole, sign] = found.exec(this.#text) ?? [];
    if (whole === undefined || sign === undefined) return false;
    if ((sign === '<' || sign === '>') && this.#text[this.#at + whole.length] === '(') return false;
    this.#at += whole.length;
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1;
    const char = this.#text[this.#at];
    if (char === undefined || ENDS.has(char)) return true;
    const word = this.#word(depth);
    if (sign === '<<' || sign === '<<-') this.#heredocs.push({ delimiter: word.text, dashed: sign === '<<-' });
    return true;
  }

  /** `<image>`, `<your name>`: to be filled in by the reader, although a shell would read a file of that name. */
  #placeholder(): string | undefined {
    if (this.#text[this.#at] !== '<') return undefined;
    PLACEHOLDER.lastIndex = this.#at;
    return PLACEHOLDER.exec(this.#text)?.[0];
  }

  #skipHeredocs(): void {
    const heredocs = this.#heredocs;
    this.#heredocs = [];
    for (const { delimiter, dashed } of heredocs) {
      const end = this.#unclosed.has('<<') ? undefined : this.#endOfHeredoc(delimiter, dashed);
      if (end === undefined) return;
      this.#documents.push({ start: this.#at, end: end.body });
      this.#at = end.next;
    }
  }

  #endOfHeredoc(delimiter: string, dashed: boolean): { readonly body: number; readonly next: number } | undefined {
    for (let at = this.#at; at < this.#text.length; ) {
      const breaks = /[\r\n]|$/g;
      breaks.lastIndex = at;
      const end = breaks.exec(this.#text)?.index ?? this.#text.length;
      const line = end - at > delimiter.length + MAX_INDENT ? '' : this.#text.slice(at, end);
      // In YAML and lists the whole script is indented.
      if ((dashed ? line.replace(/^\t+/, '') : line).trim() === delimiter) return { body: at, next: end };
      at = end + (this.#text.startsWith('\r\n', end) ? 2 : 1);
    }
    this.#unclosed.add('<<');
    return undefined;
  }

  #word(depth: number): Word {
    const start = this.#at;
    let text = this.#bracketWord(depth) ?? '';
    const met = { plain: text === '' ? 0 : 1, single: 0, double: 0 };
    for (let char = this.#text[this.#at]; char !== undefined && (!BREAKS.has(char) || this.#placeholder() !== undefined); char = this.#text[this.#at]) {
      const part = this.#part(char, depth);
      if (part === undefined) break;
      text += part.text;
      met[part.kind] += 1;
    }
    return { text, start, end: this.#at, quotes: quotesOf(met) };
  }

  /** `<(…)`, and a bracket where a command begins, are words of their own. */
  #bracketWord(depth: number): string | undefined {
    const char = this.#text[this.#at];
    if (this.#placeholder() !== undefined) return undefined;
    return char === '(' || char === '<' || char === '>' ? this.#bracketed(this.#at + (char === '(' ? 1 : 2), depth) : undefined;
  }

  /** What goes on within a word. Undefined: the word ends, with its line. */
  #part(char: string, depth: number): { readonly text: string; readonly kind: 'plain' | 'single' | 'double' } | undefined {
    if (char === "'" && this.#closes("'", this.#at + 1)) {
      const start = this.#at + 1;
      const end = this.#text.indexOf("'", start);
      this.#at = end + 1;
      return { text: this.#text.slice(start, end), kind: 'single' };
    }
    if (char === '"' && !this.#unclosed.has('"')) {
      const inner = this.#doubleQuoted(depth);
      return inner === undefined ? { text: '"', kind: 'plain' } : { text: inner, kind: 'double' };
    }
    if (char === '\\') return this.#backslash();
    const placeholder = this.#placeholder();
    if (placeholder !== undefined) {
      this.#at += placeholder.length;
      return { text: placeholder, kind: 'plain' };
    }
    return { text: char === '$' || char === '`' ? this.#expansion(depth) : this.#one(), kind: 'plain' };
  }

  #backslash(): { readonly text: string; readonly kind: 'plain' } | undefined {
    const behind = this.#lineBreakAfter(this.#at + 1);
    if (behind === undefined) {
      this.#at += 2;
      return { text: this.#text[this.#at - 1] ?? '', kind: 'plain' };
    }
    if (behind >= this.#text.length || /[ \t\r\n]/.test(this.#text[behind] ?? ' ')) return undefined;
    this.#at = behind;
    return { text: '', kind: 'plain' };
  }

  #one(): string {
    const char = this.#text[this.#at] ?? '';
    this.#at += 1;
    return char;
  }

  /** Whether `text` stands anywhere from `at` on. */
  #closes(text: string, at: number): boolean {
    if (this.#unclosed.has(text)) return false;
    if (this.#text.includes(text, at)) return true;
    this.#unclosed.add(text);
    return false;
  }

  /** Undefined, and a step on: it is closed nowhere. */
  #doubleQuoted(depth: number): string | undefined {
    const start = this.#at;
    const commands = this.#commands.length;
    let text = '';
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at];
      if (char === '"') {
        this.#at += 1;
        return text;
      }
      if (char === '\\' && /["\\$`]/.test(this.#text[this.#at + 1] ?? '')) {
        text += this.#text[this.#at + 1];
        this.#at += 2;
      } else if (char === '\\' && this.#text[this.#at + 1] === '\n') this.#at += 2;
      else text += char === '$' || char === '`' ? this.#expansion(depth) : this.#one();
    }
    // Once is enough: an inner one that was not closed leaves nothing for the outer one to close with.
    if (this.#unclosed.has('"')) return text;
    this.#unclosed.add('"');
    this.#commands.length = commands;
    this.#at = start + 1;
    return undefined;
  }

  /** `$NAME`, `${…}`, `$(…)`, `` `…` ``, `${{ … }}`: as written. Commands within are read. */
  #expansion(depth: number): string {
    const start = this.#at;
    const text = this.#text;
    if (text.startsWith('${{', start) && this.#closes('}}', start)) this.#at = text.indexOf('}}', start) + 2;
    else if (text.startsWith('${', start) && this.#closes('}', start)) this.#at = text.indexOf('}', start) + 1;
    else if (text.startsWith('$(', start) && depth < MAX_DEPTH) return this.#bracketed(start + 2, depth, start);
    else if (text[start] === '`' && depth < MAX_DEPTH && this.#closes('`', start + 1)) {
      const end = text.indexOf('`', start + 1);
      const inner = parseShell(this.#excerpt.slice(start + 1, end));
      for (const one of inner.commands) this.#commands.push(moved(one, start + 1, depth + 1));
      this.#at = end + 1;
    } else this.#at = start + 1;
    return text.slice(start, this.#at);
  }

  /** A list in brackets, from behind the opening one; as written. */
  #bracketed(inside: number, depth: number, start = this.#at): string {
    if (depth >= MAX_DEPTH) {
      this.#at = inside;
      return this.#text.slice(start, inside);
    }
    this.#at = inside;
    this.#list(depth + 1, ')');
    if (this.#text[this.#at] === ')') this.#at += 1;
    return this.#text.slice(start, this.#at);
  }
}

/** What stands behind the first characters of a word: of an assignment, or of `--flag=value`. */
export function after(word: Word, length: number, source: string): Word {
  const text = word.text.slice(length);
  const quotedFrom = source[word.start + length];
  const inner = source.slice(word.start + length + 1, word.end - 1);
  const closes = source[word.end - 1] === quotedFrom;
  const isWhole = (quote: string): boolean => quotedFrom === quote && closes && word.end - word.start - length >= 2 && !inner.includes(quote);
  const bare = source.slice(word.start + length, word.end);
  const quotes = isWhole("'") ? 'single' : isWhole('"') ? 'double' : /['"\\]/.test(bare) ? 'mixed' : 'none';
  return { text, start: word.start + length, end: word.end, quotes };
}

function quotesOf({ plain, single, double }: { readonly plain: number; readonly single: number; readonly double: number }): Word['quotes'] {
  if (single + double === 0) return 'none';
  if (plain > 0 || single + double > 1) return 'mixed';
  return single > 0 ? 'single' : 'double';
}

function moved(command: Command, by: number, depth: number): Open {
  const move = (word: Word): Word => ({ ...word, start: word.start + by, end: word.end + by });
  return {
    assignments: command.assignments.map(({ name, value }) => ({ name, value: move(value) })),
    words: command.words.map(move),
    start: command.start + by,
    end: command.end + by,
    operator: command.operator,
    next: command.next === undefined ? undefined : moved({ ...command.next, next: undefined }, by, depth),
    depth,
  };
}

/** One word in a shell that says this, variables and all. */
export function writeWord(text: string, quotes: Word['quotes']): string {
  if (quotes === 'none' && /^[\w@%+=:,./-]*$/.test(text)) return text;
  const hasVariables = quotes !== 'single' && /\$[\w{(]/.test(text);
  if (!hasVariables && quotes !== 'double') return `'${text.replaceAll("'", "'\\''")}'`;
  return `"${text.replace(/(["`])/g, '\\$1').replace(/\\(?=[\\$]|$)/g, '\\\\')}"`;
}

const ENDS: ReadonlySet<string> = new Set(['\n', '\r', ';', '|', '&', ')']);
const BREAKS: ReadonlySet<string> = new Set([' ', '\t', '\n', '\r', ';', '|', '&', ')', '(', '<', '>']);
const PLACEHOLDER = /<[A-Za-z][\w./:-]{0,40}(?: [\w./:-]{1,40}){0,5}>/y;
const MAX_DEPTH = 40;
const MAX_INDENT = 200;
