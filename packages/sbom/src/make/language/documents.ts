/**
 * Documents of unknown origin, parsed into plain values: `SBOM_UNREADABLE` is the only error, whatever a parser does with them. Values are read by own
 * properties alone, so that `__proto__` and `constructor` are names like any other.
 */
import { isTrustError, quote, TrustError } from '@assay/core';
import { parseXml as parseXmlText, type XmlDocument, XmlElement } from '@rgrove/parse-xml';
import { parse as parseTomlText } from 'smol-toml';
import { parseAllDocuments } from 'yaml';

export type Fields = Readonly<Record<string, unknown>>;

/** UTF-8 without its mark; what is not UTF-8 becomes replacement characters. */
export function decodeText(content: Uint8Array, maxBytes = MAX_TEXT_BYTES): string {
  if (content.length > maxBytes) throw new TrustError('SBOM_UNREADABLE', `${content.length} bytes are more than ${maxBytes}, the cap for files of this kind`);
  return DECODER.decode(content);
}

export function parseJsonDocument(content: Uint8Array): Fields {
  return asFields(guarded('JSON', () => JSON.parse(decodeText(content))));
}

export function parseToml(content: Uint8Array): Fields {
  return asFields(guarded('TOML', () => parseTomlText(decodeText(content, MAX_SLOW_BYTES), { maxDepth: 100 })));
}

/** Every document of the stream. Aliases beyond the library's cap are an error. */
export function parseYaml(content: Uint8Array): unknown[] {
  return guarded('YAML', () => {
    const documents = parseAllDocuments(decodeText(content, MAX_SLOW_BYTES), YAML_OPTIONS);
    return [...documents].map((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return document.toJS({ maxAliasCount: 100 });
    });
  });
}

/**
 * Text alone: no attributes, no prefixes, and of entities those of XML; another one stays as it is written. Elements that repeat are arrays, so read them with
 * `listOf`.
 */
export function parseXml(content: Uint8Array): Fields {
  const text = decodeText(content, MAX_XML_BYTES).trim();
  return guarded('XML', () => membersOf(parseXmlText(text, { resolveUndefinedEntity: (entity) => entity })));
}

function membersOf({ children }: XmlDocument | XmlElement): Fields {
  const members = new Map<string, unknown[]>();
  for (const child of children) {
    if (!(child instanceof XmlElement)) continue;
    const name = child.name.slice(child.name.indexOf(':') + 1);
    const values = members.get(name) ?? [];
    values.push(child.children.some((one) => one instanceof XmlElement) ? membersOf(child) : child.text);
    members.set(name, values);
  }
  return Object.fromEntries([...members].map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

/** Nothing when it is no object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function entriesOf(value: unknown): [string, unknown][] {
  return Object.entries(fieldsOf(value));
}

export function fieldOf(value: unknown, name: string): unknown {
  const fields = fieldsOf(value);
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Empty when it is absent, or not text. */
export function textOf(value: unknown, name: string): string {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : '';
}

/** As `textOf`, and numbers as text: YAML reads the version `1.0` as one. */
export function scalarOf(value: unknown, name: string): string {
  const scalar = fieldOf(value, name);
  return typeof scalar === 'number' || typeof scalar === 'bigint' ? String(scalar) : textOf(value, name);
}

/** The texts of a list; what else is in it counts as absent. */
export function textsOf(value: unknown, name: string): readonly string[] {
  return listOf(fieldOf(value, name)).filter((one) => typeof one === 'string');
}

/** One element stands for a list of one; nothing for none. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null || value === '') return [];
  return Array.isArray(value) ? value : [value];
}

/** Errors: `SBOM_UNREADABLE` for whatever is thrown, the exhausted stack of a parser that recurses included. */
export function guarded<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isTrustError(error)) throw error;
    throw new TrustError('SBOM_UNREADABLE', `not ${what} that can be read: ${quote(error instanceof Error ? error.message : String(error), 120)}`, {
      cause: error,
    });
  }
}

function asFields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new TrustError('SBOM_UNREADABLE', 'the document is not an object');
}

/** Words for each of very many errors would take the time that the errors want to take. */
export const YAML_OPTIONS = { uniqueKeys: false, logLevel: 'silent', prettyErrors: false } as const;
const DECODER = new TextDecoder();
const MAX_TEXT_BYTES = 128 * 1024 * 1024;
const MAX_SLOW_BYTES = 16 * 1024 * 1024;
const MAX_XML_BYTES = 8 * 1024 * 1024;
