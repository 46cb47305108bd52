/**
 * Dockerfiles, with the place of every word: what is built on (`FROM`), what files are taken from (`COPY --from`, `RUN --mount=from=`), and the frontend
 * (`# syntax=`). Stages of the file and `scratch` are no images.
 *
 *   ARG BASE=debian:13        a FROM that is one argument is pinned here, at its default
 *   FROM ${BASE} AS build
 *   FROM debian:${VERSION}    cannot be pinned: with another VERSION the digest would be wrong
 *
 * Which lines are instructions is BuildKit's rule (Dockerfile reference, "Format"): continued lines, comments between them, here-documents.
 */
import { Lines } from './lines.ts';
import type { Reading } from './model.ts';
import { Notes } from './notes.ts';

export function findInDockerfile(text: string): Reading {
  const finder = new Finder(text);
  const problem = finder.find();
  return problem === undefined ? { findings: finder.notes.findings, placeholders: [] } : { findings: [], placeholders: [], problem };
}

/** Whether a text without a telling name is one: its first instruction says so. */
export function looksLikeDockerfile(text: string): boolean {
  return /^\ufeff?(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:FROM[ \t]+\S|ARG[ \t]+\w+(?:=|[ \t]*\r?$))/im.test(text) && !/^[\w-]+:(?:\s|$)/m.test(text);
}

interface Word {
  readonly text: string;
  /** In the instruction. */
  readonly at: number;
}

/** An instruction on one line, and where its pieces stand in the text. */
interface Instruction {
  readonly joined: string;
  readonly pieces: readonly { readonly at: number; readonly offset: number }[];
  /** Of the lines, where the next begins. */
  readonly next: number;
}

interface Argument {
  readonly value: string | undefined;
  /** Undefined: it is not written letter by letter. */
  readonly offset: number | undefined;
}

class Finder {
  readonly #text: string;
  readonly #lines: readonly { readonly text: string; readonly offset: number }[];
  readonly #places: Lines;
  readonly notes: Notes;
  readonly #globals = new Map<string, Argument>();
  readonly #stages = new Set<string>();
  #stageCount = 0;
  #escape = '\\';

