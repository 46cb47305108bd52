/** The context of a rule over an object under review: the request, its images, and the entries of the rule's own `context` (admission.md 6.4). */
import { isJsonObject, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import { Context, type Loader } from './context.ts';
import { type ExtractedImage, imageVariables } from './extract.ts';
import { imageInfo, imageText } from './image.ts';
import { kyvernoFunctions } from './jmespath/functions.ts';
import { isRecord } from './jmespath/interpreter.ts';
import type { KyvernoPolicy } from './policy.ts';
import type { Credentials, Review } from './rule-policy.ts';
import type { ContextEntry, Rule } from './types.ts';
import { substitute } from './variables.ts';

/** Asked twice: before the images are known, which are found by expressions of their own, and after. */
export function reviewContext(review: Review, policy: KyvernoPolicy, rule: Rule): (images: readonly ExtractedImage[] | undefined) => Context {
  const functions = kyvernoFunctions(review.world.now);
  const given = nested(review.world.values?.(policy.name, rule.name) ?? {});
  const loaders = new Map<string, Loader>();
  for (const entry of rule.context ?? []) if (!Object.hasOwn(given, entry.name)) loaders.set(entry.name, loaderOf(entry, review, policy));
  return (images) => {
    const found = images === undefined || images.length === 0 ? {} : { images: imageVariables(images) };
    return new Context({ ...requestOf(review), ...found }, functions, loaders).with(given);
  };
}

function requestOf({ object, oldObject, operation, user, subresource }: Review): JsonObject {
  const metadata = isJsonObject(object?.['metadata']) ? object['metadata'] : {};
  const userInfo: JsonObject =
    user === undefined ? {} : { userInfo: { username: user.username, groups: [...user.groups] }, roles: [...user.roles], clusterRoles: [...user.clusterRoles] };
  const [, namespace = '', name = ''] = /^system:serviceaccount:([^:]+):([^:]+)/.exec(user?.username ?? '') ?? [];
  return {
    request: {
      operation,
      ...(object !== undefined && { object }),
      ...(oldObject !== undefined && { oldObject }),
      ...(typeof metadata['namespace'] === 'string' && { namespace: metadata['namespace'] }),
      ...(typeof metadata['name'] === 'string' && { name: metadata['name'] }),
      ...(subresource !== undefined && subresource !== '' && { subResource: subresource }),
      ...userInfo,
    },
    serviceAccountName: name,
    serviceAccountNamespace: namespace,
  };
}

/** `a.b: 1` is `{a: {b: 1}}`. */
function nested(values: Readonly<Record<string, Json>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const parts = name.split('.');
    let at = root;
    for (const part of parts.slice(0, -1)) {
      const next = Object.hasOwn(at, part) && isRecord(at[part]) ? { ...at[part] } : {};
      Object.defineProperty(at, part, { value: next, enumerable: true, writable: true, configurable: true });
      at = next;
    }
    Object.defineProperty(at, parts.at(-1) ?? '', { value, enumerable: true, writable: true, configurable: true });
  }
  return root;
}

function loaderOf(entry: ContextEntry, review: Review, policy: KyvernoPolicy): Loader {
  const { name, configMap, variable, apiCall, imageRegistry } = entry;
  return async (context) => {
    if (configMap !== undefined) return loadConfigMap(name, configMap, context, review, policy);
    if (variable !== undefined) return loadVariable(name, variable, context);
    if (imageRegistry !== undefined) return loadImage(imageRegistry, context, review);
    if (apiCall !== undefined) return loadCall(name, apiCall, context, review, policy);
    throw new TrustError('POLICY_UNRESOLVED', `context entry ${quote(name)} is of a kind that is not supported`, {
      expected: 'configMap, variable, apiCall or imageRegistry',
    });
  };
}

