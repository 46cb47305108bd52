/**
 * Reading a configuration file with names and positions: an error says `issuers.yaml:12:5: oidc-issuers.https://…: client-id is missing`.
 *
 * YAML and JSON alike, for JSON is YAML. Scalars stay the texts that were written, so `client-id: 0123` is no number. Aliases are followed, for
 * names too, as Fulcio's published file has them. A name that nobody asked for is refused by `end`: a misspelt setting must not be ignored.
 */
import { quote, TrustError } from '@assay/core';
import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';

/** The map that the file holds. Errors: `STACK_ISSUERS`. */
export function readConfig(text: string, file: string): ConfigMap {
  const lines = new LineCounter();
  // YAML 1.2 lets the colon belong to the alias, Go's reader does not, and Fulcio's published file has `*github-type:` for a name.
  const spaced = text.replace(/^([ \t]*\*[\w-]+):(?=\s)/gm, '$1 :');
  const document = parseDocument(spaced, { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent', prettyErrors: false, lineCounter: lines });
  const source: Source = { file, document, lines };
  const [problem] = document.errors;
  if (problem !== undefined) refuseAt(source, problem.pos[0], quote(problem.message), { expected: 'YAML or JSON' });
  const { contents } = document;
  return new ConfigMap(source, '', isMap(contents) ? contents : refuseAt(source, 0, 'not a map', { expected: 'oidc-issuers and meta-issuers' }));
}

interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

interface Entry {
  readonly name: string;
  readonly key: Node;
  readonly value: unknown;
}

interface Difference {
  readonly expected?: string;
  readonly found?: string;
}

export class ConfigMap {
  readonly path: string;
  readonly #source: Source;
  readonly #node: YAMLMap;
  readonly #entries: readonly Entry[];
  readonly #read = new Set<Entry>();

  constructor(source: Source, path: string, node: YAMLMap) {
    this.path = path;
    this.#source = source;
    this.#node = node;
    this.#entries = node.items.map(({ key, value }) => ({ name: this.#nameOf(key), key: key as Node, value }));
    const names = new Set<string>();
    for (const entry of this.#entries) {
      if (names.size === names.add(entry.name).size) this.#refuseEntry(entry, 'stands here twice');
    }
  }

  #nameOf(key: unknown): string {
    const target = this.#target(key);
    return isScalar(target) ? String(target.value) : this.refuse('a name that is not a text');
  }

  #target(node: unknown): unknown {
    if (!isAlias(node)) return node;
    return node.resolve(this.#source.document) ?? this.#refuse(node, `nothing is called &${quote(node.source, 60)}`, {});
  }

  /** The field by its YAML name, or by the name that Go's JSON has for it: `issuer-url`, `IssuerURL`. */
  #find(name: string): Entry | undefined {
    const json = name.replaceAll('-', '');
    const [entry, twin] = this.#entries.filter((candidate) => candidate.name === name || candidate.name.toLowerCase() === json);
    if (twin !== undefined) this.#refuseEntry(twin, `stands here twice, the other time as ${entry?.name}`);
    if (entry !== undefined) this.#read.add(entry);
    return entry;
  }

  /** Undefined when absent, null or empty. */
  text(name: string): string | undefined {
    const entry = this.#find(name);
    return entry === undefined ? undefined : this.#textOf(entry);
  }

  #textOf(entry: Entry): string | undefined {
    const value = this.#target(entry.value);
    if (value === null || value === undefined) return undefined;
    if (!isScalar(value)) return this.#refuseEntry(entry, 'is not a text');
    const text = String(value.value ?? '');
    return text === '' || (value.type === 'PLAIN' && /^(?:~|null)$/.test(text)) ? undefined : text;
  }

  flag(name: string): boolean {
    const text = this.text(name);
    if (text === undefined || text === 'false') return false;
    return text === 'true' || this.refuseField(name, 'is not a boolean', { expected: 'true or false', found: quote(text, 40) });
  }

  map(name: string): ConfigMap | undefined {
    const entry = this.#find(name);
    return entry === undefined ? undefined : this.#mapOf(entry);
  }

  #mapOf(entry: Entry): ConfigMap | undefined {
    const value = this.#target(entry.value);
    if (value === null || value === undefined || (isScalar(value) && this.#textOf(entry) === undefined)) return undefined;
    if (!isMap(value)) return this.#refuseEntry(entry, 'is not a map');
    return new ConfigMap(this.#source, this.path === '' ? entry.name : `${this.path}.${quote(entry.name, 120)}`, value);
  }

  /** Every member that is a map, by name. */
  maps(): readonly [string, ConfigMap][] {
    return this.#entries.map((entry) => [entry.name, this.#mapOf(entry) ?? this.#refuseEntry(entry, 'is empty')]);
  }

  /** Every member as text; empty ones too. */
  texts(): readonly [string, string][] {
    return this.#entries.map((entry) => [entry.name, this.#textOf(entry) ?? '']);
  }

  /** Passes over a member, whatever it holds. */
  ignore(name: string): void {
    this.#find(name);
  }

  /** Refuses what was not asked for. */
  end(known: string): void {
    const stray = this.#entries.find((entry) => !this.#read.has(entry));
    if (stray !== undefined) this.#refuseEntry(stray, 'is not known', { expected: known });
  }

  refuse(problem: string, difference: Difference = {}): never {
    return this.#refuse(this.#node, problem, difference);
  }

  refuseField(name: string, problem: string, difference: Difference = {}): never {
    const entry = this.#find(name);
    return entry === undefined ? this.refuse(`${name} ${problem}`, difference) : this.#refuseEntry(entry, problem, difference);
  }

  #refuseEntry(entry: Entry, problem: string, difference: Difference = {}): never {
    return this.#refuse(entry.key, `${quote(entry.name, 120)} ${problem}`, difference);
  }

  #refuse(node: Node, problem: string, difference: Difference): never {
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    return refuseAt(this.#source, offset, this.path === '' ? problem : `${this.path}: ${problem}`, difference);
  }
}

function refuseAt({ file, lines }: Source, offset: number, problem: string, difference: Difference): never {
  const { line, col } = lines.linePos(offset);
  throw new TrustError('STACK_ISSUERS', `${file}:${line}:${col}: ${problem}`, { ...difference });
}