  constructor(text: string) {
    this.#text = text;
    this.#places = new Lines(text);
    this.notes = new Notes(this.#places);
    this.#lines = linesOf(text);
  }

  /** Returns why the text cannot be read. */
  find(): Reading['problem'] {
    this.#directives();
    for (let at = 0; at < this.#lines.length; ) {
      const begin = this.#lines[at]?.offset ?? 0;
      const instruction = this.#join(at);
      const problem = (reason: string) => ({ line: this.#places.at(instruction.pieces[0]?.offset ?? begin), reason });
      at = instruction.next;
      const [keyword, ...words] = wordsOf(instruction.joined, this.#escape);
      if (keyword === undefined) continue;
      const name = keyword.text.toUpperCase();
      if (!KEYWORDS.has(name)) return problem('it is no instruction of a Dockerfile');
      this.#take(name, words, instruction);
      const end = this.#afterHeredocs(name, words, at);
      if (end === undefined) return problem('its here-document has no end');
      at = end;
    }
    return undefined;
  }

  #take(keyword: string, words: readonly Word[], instruction: Instruction): void {
    const [inner, ...rest] = words;
    if (keyword === 'FROM') this.#from(words, instruction);
    else if (keyword === 'ARG' && this.#stageCount === 0) this.#arguments(words, instruction);
    else if (keyword === 'COPY') this.#copy(words, instruction);
    else if (keyword === 'RUN') this.#mounts(words, instruction);
    else if (keyword === 'ONBUILD' && inner !== undefined) this.#take(inner.text.toUpperCase() === 'FROM' ? '' : inner.text.toUpperCase(), rest, instruction);
  }

  /** They stand before everything else, each once. */
  #directives(): void {
    const seen = new Set<string>();
    for (const { text, offset } of this.#lines) {
      const match = /^(\s*#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*)(.*?)\s*$/.exec(text);
      const [, before = '', name = '', value = ''] = match ?? [];
      const directive = name.toLowerCase();
      if (!DIRECTIVES.has(directive) || seen.has(directive)) return;
      seen.add(directive);
      if (directive === 'escape' && (value === '`' || value === '\\')) this.#escape = value;
      if (directive === 'syntax' && value !== '') this.notes.inline({ ...IMAGE, offset: offset + before.length }, value);
    }
  }

  #from(words: readonly Word[], instruction: Instruction): void {
    const [image, as, name] = words.slice(flagsOf(words).length);
    this.#stageCount += 1;
    if (image !== undefined) this.#base(image, instruction);
    if (as?.text.toUpperCase() === 'AS' && name !== undefined) this.#stages.add(name.text.toLowerCase());
  }

  #base(word: Word, instruction: Instruction): void {
    const [, plain, braced, fallback] = ONE_VARIABLE.exec(word.text) ?? [];
    const name = plain ?? braced;
    const argument = this.#globals.get(name ?? '');
    if (name !== undefined && argument?.value) this.#argument(name, argument, word, instruction);
    else if (fallback !== undefined) this.#image({ text: fallback, at: word.at + word.text.length - 1 - fallback.length }, instruction);
    else if (name !== undefined && !PLATFORM.test(name)) this.#remark(word, instruction, `its argument ${name} has no default`);
    else if (word.text.includes('$')) this.#composed(word, instruction);
    else this.#image(word, instruction);
  }

  #composed(word: Word, instruction: Instruction): void {
    const known = this.#expand(word.text);
    if (known !== undefined && this.#isStage(known)) return;
    this.#remark(word, instruction, 'a part of it is an argument: with the whole reference as the default of one ARG it can be pinned');
  }

  #argument(name: string, { value = '', offset }: Argument, word: Word, instruction: Instruction): void {
    const known = value.includes('$') ? this.#expand(value) : value;
    if (known !== undefined && this.#isStage(known)) return;
    if (value.includes('$') || offset === undefined) this.#remark(word, instruction, `its argument ${name} is not written out`);
    else this.notes.inline({ ...IMAGE, offset }, value);
  }

  #image(word: Word, instruction: Instruction): void {
    const { text, at } = unquoted(word);
    if (this.#isStage(text) || text === '') return;
    const offset = this.#offsetOf(at, text, instruction);
    if (offset === undefined || /["'\\`]/.test(text)) this.#remark(word, instruction, 'it is written over several lines or with escapes');
    else this.notes.inline({ ...IMAGE, offset }, text);
  }

  /** Of `ARG NAME=value …` before the first stage. */
  #arguments(words: readonly Word[], instruction: Instruction): void {
    for (const { text, at } of words) {
      const equals = text.indexOf('=');
      const name = equals < 0 ? text : text.slice(0, equals);
      const value = unquoted({ text: text.slice(equals + 1), at: at + equals + 1 });
      const isPlain = !/["'\\`]/.test(value.text);
      if (equals < 0) this.#globals.set(name, { value: undefined, offset: undefined });
      else this.#globals.set(name, { value: value.text, offset: isPlain ? this.#offsetOf(value.at, value.text, instruction) : undefined });
    }
  }

  #copy(words: readonly Word[], instruction: Instruction): void {
    for (const { text, at } of flagsOf(words)) {
      if (text.startsWith(FROM)) this.#source({ text: text.slice(FROM.length), at: at + FROM.length }, instruction);
    }
  }

  #mounts(words: readonly Word[], instruction: Instruction): void {
    for (const { text, at } of flagsOf(words)) {
      if (!text.startsWith('--mount=')) continue;
      const [from] = [...text.matchAll(/(?<=[=,])from=([^,]*)/gi)];
      if (from !== undefined) this.#source({ text: from[1] ?? '', at: at + from.index + 'from='.length }, instruction);
    }
  }

  /** A stage by name or number, or an image. */
  #source(word: Word, instruction: Instruction): void {
    if (/^\d+$/.test(word.text) && Number(word.text) < this.#stageCount) return;
    this.#image(word, instruction);
  }

  /** `*` may be any text. */
  #isStage(name: string): boolean {
    if (name === 'scratch' || this.#stages.has(name.toLowerCase())) return true;
    const [start = '', ...rest] = name.toLowerCase().split('*');
    return rest.length > 0 && [...this.#stages].some((stage) => stage.startsWith(start) && stage.endsWith(rest.at(-1) ?? ''));
  }

  /** What is known before the build; `*` for what the platform says: such a base is one of several stages. */
  #expand(text: string): string | undefined {
    let isKnown = true;
    const expanded = text.replace(VARIABLE, (_, plain?: string, braced?: string, fallback?: string) => {
      const name = plain ?? braced ?? '';
      const value = this.#globals.get(name)?.value || fallback || (PLATFORM.test(name) ? '*' : undefined);
      if (value === undefined) isKnown = false;
      return value ?? '';
    });
    return isKnown && !expanded.includes('$') ? expanded : undefined;
  }

  #remark({ text, at }: Word, instruction: Instruction, reason: string): void {
    this.notes.remark({ ...IMAGE, offset: offsetIn(instruction, at) }, text, 'unpinnable', reason);
  }

  /** Undefined when the text goes on in another line. */
  #offsetOf(at: number, text: string, instruction: Instruction): number | undefined {
    const offset = offsetIn(instruction, at);
    return this.#text.startsWith(text, offset) ? offset : undefined;
  }