async function loadConfigMap(
  entry: string,
  { name, namespace = '' }: NonNullable<ContextEntry['configMap']>,
  context: Context,
  { world }: Review,
  policy: KyvernoPolicy,
) {
  const text = await textOf(name, context, `configMap.name of ${entry}`);
  const written = await textOf(namespace, context, `configMap.namespace of ${entry}`);
  const where = written !== '' ? written : policy.namespace === '' ? 'default' : policy.namespace;
  // What a policy of one namespace may read ends there.
  if (policy.namespace !== '' && where !== policy.namespace)
    throw new TrustError(
      'POLICY_UNRESOLVED',
      `context entry ${quote(entry)}: configMap namespace ${quote(JSON.stringify(where))} is different from policy namespace ${quote(JSON.stringify(policy.namespace))}`,
    );
  return world.configMap(where, text);
}

async function loadVariable(name: string, { value, jmesPath, default: otherwise }: NonNullable<ContextEntry['variable']>, context: Context): Promise<unknown> {
  const path = jmesPath === undefined || jmesPath === '' ? '' : await textOf(jmesPath, context, `jmesPath of ${name}`);
  const fallback = otherwise === undefined || otherwise === null ? undefined : await substitute(otherwise, context);
  let output: unknown = fallback;
  if (value !== undefined && value !== null) {
    const written = await substitute(value, context);
    output = path === '' ? written : await orElse(fallback, async () => context.search(path, written));
  } else if (path !== '') output = (await orElse(fallback, () => context.query(path))) ?? fallback;
  if (output === undefined || output === null)
    throw new TrustError('POLICY_UNRESOLVED', `failed to add context entry for variable ${quote(name)} since it evaluated to nil`);
  return output;
}

async function orElse(fallback: unknown, evaluate: () => Promise<unknown>): Promise<unknown> {
  if (fallback === undefined) return evaluate();
  try {
    return await evaluate();
  } catch (error) {
    if (error instanceof TrustError) return fallback;
    throw error;
  }
}

async function loadImage(
  { reference, jmesPath, imageRegistryCredentials }: NonNullable<ContextEntry['imageRegistry']>,
  context: Context,
  { world }: Review,
): Promise<unknown> {
  const text = await textOf(reference, context, 'imageRegistry.reference');
  const data = await world.imageData(imageText(imageInfo(text)), credentialsOf(await substitute(imageRegistryCredentials ?? {}, context)));
  return jmesPath === undefined || jmesPath === '' ? data : context.search(await textOf(jmesPath, context, 'imageRegistry.jmesPath'), data);
}

function credentialsOf(value: unknown): Credentials {
  const { allowInsecureRegistry = false, providers = [], secrets = [] } = isRecord(value) ? value : {};
  const texts = (list: unknown) => (Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []);
  return { allowInsecureRegistry: allowInsecureRegistry === true, providers: texts(providers), secrets: texts(secrets) };
}

async function loadCall(name: string, apiCall: Json, context: Context, { world }: Review, policy: KyvernoPolicy): Promise<unknown> {
  const call = await substitute(apiCall, context);
  if (!isRecord(call)) throw new TrustError('POLICY_UNRESOLVED', `apiCall of context entry ${quote(name)} is no object`);
  const { jmesPath, default: otherwise, ...request } = call as JsonObject;
  const path = typeof request['urlPath'] === 'string' ? request['urlPath'] : '';
  const [, namespace] = /\/namespaces\/([^/?]+)/.exec(path) ?? [];
  if (policy.namespace !== '' && (namespace !== policy.namespace || /(?:^|\/)\.{1,2}(?:\/|$)|%/.test(path)))
    throw new TrustError('POLICY_UNRESOLVED', `context entry ${quote(name)}: path ${quote(path)} does not refer to namespace ${quote(policy.namespace)}`);
  const answer = await orElse(otherwise, () => world.apiCall(request));
  return typeof jmesPath === 'string' && jmesPath !== '' ? context.search(jmesPath, answer) : answer;
}

async function textOf(document: string, context: Context, what: string): Promise<string> {
  const value = await substitute(document, context);
  if (typeof value !== 'string') throw new TrustError('POLICY_EXPRESSION', `failed to substitute variables in context ${quote(what)}: expected string`);
  return value;
}
