/**
 * Text that was cut out of a file (a fenced block, a YAML scalar, a command line), and knows where each character stood in it: indentation is taken off and
 * escapes are read, and a finding still points to the right column.
 */

/** `length` characters at `at`, from `from` in the file. Character for character where `span` is the same; else all of them stand for `span` characters. */
interface Part {
  readonly at: number;
  readonly length: number;
  readonly from: number;
  readonly span: number;
}

/** What a new excerpt is made of: a stretch of another, or text that stands for one. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text?: string;
}

export class Excerpt {
  readonly text: string;
  readonly #parts: readonly Part[];

  private constructor(text: string, parts: readonly Part[]) {
    this.text = text;
    this.#parts = parts;
  }

  /** A whole file. */
  static of(text: string): Excerpt {
    return new Excerpt(text, [{ at: 0, length: text.length, from: 0, span: text.length }]);
  }

  slice(start: number, end: number): Excerpt {
    return this.join([{ start, end }]);
  }

  join(pieces: readonly Piece[]): Excerpt {
    const texts: string[] = [];
    const parts: Part[] = [];
    let at = 0;
    for (const { start, end, text } of pieces) {
      if (text === undefined) {
        for (const part of this.#within(start, end)) parts.push({ ...part, at: at + part.at - start });
        texts.push(this.text.slice(start, end));
        at += end - start;
      } else if (text !== '') {
        const from = this.fileStart(start);
        parts.push({ at, length: text.length, from, span: this.fileEnd(end) - from });
        texts.push(text);
        at += text.length;
      }
    }
    const last = pieces.at(-1);
    if (parts.length === 0) parts.push({ at: 0, length: 0, from: last === undefined ? this.fileStart(0) : this.fileStart(last.start), span: 0 });
    return new Excerpt(texts.join(''), parts);
  }

  /** Where in the file the character at `offset` begins. */
  fileStart(offset: number): number {
    const part = this.#part(offset);
    const into = offset - part.at;
    return part.span === part.length ? part.from + into : part.from + (into < part.length ? 0 : part.span);
  }

  /** Where in the file what stands before `offset` ends. */
  fileEnd(offset: number): number {
    if (offset === 0) return this.fileStart(0);
    const part = this.#part(offset - 1);
    return part.span === part.length ? part.from + offset - part.at : part.from + part.span;
  }

  *#within(start: number, end: number): Generator<Part> {
    if (start >= end) return;
    for (let i = this.#index(start); i < this.#parts.length; i++) {
      const part = this.#parts[i] as Part;
      if (part.at >= end) return;
      const first = Math.max(start, part.at);
      const length = Math.min(end, part.at + part.length) - first;
      if (length <= 0) continue;
      if (part.span === part.length) yield { at: first, length, from: part.from + first - part.at, span: length };
      else yield { at: first, length, from: part.from, span: part.span };
    }
  }

  #part(offset: number): Part {
    return this.#parts[this.#index(offset)] as Part;
  }

  /** Of the last part that begins at or before `offset`. */
  #index(offset: number): number {
    let low = 0;
    let high = this.#parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#parts[middle] as Part).at <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** A value that a rule judges: what it says, where it stands in the file, and how another one would be written there. */
export interface Value {
  readonly text: string;
  /** In the file, quotes and all. */
  readonly start: number;
  readonly end: number;
  /** Undefined: what would have to be written there cannot be told, as inside an escaped string. */
  readonly write: ((text: string) => string) | undefined;
}