  /** An instruction with the lines it goes on in. Comments and empty lines among them do not end it. */
  #join(start: number): Instruction {
    const pieces: { at: number; offset: number }[] = [];
    let joined = '';
    for (let at = start; at < this.#lines.length; at += 1) {
      const { text, offset } = this.#lines[at] ?? { text: '', offset: 0 };
      const bare = text.replace(LEADING_SPACE, '');
      if (bare.startsWith('#') || (pieces.length > 0 && bare === '')) continue;
      const end = text.replace(/[ \t]+$/, '');
      // Two escapes in a row continue nothing.
      const goesOn = end.endsWith(this.#escape) && end.at(-2) !== this.#escape;
      pieces.push({ at: joined.length, offset });
      joined += goesOn ? end.slice(0, -1) : text;
      if (!goesOn) return { joined, pieces, next: at + 1 };
    }
    return { joined, pieces, next: this.#lines.length };
  }

  /** Behind the here-documents that an instruction opens; undefined when one has no end. */
  #afterHeredocs(keyword: string, words: readonly Word[], start: number): number | undefined {
    const inner = keyword === 'ONBUILD' ? (words[0]?.text.toUpperCase() ?? '') : keyword;
    if (!WITH_HEREDOCS.has(inner)) return start;
    let at = start;
    for (const { text } of words) {
      const [, dash, , name] = /^\d*<<(-?)(['"]?)([A-Za-z_][A-Za-z0-9_.-]*)\2$/.exec(text) ?? [];
      if (name === undefined) continue;
      const isEnd = (line: string): boolean => (dash === '-' ? line.replace(/^\t+/, '') : line) === name;
      while (at < this.#lines.length && !isEnd(this.#lines[at]?.text ?? '')) at += 1;
      if (at === this.#lines.length) return undefined;
      at += 1;
    }
    return at;
  }
}

/** Words as BuildKit splits them: at white space that is in no quotes and in no `${…}`. */
function wordsOf(text: string, escapeChar: string): Word[] {
  const words: Word[] = [];
  let start: number | undefined;
  for (let at = 0; at <= text.length; ) {
    const char = text[at];
    if (char === undefined || SPACE.test(char)) {
      if (start !== undefined) words.push({ text: text.slice(start, at), at: start });
      start = undefined;
      at += 1;
      continue;
    }
    start ??= at;
    at = afterPart(text, at, escapeChar);
  }
  return words;
}

/** Behind a character, or behind what it opens. */
function afterPart(text: string, at: number, escapeChar: string): number {
  const char = text[at];
  if (char === escapeChar) return at + 2;
  const close = char === '"' || char === "'" ? char : char === '$' && text[at + 1] === '{' ? '}' : undefined;
  if (close === undefined) return at + 1;
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === escapeChar && close !== "'") end += 1;
    else if (text[end] === close) return end + 1;
  }
  return text.length;
}

function unquoted({ text, at }: Word): Word {
  const [, , inner] = /^(["'])(.*)\1$/s.exec(text) ?? [];
  return inner === undefined ? { text, at } : { text: inner, at: at + 1 };
}

/** They stand before everything else. */
function flagsOf(words: readonly Word[]): readonly Word[] {
  const end = words.findIndex(({ text }) => !text.startsWith('--'));
  return end < 0 ? words : words.slice(0, end);
}

function offsetIn({ pieces }: Instruction, at: number): number {
  const piece = pieces.findLast((one) => one.at <= at);
  return piece === undefined ? 0 : piece.offset + at - piece.at;
}

/** Without their ends. */
function linesOf(text: string): { text: string; offset: number }[] {
  const lines: { text: string; offset: number }[] = [];
  const start = text.startsWith('\ufeff') ? 1 : 0;
  for (let at = start; at <= text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    lines.push({ text: text.slice(at, end).replace(/\r$/, ''), offset: at });
    at = end + 1;
  }
  return lines;
}

const IMAGE = { kind: 'image', format: 'dockerfile' } as const;
const FROM = '--from=';
const ONE_VARIABLE = /^\$(?:(\w+)|\{(\w+)(?::?-([^${}]*))?\})$/;
const VARIABLE = /\$(?:(\w+)|\{(\w+)(?::?-([^${}]*))?\})/g;
const PLATFORM = /^(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)$/;
const DIRECTIVES: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);
const WITH_HEREDOCS: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD']);
/** Go counts U+0085 as white space, JavaScript does not. */
const LEADING_SPACE = /^[\s\u0085]+/;
const SPACE = /[\s\u0085]/;
const KEYWORDS: ReadonlySet<string> = new Set([
  ...['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL', 'MAINTAINER'],
  ...['ONBUILD', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'],
]);
