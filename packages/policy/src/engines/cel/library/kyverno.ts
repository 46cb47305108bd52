/**
 * What Kyverno adds to CEL. Functions that ask the world go to the host of the evaluation, and fail where it has none; `random` fails everywhere, since a
 * policy that answers differently to the same question is no policy. The library's names exist in two spellings, `get` and `Get`.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decodeBase64, encodeBase64, encodeGoJson, isTrustError, JsonError, type JsonValue, parseJson, quote } from '@assay/core';
import { parseReference } from '@assay/oci';
import type { Environment } from '@marcbachmann/cel-js';
import { parseDocument } from 'yaml';
import { charge, currentEvaluation } from '../meter.ts';
import { refuse, register, registerAsync, registerNamespace } from '../register.ts';
import { fromCel, toCel } from '../values.ts';
import { textOf } from './format-text.ts';

export function registerKyverno(environment: Environment): void {
  registerImages(environment);
  registerHashes(environment);
  registerNamespace(environment, 'json', {
    'unmarshal(dyn): dyn': (text: unknown) =>
      unmarshal(typeof text === 'string' ? text : text instanceof Uint8Array ? new TextDecoder().decode(text) : refuse('json.unmarshal is for text')),
    'marshal(dyn): string': marshal,
  });
  registerNamespace(environment, 'yaml', { 'parse(string): dyn': parseYaml });
  registerNamespace(environment, 'base64', {
    'encode(bytes): string': (bytes: Uint8Array) => encodeBase64(bytes),
    'decode(string): bytes': (text: string) => decode64(text),
  });
  registerNamespace(environment, 'gzip', {
    'compress(dyn): bytes': (value: unknown) => new Uint8Array(gzipSync(value instanceof Uint8Array ? value : textOf(value))),
    'decompress(bytes): string': decompress,
  });
  register(environment, {
    'random(): string': () => refuse('random() is refused: a policy must answer the same question in the same way'),
    'random(string): string': () => refuse('random() is refused: a policy must answer the same question in the same way'),
    'listObjToMap(list, list, string, string): map<string, dyn>': listToMap,
    'parseServiceAccount(string): map<string, string>': serviceAccount,
  });
  registerNamespace(environment, 'random', {
    'random(): string': () => refuse('random() is refused: a policy must answer the same question in the same way'),
    'random(string): string': () => refuse('random() is refused: a policy must answer the same question in the same way'),
  });
  registerNamespace(environment, 'transform', { 'listObjToMap(list, list, string, string): map<string, dyn>': listToMap });
  registerNamespace(environment, 'user', { 'parseServiceAccount(string): map<string, string>': serviceAccount });
  hosted(environment, 'resource', ['get', 'list', 'post'], 5);
  hosted(environment, 'http', ['get', 'post'], 3);
  hosted(environment, 'globalContext', ['get'], 2);
  hosted(environment, 'image', ['getMetadata'], 1);
}

/** Methods of a name that the host answers, in both spellings, with up to so many arguments. */
function hosted(environment: Environment, namespace: string, methods: readonly string[], most: number): void {
  registerNamespace(environment, namespace);
  for (const method of methods) {
    for (const spelling of [method, method.charAt(0).toUpperCase() + method.slice(1)])
      for (let count = 1; count <= most; count++) {
        const signature = `${namespace}.${spelling}(${Array(count).fill('dyn').join(', ')}): dyn`;
        registerAsync(environment, { [signature]: (_self: unknown, ...values: unknown[]) => askHost(`${namespace}.${method}`, values) });
      }
  }
}

export async function askHost(name: string, values: readonly unknown[]): Promise<unknown> {
  const { host } = currentEvaluation();
  const answer = host.functions !== undefined && Object.hasOwn(host.functions, name) ? host.functions[name] : undefined;
  return answer === undefined ? refuse(`${name} is not available here`) : answer(...(values as never[]));
}

class Image {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;

  constructor(registry: string, repository: string, tag: string, digest: string) {
    this.registry = registry;
    this.repository = repository;
    this.tag = tag;
    this.digest = digest;
  }
}

