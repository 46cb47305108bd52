/** Reading a lock. Whatever is not understood is refused: a demand that is misspelt demands nothing. */
import { described, isJsonObject, type Json, JsonError, type JsonObject, parseJson, quote, TrustError } from '@assay/core';
import { endOf } from '../native/duration.ts';
import { nearest } from '../native/nearest.ts';
import { problemOfName } from './artifact-name.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel } from './level.ts';
import { type AllowedFacts, type FirstSeen, LOCK_VERSION, type Lock, type LockEntry, type LockException, type LockedFacts } from './lock.ts';

/** Of JSON in UTF-8, whatever its line ends. Errors: `LOCK_PARSE`, which names the property. */
export function parseLock(content: Uint8Array | string): Lock {
  const document = new Members(parsed(content), '', ['version', 'artifacts', 'exceptions']);
  const version = document.value('version');
  if (version !== LOCK_VERSION) {
    const hint = typeof version === 'number' && version > LOCK_VERSION ? 'it was written by a newer assay: take that one' : 'the file begins with "version": 1';
    throw refused('version', `${LOCK_VERSION} was expected, found ${described(version)}`, hint);
  }
  const artifacts = new Map(
    document.object('artifacts').entries((entry, name) => {
      const problem = problemOfName(name);
      if (problem !== undefined) throw refused(entry.path, problem);
      return entryOf(entry);
    }),
  );
  const exceptions = document.list('exceptions', EXCEPTION).map(exceptionOf);
  for (const [i, { artifact }] of exceptions.entries()) {
    if (artifacts.has(artifact)) continue;
    const like = nearest(artifact, [...artifacts.keys()]);
    throw refused(`exceptions[${i}].artifact`, `the lock has no artifact ${quote(artifact)}${like === undefined ? '' : `; did you mean ${quote(like)}?`}`);
  }
  return { artifacts, exceptions };
}

function parsed(content: Uint8Array | string): JsonObject {
  if (content.length > MAX_LOCK_BYTES) throw refused('', `larger than ${MAX_LOCK_BYTES} bytes`);
  try {
    const json = parseJson(content);
    if (isJsonObject(json)) return json;
    throw refused('', `an object was expected, found ${described(json)}`);
  } catch (error) {
    if (error instanceof JsonError) throw refused('', content.length === 0 ? 'the file is empty' : `not valid JSON: ${error.message}`);
    throw error;
  }
}

function entryOf(entry: Members): LockEntry {
  entry.only([...FACTS, 'firstSeen']);
  const facts = {
    ...signerOf(entry),
    source: entry.text('source'),
    ref: entry.ref('ref'),
    builder: entry.name('builder'),
    evidence: entry.level('evidence') ?? entry.missing('evidence'),
    sbom: entry.flag('sbom') ?? false,
    firstSeen: entry.optional('firstSeen', ['reference', 'digest', 'identity'], firstSeenOf),
  };
  if (facts.identity === undefined && facts.key === undefined) throw refused(entry.path, 'it is not said who must have signed: issuer and identity, or key');
  if (facts.identity !== undefined && facts.issuer === undefined) entry.missing('issuer');
  return facts;
}

function signerOf(members: Members): Pick<LockedFacts, 'issuer' | 'identity' | 'key'> {
  const [issuer, identity, key] = [members.text('issuer'), members.name('identity'), members.text('key')];
  if (key !== undefined && (identity !== undefined || issuer !== undefined)) throw refused(members.path, 'an identity and a key exclude each other');
  if (key !== undefined && !FINGERPRINT.test(key)) throw members.refused('key', 'sha256: and 64 hex digits in lower case were expected');
  return { issuer, identity, key };
}

function firstSeenOf(members: Members): FirstSeen {
  return {
    reference: members.text('reference') ?? members.missing('reference'),
    digest: members.digest('digest') ?? members.missing('digest'),
    identity: members.text('identity'),
  };
}

function exceptionOf(members: Members): LockException {
  const required = (name: string): string => members.text(name) ?? members.missing(name);
  const scope = { artifact: required('artifact'), digest: members.digest('digest'), version: members.text('version') };
  const exception = { ...scope, until: required('until'), reason: required('reason') };
  if (endOf(exception.until) === undefined) throw members.refused('until', 'not a date: 2030-12-31 or 2030-12-31T12:00:00Z was expected');
  return { ...exception, allows: members.optional('allows', FACTS, allowedOf) ?? members.missing('allows') };
}

function allowedOf(members: Members): AllowedFacts {
  const { issuer, identity, key } = signerOf(members);
  const sbom = members.flag('sbom');
  if (sbom === true) throw members.refused('sbom', 'an exception allows less: false was expected');
  const allowed = {
    ...(issuer !== undefined && { issuer }),
    ...(identity !== undefined && { identity }),
    ...(key !== undefined && { key }),
    ...(members.has('source') && { source: members.isNull('source') ? null : (members.text('source') ?? null) }),
    ...(members.has('ref') && { ref: members.isNull('ref') ? null : (members.ref('ref') ?? null) }),
    ...(members.has('builder') && { builder: members.isNull('builder') ? null : (members.name('builder') ?? null) }),
    ...(members.has('evidence') && { evidence: members.level('evidence') ?? members.missing('evidence') }),
    ...(sbom === false && { sbom }),
  };
  if (Object.keys(allowed).length === 0) throw refused(members.path, `nothing is allowed: one of ${FACTS.join(', ')} was expected`);
  return allowed;
}

