/**
 * The templates of `ci-provider` issuers: the part of Go's `text/template` that Fulcio's published configuration uses, and nothing else.
 *
 *   job_workflow_sha                                          without {{: the name of a claim or default
 *   {{ .url }}/{{ .repository }}                              a field has to be there
 *   {{index . "oidc.circleci.com/project-id"}}                any name; empty when it is not there, as in Go
 *   refs/{{if eq .ref_type "branch"}}heads/{{else}}tags/{{end}}{{ .ref }}
 *
 * What else is written is refused when the configuration is read, not when the first token comes.
 */

/** Claims over defaults. */
export type TemplateValues = ReadonlyMap<string, string>;

/** Throws `MissingValue` for a name that is not among the values. */
export type CiTemplate = (values: TemplateValues) => string;

export class TemplateProblem extends Error {}

export class MissingValue extends Error {
  constructor(name: string) {
    super(`value <${name}> not present in either claims or defaults`);
  }
}

/** Throws `TemplateProblem`. */
export function parseCiTemplate(source: string): CiTemplate {
  if (!source.includes('{{')) return (values) => claimOf(values, source);
  return new Parser(source).template();
}

type Expression = (values: TemplateValues) => string | boolean;

class Parser {
  /** Texts at even places, what stands between braces at odd ones. */
  readonly #parts: readonly string[];
  #next = 0;

  constructor(source: string) {
    this.#parts = source.split(/\{\{((?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|[^"`}]|\}(?!\}))*)\}\}/);
    const unclosed = this.#parts.find((part, i) => i % 2 === 0 && part.includes('{{'));
    if (unclosed !== undefined) throw new TemplateProblem('{{ without its }}');
  }

  template(): CiTemplate {
    const [template, ending] = this.#list();
    if (ending !== undefined) throw new TemplateProblem(`{{${ending}}} without {{if}}`);
    return template;
  }

  /** Up to `else`, `end` or the end of the template. */
  #list(): [CiTemplate, 'else' | 'end' | undefined] {
    const pieces: CiTemplate[] = [];
    while (this.#next < this.#parts.length) {
      const at = this.#next++;
      const part = this.#parts[at] as string;
      if (at % 2 === 0) {
        pieces.push(() => part);
        continue;
      }
      const words = new Words(part);
      const [first] = words;
      if (first === 'else' || first === 'end') {
        words.next();
        words.end();
        return [inOrder(pieces), first];
      }
      pieces.push(first === 'if' ? this.#if(words) : printed(words));
    }
    return [inOrder(pieces), undefined];
  }

  #if(words: Words): CiTemplate {
    words.next();
    const condition = pipeline(words);
    words.end();
    const [then, ending] = this.#list();
    const [otherwise, last] = ending === 'else' ? this.#list() : [() => '', ending];
    if (last !== 'end') throw new TemplateProblem('{{if}} without {{end}}');
    return (values) => {
      const value = condition(values);
      return value !== false && value !== '' ? then(values) : otherwise(values);
    };
  }
}

function inOrder(pieces: readonly CiTemplate[]): CiTemplate {
  return (values) => pieces.map((piece) => piece(values)).join('');
}

function printed(words: Words): CiTemplate {
  const expression = pipeline(words);
  words.end();
  return (values) => String(expression(values));
}

/** `index . "name"`, `eq A B…`, or one value. */
function pipeline(words: Words): Expression {
  const [first] = words;
  if (first === 'index') {
    words.next();
    if (words.next() !== '.') throw new TemplateProblem('index is known in one form: index . "name"');
    const name = stringOf(words.next());
    return (values) => values.get(name) ?? '';
  }
  if (first === 'eq') {
    words.next();
    const left = operand(words);
    const others = [operand(words)];
    while (!words.atEnd) others.push(operand(words));
    return (values) => others.some((other) => other(values) === left(values));
  }
  return operand(words);
}

function operand(words: Words): Expression {
  const word = words.next();
  if (word === '(') {
    const inner = pipeline(words);
    if (words.next() !== ')') throw new TemplateProblem('( without )');
    return inner;
  }
  if (/^\.\w+$/.test(word)) return (values) => claimOf(values, word.slice(1));
  const text = stringOf(word);
  return () => text;
}

/** What stands between `{{` and `}}`, word by word. */
class Words implements Iterable<string> {
  readonly #words: readonly string[];
  readonly #source: string;
  #next = 0;

  constructor(source: string) {
    this.#source = source;
    this.#words = source.match(/"(?:[^"\\\n]|\\.)*"|`[^`]*`|[()]|[^\s()"`]+/g) ?? [];
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#words.slice(this.#next)[Symbol.iterator]();
  }

  /** Within parentheses their end is the end. */
  get atEnd(): boolean {
    return this.#next >= this.#words.length || this.#words[this.#next] === ')';
  }

  next(): string {
    return this.#words[this.#next++] ?? this.#refuse();
  }

  end(): void {
    if (this.#next < this.#words.length) this.#refuse();
  }

  #refuse(): never {
    throw new TemplateProblem(`{{${this.#source}}} is not known here`);
  }
}

function stringOf(word: string): string {
  if (word.startsWith('`')) return word.slice(1, -1);
  try {
    if (word.startsWith('"')) return JSON.parse(word) as string;
  } catch {
    throw new TemplateProblem(`${word}: an escape that is not known here`);
  }
  throw new TemplateProblem(`"${word}" is not known here; known are .name, "text", index . "name", eq, if, else and end`);
}

function claimOf(values: TemplateValues, name: string): string {
  const value = values.get(name);
  if (value === undefined) throw new MissingValue(name);
  return value;
}
