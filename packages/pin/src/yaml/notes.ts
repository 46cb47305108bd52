/** References at nodes of YAML: in one scalar, or taken apart over the members of a map. */
import { type Digest, isDigest } from '@assay/oci';
import { isMap, isScalar, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { Edit, Format, Kind, TagStyle } from '../model.ts';
import type { Notes } from '../notes.ts';
import type { Written } from '../written.ts';
import { insertMember, replaceScalar } from './members.ts';
import type { YamlSource } from './source.ts';

/** Which members of a map make a reference. */
export interface Members {
  readonly kind: Kind;
  /** `HOST/REPOSITORY`, put together by the caller. */
  readonly name: string;
  /** Of the name: a digest without a tag goes behind it. */
  readonly nameKey: string;
  readonly tagKey: string;
  /** The first that is there counts; when none is, the first is added. */
  readonly digestKeys: readonly string[];
  /** Whether the digest can take the place of the tag, when tags are to be dropped. */
  readonly tagGoes?: boolean;
  /** What it means that there is neither tag nor digest. */
  readonly untagged: Refusal;
}

export interface Refusal {
  readonly what: 'unpinnable' | 'skipped';
  readonly reason: string;
}

export class YamlNotes {
  readonly source: YamlSource;
  readonly #notes: Notes;
  readonly #format: Format;

  constructor(source: YamlSource, notes: Notes, format: Format) {
    this.source = source;
    this.#notes = notes;
    this.#format = format;
  }

  as(format: Format): YamlNotes {
    return new YamlNotes(this.source, this.#notes, format);
  }

  /** A reference as a whole, behind `skip` characters that are none of it. What is no text, or empty, is none. */
  scalar(node: unknown, { kind = 'image', skip = 0 }: { kind?: Kind; skip?: number } = {}): void {
    const resolved = this.source.resolve(node);
    if (resolved === undefined) return;
    if (this.#isTemplate(resolved)) {
      this.remark(resolved, kind, this.#sliceOf(resolved), 'skipped', 'a template fills it in');
      return;
    }
    const value = this.source.string(resolved);
    if (!isScalar(resolved) || value === undefined || value === '') return;
    const inner = this.source.inner(resolved);
    if (inner === undefined) {
      this.remark(resolved, kind, value, 'unpinnable', NOT_ON_ONE_LINE);
      return;
    }
    this.#notes.inline({ kind, format: this.#format, offset: inner.start + skip }, value.slice(skip));
  }

  /** A digest in the place of what the scalar says. */
  replaced(scalar: Scalar, kind: Kind, reference: string): void {
    const inner = this.source.inner(scalar);
    if (inner === undefined) {
      this.remark(scalar, kind, reference, 'unpinnable', NOT_ON_ONE_LINE);
      return;
    }
    this.#notes.reference({ kind, format: this.#format, offset: inner.start }, reference, (_, digest) => [
      { start: inner.start, end: inner.end, text: digest },
    ]);
  }

  /** A reference in parts. */
  members(map: YAMLMap, members: Members): void {
    const { kind, name, tagKey, nameKey, digestKeys, untagged } = members;
    const anchor = [tagKey, nameKey, ...digestKeys].map((key) => this.source.pair(map, key)).find((pair) => pair !== undefined);
    const [tag, digest] = [this.#tagOf(map, tagKey), this.#digestOf(map, digestKeys)];
    const named = `${name}${typeof tag === 'string' ? `:${tag}` : ''}`;
    const node = this.source.resolve(anchor?.value) ?? map;
    const refusal = [tag, digest].find((part) => typeof part === 'object') ?? (tag === undefined && digest === undefined ? untagged : undefined);
    const editor = anchor === undefined || typeof tag === 'object' ? undefined : this.#editor(map, members, anchor, tag);
    if (typeof refusal === 'object' || typeof tag === 'object' || editor === undefined) {
      const { what, reason } = typeof refusal === 'object' ? refusal : NO_PLACE;
      this.remark(node, kind, named, what, reason);
      return;
    }
    const reference = typeof digest === 'string' ? `${named}@${digest}` : named;
    const isThere = tag?.includes('@') === true || digestKeys.some((key) => this.source.get(map, key) !== undefined);
    this.#notes.reference({ kind, format: this.#format, offset: this.#offsetOf(node), adds: isThere ? undefined : digestKeys[0] }, reference, editor);
  }

  remark(node: Node, kind: Kind, reference: string, what: 'unpinnable' | 'skipped', reason: string): void {
    this.#notes.remark({ kind, format: this.#format, offset: this.#offsetOf(node) }, reference, what, reason);
  }

  #offsetOf(node: Node): number {
    const inner = isScalar(node) ? this.source.inner(node) : undefined;
    return inner?.start ?? node.range?.[0] ?? 0;
  }

  /** `{{ .Values.x }}` without quotes reads as a map in a map. */
  #isTemplate(node: Node): boolean {
    return isMap(node) && this.#sliceOf(node).startsWith('{{');
  }

  #sliceOf(node: Node): string {
    const [start, end] = node.range ?? [0, 0];
    return this.source.text.slice(start, end);
  }

  /** Undefined when there is none. */
  #tagOf(map: YAMLMap, key: string): string | undefined | Refusal {
    const scalar = this.source.get(map, key);
    if (scalar === undefined) return undefined;
    if (this.#isTemplate(scalar)) return { what: 'skipped', reason: 'a template fills in its tag' };
    if (!isScalar(scalar) || scalar.value === null || scalar.value === '') return undefined;
    const text = String(scalar.value);
    // 1.10 is the number 1.1, and that is the tag which is asked for.
    if (typeof scalar.value !== 'string' && text !== scalar.source) {
      return { what: 'unpinnable', reason: `its tag ${scalar.source ?? ''} is a number, which reads as ${text}: put it in quotes` };
    }
    return this.source.inner(scalar) === undefined ? { what: 'unpinnable', reason: NOT_ON_ONE_LINE } : text;
  }

  /** Undefined when there is none. */
  #digestOf(map: YAMLMap, keys: readonly string[]): Digest | undefined | Refusal {
    const key = keys.find((one) => this.source.get(map, one) !== undefined);
    if (key === undefined) return undefined;
    const scalar = this.source.get(map, key);
    if (scalar !== undefined && this.#isTemplate(scalar)) return { what: 'skipped', reason: 'a template fills in its digest' };
    if (!isScalar(scalar) || scalar.value === null || scalar.value === '') return undefined;
    const text = String(scalar.value);
    if (text.includes('{{')) return { what: 'skipped', reason: 'a template fills in its digest' };
    const digest = BARE_KEYS.has(key) && !text.includes(':') ? `sha256:${text}` : text;
    return isDigest(digest) ? digest : { what: 'unpinnable', reason: `its ${key} is no digest` };
  }

  #editor(map: YAMLMap, { digestKeys, tagKey, tagGoes }: Members, anchor: Pair, tag: string | undefined) {
    const { source } = this;
    const tagPair = source.pair(map, tagKey);
    const tagScalar = isScalar(tagPair?.value) ? tagPair.value : undefined;
    // `tag: 1.2@sha256:…` is how charts are pinned that know no digest.
    if (tag?.includes('@') === true) {
      const inner = tagScalar && source.inner(tagScalar);
      return inner && ((_: Written, digest: Digest): Edit[] => [{ ...inner, text: `${tag.split('@')[0]}@${digest}` }]);
    }
    const key = digestKeys.find((one) => source.get(map, one) !== undefined) ?? digestKeys[0] ?? 'digest';
    const value = (digest: Digest): string => (BARE_KEYS.has(key) ? digest.slice('sha256:'.length) : digest);
    const own = source.pair(map, key);
    if (own !== undefined) {
      const place = replaceScalar(source, own);
      return place && ((_: Written, digest: Digest): Edit[] => [place(value(digest))]);
    }
    if (source.get(map, key) !== undefined) return undefined;
    const insert = insertMember(source, map, anchor);
    if (insert === undefined) return undefined;
    const inner = tagScalar && source.inner(tagScalar);
    const keyRange = isScalar(tagPair?.key) ? source.inner(tagPair.key) : undefined;
    return (_: Written, digest: Digest, style: TagStyle): Edit[] => {
      if (style === 'keep' || tagGoes !== true || inner === undefined || keyRange === undefined) return [insert(key, value(digest))];
      return [
        { ...keyRange, text: key },
        { ...inner, text: value(digest) },
      ];
    };
  }
}

const NO_PLACE: Refusal = { what: 'unpinnable', reason: 'there is no place for a digest in the way it is written' };
/** Charts of Grafana have the hex digits alone there. */
const BARE_KEYS: ReadonlySet<string> = new Set(['sha']);
const NOT_ON_ONE_LINE = 'it is written over several lines or with escapes, which are left alone';