/** The members of one object, each with its place. */
class Members {
  readonly path: string;
  readonly #object: JsonObject;

  constructor(object: JsonObject, path: string, known?: readonly string[]) {
    this.#object = object;
    this.path = path;
    if (known !== undefined) this.only(known);
  }

  only(known: readonly string[]): void {
    const unknown = Object.keys(this.#object).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const like = nearest(unknown, known);
    throw this.refused(unknown, like === undefined ? `unknown; known here: ${known.join(', ')}` : `unknown; did you mean ${like}?`);
  }

  has(name: string): boolean {
    return this.#object[name] !== undefined;
  }

  isNull(name: string): boolean {
    return this.#object[name] === null;
  }

  value(name: string): Json | undefined {
    return this.#object[name];
  }

  text(name: string): string | undefined {
    const value = this.#object[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw this.refused(name, `a text was expected, found ${described(value)}`);
    return value;
  }

  /** Of a signer or a builder: with `*` for the tag, and nowhere else. */
  name(name: string): string | undefined {
    const text = this.text(name);
    if (text?.replace(/@refs\/tags\/\*$/, '').includes('*')) throw this.refused(name, 'a * stands for a tag, as @refs/tags/* at the end, and for nothing else');
    return text;
  }

  /** Of a repository: in full, or any tag. */
  ref(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || text === 'refs/tags/*' || (text.startsWith('refs/') && !text.includes('*'))) return text;
    throw this.refused(name, `refs/tags/* or a ref in full was expected, as refs/heads/main, found ${described(text)}`);
  }

  digest(name: string): string | undefined {
    const text = this.text(name);
    if (text !== undefined && !DIGEST.test(text)) throw this.refused(name, 'a digest was expected: sha256: and 64 hex digits in lower case');
    return text;
  }

  level(name: string): EvidenceLevel | undefined {
    const text = this.text(name);
    const level = EVIDENCE_LEVELS.find((one) => one === text);
    if (text !== undefined && level === undefined) throw this.refused(name, `${EVIDENCE_LEVELS.join(', ')} was expected, found ${described(text)}`);
    return level;
  }

  flag(name: string): boolean | undefined {
    const value = this.#object[name];
    if (value !== undefined && typeof value !== 'boolean') throw this.refused(name, `true or false was expected, found ${described(value)}`);
    return value;
  }

  object(name: string): Members {
    const value = this.#object[name];
    if (!isJsonObject(value)) throw this.refused(name, value === undefined ? 'is missing' : `an object was expected, found ${described(value)}`);
    return new Members(value, this.#join(name));
  }

  optional<T>(name: string, known: readonly string[], read: (members: Members) => T): T | undefined {
    if (!this.has(name)) return undefined;
    const members = this.object(name);
    members.only(known);
    return read(members);
  }

  entries<T>(read: (members: Members, name: string) => T): [string, T][] {
    return Object.entries(this.#object).map(([name, value]) => {
      const path = `${this.path}[${JSON.stringify(quote(name, 80))}]`;
      if (!isJsonObject(value)) throw refused(path, `an object was expected, found ${described(value)}`);
      return [name, read(new Members(value, path), name)];
    });
  }

  /** An absent list is empty. */
  list(name: string, known: readonly string[]): Members[] {
    const value = this.has(name) ? this.#object[name] : [];
    if (!Array.isArray(value)) throw this.refused(name, `a list was expected, found ${described(value)}`);
    return value.map((item, i) => {
      const path = `${this.#join(name)}[${i}]`;
      if (!isJsonObject(item)) throw refused(path, `an object was expected, found ${described(item)}`);
      return new Members(item, path, known);
    });
  }

  missing(name: string): never {
    throw this.refused(name, 'is missing');
  }

  refused(name: string, problem: string): TrustError {
    return refused(this.#join(name), problem);
  }

  #join(name: string): string {
    const member = quote(name, 80);
    return this.path === '' ? member : `${this.path}.${member}`;
  }
}

function refused(path: string, problem: string, hint?: string): TrustError {
  return new TrustError('LOCK_PARSE', path === '' ? problem : `${path}: ${problem}`, hint === undefined ? {} : { hint });
}

const FACTS = ['issuer', 'identity', 'key', 'source', 'ref', 'builder', 'evidence', 'sbom'];
const EXCEPTION = ['artifact', 'digest', 'version', 'allows', 'until', 'reason'];
const DIGEST = /^(?:sha256:[\da-f]{64}|sha384:[\da-f]{96}|sha512:[\da-f]{128})$/;
const FINGERPRINT = /^sha256:[\da-f]{64}$/;
export const MAX_LOCK_BYTES = 4 * 1024 * 1024;