function registerImages(environment: Environment): void {
  environment.registerType('kyverno.Image', { ctor: Image, fields: {} });
  register(environment, {
    'image(string): kyverno.Image': parseImage,
    'parseImageReference(string): kyverno.Image': parseImage,
    'isImage(string): bool': (text: string) => readImage(text) !== undefined,
    'kyverno.Image.containsDigest(): bool': ({ digest }: Image) => digest !== '',
    'kyverno.Image.registry(): string': ({ registry }: Image) => registry,
    'kyverno.Image.repository(): string': ({ repository }: Image) => repository,
    'kyverno.Image.identifier(): string': ({ tag, digest }: Image) => (digest === '' ? tag : tag === '' ? digest : `${tag}@${digest}`),
    'kyverno.Image.identifierWithSeparator(): string': ({ tag, digest }: Image) => (digest === '' ? `:${tag}` : `@${digest}`),
    'kyverno.Image.tag(): string': ({ tag }: Image) => tag,
    'kyverno.Image.digest(): string': ({ digest }: Image) => digest,
  });
}

function parseImage(text: string): Image {
  return readImage(text) ?? refuse(`could not parse reference: ${quote(text)}`);
}

function readImage(text: string): Image | undefined {
  try {
    const { registry, repository, tag, digest } = parseReference(text);
    return new Image(registry, repository, tag ?? '', digest ?? '');
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

function registerHashes(environment: Environment): void {
  const functions = Object.fromEntries(
    ['sha1', 'sha256', 'md5'].map((name) => [`${name}(string): string`, (text: string) => createHash(name).update(text).digest('hex')]),
  );
  register(environment, functions);
  registerNamespace(environment, 'hash', functions);
}

/** Errors say where, and nothing of the text: it may be a secret. */
function unmarshal(text: string): unknown {
  charge(text.length >> 2);
  try {
    return toCel(parseJson(text));
  } catch (error) {
    if (error instanceof JsonError) refuse(`json.unmarshal: ${error.message}`);
    throw error;
  }
}

function marshal(value: unknown): string {
  currentEvaluation().meter.chargeDeep(value);
  return encodeGoJson(fromCel(value) as JsonValue);
}

function parseYaml(text: string): unknown {
  charge(text.length);
  const document = parseDocument(text, { logLevel: 'error', maxAliasCount: 0 } as object);
  if (document.errors.length > 0) refuse(`yaml.parse: ${document.errors[0]?.code ?? 'not YAML'}`);
  try {
    return toCel(document.toJS({ maxAliasCount: MAX_ALIASES }));
  } catch (error) {
    if (error instanceof ReferenceError) refuse('yaml.parse: too many aliases');
    throw error;
  }
}

const MAX_ALIASES = 20;

function decode64(text: string): Uint8Array {
  charge(text.length >> 3);
  return decodeBase64(text) ?? refuse('base64.decode: not base64');
}

function decompress(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder().decode(gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED }));
    charge(text.length >> 2);
    return text;
  } catch (error) {
    if (isTrustError(error)) throw error;
    return refuse(`gzip.decompress: not gzip, or larger than ${MAX_UNPACKED} bytes`);
  }
}

const MAX_UNPACKED = 16 * 1024 * 1024;

/** Of each object of both lists, the members of these names: one is a key, the other its value. */
function listToMap(first: readonly unknown[], second: readonly unknown[], keyName: string, valueName: string): Map<unknown, unknown> {
  charge(first.length + second.length);
  if (first.length !== second.length) refuse('length of the lists must be equal');
  return new Map(first.map((one, i) => [member(one, keyName), member(second[i], valueName)]));
}

function member(value: unknown, name: string): unknown {
  const found =
    value instanceof Map
      ? value.get(name)
      : typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? value[name as keyof typeof value]
        : undefined;
  return found ?? refuse(`no such key: ${quote(name)}`);
}

function serviceAccount(user: string): Map<string, string> {
  const [, namespace = '', name = ''] = /^system:serviceaccount:([^:]*):(.*)$/s.exec(user) ?? [];
  return new Map([
    ['Namespace', namespace],
    ['Name', name],
  ]);
}
