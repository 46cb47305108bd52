/**
 * What is noted on an object of the images that were verified (admission.md 6.6).
 *
 *   kyverno.io/verify-images         { IMAGE: pass | fail | skip }                                        for people
 *   kyverno.io/verify-images-scoped  { version: 1, policies: { "NAMESPACE/POLICY": { RULE: { IMAGE: … } } } }
 *
 * Decided is from the second form alone. Anybody may write an annotation: what is noted counts only as it comes out of this request's own verification, or
 * as it stands on the object as it was before. So an annotation that this request did not make is taken off the object: it would count at the next change.
 */
import { isJsonObject, JsonError, type JsonObject, parseJson, quote, TrustError } from '@assay/core';
import type { Patch } from './rule-policy.ts';

export type ImageStatus = 'pass' | 'fail' | 'skip';

export interface Metadata {
  readonly images: Readonly<Record<string, ImageStatus>>;
  /** By `NAMESPACE/POLICY`, rule and image. */
  readonly policies: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, ImageStatus>>>>>>;
}

export const NO_METADATA: Metadata = { images: {}, policies: {} };

export const VERIFY_IMAGES = 'kyverno.io/verify-images';
export const VERIFY_IMAGES_SCOPED = 'kyverno.io/verify-images-scoped';

/** Who found it: the namespace is '' for a ClusterPolicy. */
export interface Scope {
  readonly namespace: string;
  readonly policy: string;
  readonly rule: string;
}

export function scopedStatus({ policies }: Metadata, { namespace, policy, rule }: Scope, image: string): ImageStatus {
  return own(own(own(policies, `${namespace}/${policy}`), rule), image) ?? 'fail';
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The scoped annotation of an object; nothing when there is none. Errors: `POLICY_METADATA`. */
export function readScoped(object: JsonObject | undefined): Metadata {
  const text = annotationsOf(object)[VERIFY_IMAGES_SCOPED];
  return typeof text === 'string' ? parseScoped(text) : NO_METADATA;
}

/** Anything but version 1 with policies is read as a flat map of states, which decides nothing. Errors: `POLICY_METADATA`. */
export function parseScoped(text: string): Metadata {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new TrustError('POLICY_METADATA', `failed to parse scoped image metadata: ${error.message}`);
  }
  if (!isRecord(value)) throw new TrustError('POLICY_METADATA', `failed to parse scoped image metadata: ${quote(JSON.stringify(value) ?? '')} is no object`);
  if (value['version'] !== 1 || !isRecord(value['policies'])) return NO_METADATA;
  const read = <T>(record: unknown, one: (value: unknown) => T | undefined): Record<string, T> => {
    const entries = isRecord(record) ? Object.entries(record) : [];
    return Object.fromEntries(entries.flatMap(([name, entry]) => (one(entry) === undefined ? [] : [[name, one(entry) as T]])));
  };
  const status = (text: unknown) => (text === 'pass' || text === 'skip' ? text : 'fail');
  return { images: {}, policies: read(value['policies'], (rules) => read(rules, (images) => read<ImageStatus>(images, status))) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of two findings about one image, the worse one stands: a rule that skips an image says nothing against one that refuses it. */
export function addImage(metadata: Metadata, { namespace, policy, rule }: Scope, image: string, status: ImageStatus): Metadata {
  return merged(metadata, { images: { [image]: status }, policies: { [`${namespace}/${policy}`]: { [rule]: { [image]: status } } } });
}

export function merged(a: Metadata, b: Metadata): Metadata {
  const rules = (x: Metadata['policies'][string], y: Metadata['policies'][string]) => joined(x, y, (one, other) => joined(one, other, worse));
  return { images: joined(a.images, b.images, worse), policies: joined(a.policies, b.policies, rules) };
}

function joined<T>(a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>, both: (a: T, b: T) => T): Readonly<Record<string, T>> {
  const result = new Map(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    const there = result.get(name);
    result.set(name, there === undefined ? value : both(there, value));
  }
  return Object.fromEntries(result);
}

function worse(a: ImageStatus, b: ImageStatus): ImageStatus {
  const order = ['skip', 'pass', 'fail'] as const;
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}

/** What brings the annotations of the object to what was found. */
export function metadataPatches(object: JsonObject, metadata: Metadata): Patch[] {
  const present = annotationsOf(object);
  const scoped = Object.keys(metadata.policies).length > 0;
  if (!scoped && Object.keys(metadata.images).length === 0) {
    const forged = [VERIFY_IMAGES, VERIFY_IMAGES_SCOPED].filter((name) => Object.hasOwn(present, name));
    return forged.map((name) => ({ op: 'remove', path: annotationPath(name) }));
  }
  const patches: Patch[] = Object.keys(present).length > 0 ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} }];
  patches.push({ op: 'add', path: annotationPath(VERIFY_IMAGES), value: goOrdered(metadata.images) });
  if (scoped) patches.push({ op: 'add', path: annotationPath(VERIFY_IMAGES_SCOPED), value: goOrdered({ version: 1, policies: metadata.policies }, true) });
  else if (Object.hasOwn(present, VERIFY_IMAGES_SCOPED)) patches.push({ op: 'remove', path: annotationPath(VERIFY_IMAGES_SCOPED) });
  return patches;
}

function annotationPath(name: string): string {
  return `/metadata/annotations/${name.replaceAll('/', '~1')}`;
}

/** Names in the order of their bytes, as Go prints maps; the outermost names of a structure stay as they are. */
function goOrdered(value: unknown, structure = false): string {
  const sorted = (one: unknown, keep: boolean): unknown => {
    if (!isRecord(one)) return one;
    const entries = Object.entries(one).map(([name, entry]) => [name, sorted(entry, false)] as const);
    return Object.fromEntries(keep ? entries : entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  };
  return JSON.stringify(sorted(value, structure));
}

function annotationsOf(object: JsonObject | undefined): JsonObject {
  const metadata = object?.['metadata'];
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  return isJsonObject(annotations) ? annotations : {};
}
