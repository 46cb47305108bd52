/** Words as BuildKit splits them: at white space that is in no quotes and in no `${…}`. Quotes and escapes stay. */
export function splitWords(text: string, escapeChar: string): string[] {
  const words: string[] = [];
  const scanner = new Scanner(text, escapeChar);
  let start: number | undefined;
  while (scanner.at < text.length) {
    if (isSpace(text[scanner.at])) {
      if (start !== undefined) words.push(text.slice(start, scanner.at));
      start = undefined;
      scanner.at += 1;
      continue;
    }
    start ??= scanner.at;
    scanner.skip();
  }
  if (start !== undefined) words.push(text.slice(start));
  return words;
}

class Scanner {
  readonly #text: string;
  readonly #escape: string;
  at = 0;

  constructor(text: string, escapeChar: string) {
    this.#text = text;
    this.#escape = escapeChar;
  }

  /** A character, or what it opens. */
  skip(): void {
    const char = this.#text[this.at];
    this.at += 1;
    if (char === this.#escape) this.at += 1;
    else if (char === "'") this.#skipSingleQuoted();
    else if (char === '"') this.#skipTo('"');
    else if (char === '$' && this.#text[this.at] === '{') this.#skipTo('}');
  }

  #skipSingleQuoted(): void {
    const end = this.#text.indexOf("'", this.at);
    this.at = end < 0 ? this.#text.length : end + 1;
  }

  /** What opens within is skipped by its own rules, however deep; one stack instead of calls. */
  #skipTo(end: string): void {
    const ends = [end];
    while (ends.length > 0 && this.at < this.#text.length) {
      const char = this.#text[this.at];
      this.at += 1;
      const inQuotes = ends.at(-1) === '"';
      if (char === this.#escape) this.at += 1;
      else if (char === ends.at(-1)) ends.pop();
      else if (char === '$' && this.#text[this.at] === '{') ends.push('}');
      else if (char === '"') ends.push('"');
      else if (char === "'" && !inQuotes) this.#skipSingleQuoted();
    }
  }
}

function isSpace(char: string | undefined): boolean {
  return char !== undefined && /[\s\u0085]/.test(char);
}
