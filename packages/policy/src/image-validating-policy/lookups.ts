/** `resource`, `globalContext`, `http` and `image` in expressions: what they ask is asked of the world, and what the world does not have is an error. */
import { type Json, quote, TrustError } from '@assay/core';
import { type CelValue, fromCel, toCel } from '../engines/cel/index.ts';
import type { Credentials } from '../kyverno/rule-policy.ts';
import type { ImageValidatingPolicy } from './policy.ts';
import type { ImageValidatingWorld } from './world.ts';

type Lookup = (...values: CelValue[]) => Promise<CelValue>;

export function lookupsOf({ namespace }: ImageValidatingPolicy, world: ImageValidatingWorld, credentials: Credentials): Readonly<Record<string, Lookup>> {
  return {
    'resource.get': async (...values) => toCel(await world.apiCall({ urlPath: getPath(values.map(text), namespace), method: 'GET' })),
    'resource.list': async (...values) => toCel(await world.apiCall({ urlPath: listPath(values, namespace), method: 'GET' })),
    'resource.post': async (version, resource, ...rest) => {
      const [place, body] = rest.length > 1 ? [text(rest[0]), rest[1]] : ['', rest[0]];
      const urlPath = resourcePath(text(version), text(resource), confined(place, namespace));
      return toCel(await world.apiCall({ urlPath, method: 'POST', data: fromCel(body) }));
    },
    'globalContext.get': async (name, projection) => {
      if (namespace !== '') throw new TrustError('POLICY_UNRESOLVED', 'globalContext.* is not allowed in namespaced policies');
      if (world.globalContext === undefined) throw unavailable('globalContext.get');
      return toCel(await world.globalContext(text(name), projection === undefined ? undefined : text(projection)));
    },
    'http.get': async (url, headers) => http('GET', world, namespace, url, undefined, headers),
    'http.post': async (url, body, headers) => http('POST', world, namespace, url, fromCel(body), headers),
    'image.getMetadata': async (image) => toCel(await world.imageData(text(image), credentials)),
  };
}

async function http(
  method: 'GET' | 'POST',
  world: ImageValidatingWorld,
  namespace: string,
  url: CelValue,
  body: Json | undefined,
  headers: CelValue,
): Promise<CelValue> {
  if (namespace !== '') throw new TrustError('POLICY_UNRESOLVED', 'http.* is not allowed in namespaced policies');
  if (world.http === undefined) throw unavailable(`http.${method.toLowerCase()}`);
  const given = headers instanceof Map ? [...headers] : Object.entries((headers ?? {}) as object);
  return toCel(await world.http(method, text(url), body, Object.fromEntries(given.map(([name, value]) => [text(name), text(value)]))));
}

function unavailable(name: string): TrustError {
  return new TrustError('POLICY_UNRESOLVED', `${name} is not available here`);
}

/** `get(version, resource, name)` of the cluster, or `get(version, resource, namespace, name)`. */
function getPath(values: readonly string[], own: string): string {
  const [version = '', resource = '', ...rest] = values;
  const name = rest.at(-1);
  if (name === undefined || rest.length > 2 || name === '')
    throw new TrustError('POLICY_CEL', 'resource.get takes a version, a resource, a namespace and a name');
  const place = rest.length === 2 ? (rest[0] ?? '') : '';
  return `${resourcePath(version, resource, confined(place, own))}/${segment(name)}`;
}

/** `list(version, resource)`, with a namespace, and with labels at the end. */
function listPath(values: readonly CelValue[], own: string): string {
  const labels = values.at(-1);
  const selects = typeof labels === 'object' && labels !== null;
  const [version = '', resource = '', place = ''] = (selects ? values.slice(0, -1) : values).map(text);
  const path = resourcePath(version, resource, confined(place, own));
  if (!selects) return path;
  const entries = labels instanceof Map ? [...labels] : Object.entries(labels);
  return `${path}?labelSelector=${encodeURIComponent(entries.map(([name, value]) => `${text(name)}=${text(value)}`).join(','))}`;
}

/** A policy of a namespace sees its own namespace, whatever it asks for. */
function confined(place: string, own: string): string {
  if (own === '') return place;
  if (place !== '' && place !== own) throw new TrustError('POLICY_UNRESOLVED', `a policy of namespace ${quote(own)} cannot see namespace ${quote(place)}`);
  return own;
}

function resourcePath(version: string, resource: string, namespace: string): string {
  if (!/^(?:[a-z0-9.-]+\/)?v[a-z0-9]+$/.test(version)) throw new TrustError('POLICY_CEL', `not a version of an API: ${quote(version)}`);
  const root = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
  return namespace === '' ? `${root}/${segment(resource)}` : `${root}/namespaces/${segment(namespace)}/${segment(resource)}`;
}

/** Of a path: names of objects come from those who write them. */
function segment(value: string): string {
  if (!/^[A-Za-z0-9:_-][A-Za-z0-9:._-]*$/.test(value)) throw new TrustError('POLICY_CEL', `not a name: ${quote(value)}`);
  return value;
}

function text(value: CelValue): string {
  if (typeof value !== 'string') throw new TrustError('POLICY_CEL', 'a text is expected');
  return value;
}
