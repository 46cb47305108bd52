/**
 * The images of an object, and where they stand in it (admission.md 6.3): containers of the kinds that have a template of pods, or what a rule's
 * `imageExtractors` say of the object's kind.
 *
 *   images[CATEGORY][NAME] = { …image, pointer: '/spec/containers/0/image' }
 */
import { isJsonObject, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import type { Context } from './context.ts';
import { type ImageInfo, imageInfo } from './image.ts';
import type { ImageExtractor } from './types.ts';

export interface ExtractedImage extends ImageInfo {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly category: string;
  /** Of the container; the pointer where there is none. */
  readonly key: string;
}

interface Extractor {
  readonly category: string;
  readonly fields: readonly string[];
  readonly value: string;
  readonly key: string;
  readonly jmesPath: string;
}

/** Errors: `OCI_REFERENCE`, `POLICY_EXPRESSION`, `POLICY_INVALID`. */
export function extractImages(
  object: JsonObject,
  custom: Readonly<Record<string, readonly ImageExtractor[]>> | null | undefined,
  context: Context,
): readonly ExtractedImage[] {
  const kind = typeof object['kind'] === 'string' ? object['kind'] : '';
  const own = custom && Object.hasOwn(custom, kind) ? custom[kind] : undefined;
  if (own?.length === 0) throw new TrustError('POLICY_INVALID', `failed to extract images: no extractors found for ${quote(kind)}`);
  // By where they stand: an image must not hide another by taking its name.
  const found = new Map<string, ExtractedImage>();
  for (const extractor of own === undefined ? standard(kind) : own.map(extractorOf)) {
    for (const image of extracted(extractor, object, context)) found.set(image.pointer, image);
  }
  return [...found.values()];
}

/** As variables of the context: by category and name. */
export function imageVariables(images: readonly ExtractedImage[]): JsonObject {
  const variables: JsonObject = {};
  for (const image of images) {
    const category = isJsonObject(variables[image.category]) ? (variables[image.category] as JsonObject) : {};
    variables[image.category] = { ...category, [image.key]: { ...imageVariable(image), jsonPointer: image.pointer } };
  }
  return variables;
}

export function imageVariable({ registry, name, path, tag, digest, reference, referenceWithTag }: ImageInfo): JsonObject {
  return { reference, referenceWithTag, registry, path, name, tag, digest };
}

function standard(kind: string): readonly Extractor[] {
  const path = TEMPLATES[kind];
  if (path === undefined) return [];
  return ['initContainers', 'containers', 'ephemeralContainers'].map((category) => ({
    category,
    fields: [...path, category, '*'],
    value: 'image',
    key: 'name',
    jmesPath: '',
  }));
}

const TEMPLATE = ['spec', 'template', 'spec'] as const;
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  DaemonSet: TEMPLATE,
  Deployment: TEMPLATE,
  ReplicaSet: TEMPLATE,
  ReplicationController: TEMPLATE,
  StatefulSet: TEMPLATE,
  Job: TEMPLATE,
  CronJob: ['spec', 'jobTemplate', ...TEMPLATE],
};

function extractorOf({ path, value = '', name = '', key = '', jmesPath = '' }: ImageExtractor): Extractor {
  const fields = path
    .split('/')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (fields.length === 0) throw new TrustError('POLICY_INVALID', 'failed to extract images: an image extractor has no path');
  const split = value === '' ? { fields: fields.slice(0, -1), value: fields.at(-1) ?? '' } : { fields, value };
  return { ...split, category: name === '' ? 'custom' : name, key, jmesPath };
}

function extracted(extractor: Extractor, object: JsonObject, context: Context): ExtractedImage[] {
  return holders(object, [], extractor.fields).flatMap(({ holder, path }) => imageAt(extractor, holder, path, context) ?? []);
}

interface Holder {
  readonly holder: JsonObject;
  readonly path: readonly string[];
}

/** The objects that the fields lead to. */
function holders(value: Json | undefined, path: readonly string[], fields: readonly string[]): Holder[] {
  if (value === undefined || value === null) return [];
  const [field, ...rest] = fields;
  if (field === '*' && typeof value === 'object') {
    const within = Object.entries(value).filter(([, one]) => typeof one === 'object' && one !== null);
    // A list within a list is part of the same star.
    return within.flatMap(([name, one]) => holders(one, [...path, name], Array.isArray(value) && Array.isArray(one) ? fields : rest));
  }
  if (!isJsonObject(value)) throw new TrustError('POLICY_INVALID', 'failed to extract images: invalid image config');
  return field === undefined ? [{ holder: value, path }] : holders(value[field], [...path, field], rest);
}

function imageAt({ category, value, key, jmesPath }: Extractor, holder: JsonObject, path: readonly string[], context: Context): ExtractedImage | undefined {
  const pointer = [...path, value].map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const name = key === '' ? pointer : holder[key];
  if (typeof name !== 'string') throw new TrustError('POLICY_INVALID', 'failed to extract images: invalid key');
  const written = holder[value];
  if (written === undefined || written === null || (typeof written === 'string' && written.trim() === '')) return undefined;
  if (typeof written !== 'string') throw new TrustError('POLICY_INVALID', `failed to extract images: ${quote(pointer)} is no text`);
  const text = jmesPath === '' ? written : context.search(jmesPath, written);
  if (typeof text !== 'string') throw new TrustError('POLICY_EXPRESSION', `failed to extract images: jmespath ${quote(jmesPath)} must produce a string`);
  try {
    return { ...imageInfo(text), pointer, category, key: name };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new TrustError('OCI_REFERENCE', `failed to extract images: invalid image '${quote(text)}' (${error.message})`);
  }
}
