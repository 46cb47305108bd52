/** Lies about what the content is. The digest header goes along, but for bytes that pretend to be what was asked for. */
import { utf8 } from '@assay/core';
import { flip } from '../byte-edit.ts';
import { describe } from './answer-lists.ts';
import { type Body, bytesBody, sliceBody } from './body.ts';
import { type Descriptor, fieldsOf, type ManifestFields, OCI_MANIFEST } from './content.ts';
import { type DigestAlgorithm, digestOf } from './digest.ts';
import type { Occasion } from './liar.ts';
import type { ContentLie } from './lie.ts';
import { type Reply, withHeaders } from './reply.ts';
import type { Asked } from './route.ts';

/** Undefined when the answer is none that the lie is about. */
export function changeContent(lie: ContentLie, reply: Reply, occasion: Occasion): Reply | undefined {
  const { asked } = occasion;
  const { body } = reply;
  switch (lie.lie) {
    case 'other-bytes':
      if (asked.method !== 'GET' || body.size === 0) return undefined;
      return { ...reply, body: lie.bytes === undefined ? otherBytes(reply) : bytesBody(lie.bytes) };
    case 'wrong-size':
      if (body.size === 0) return undefined;
      return { ...reply, body: lie.by < 0 ? sliceBody(body, 0, Math.max(0, body.size + lie.by)) : padded(body, lie.by) };
    case 'changing-tag':
      return isOtherTurn(occasion) ? withBytes(reply, lie.manifest ?? annotated(body.bytes())) : undefined;
    case 'foreign-referrers':
    case 'many-referrers':
      return listsReferrers(asked) ? withReferrers(reply, lie, occasion) : undefined;
    case 'malformed-json':
      return isJson(reply) ? withBytes(reply, body.bytes().subarray(0, -2)) : undefined;
    case 'deep-json':
      return isJson(reply) ? withBytes(reply, nested(body.bytes(), lie.depth ?? 100_000)) : undefined;
  }
}

function otherBytes({ headers, body }: Reply): Body {
  if (!isJson({ headers })) return lastFlipped(body);
  const text = new TextDecoder().decode(body.bytes());
  const other = text.replace(/(sha256:[0-9a-f]{63})([0-9a-f])/, (_, start: string, last: string) => start + (last === '0' ? '1' : '0'));
  return other === text ? lastFlipped(body) : bytesBody(utf8(other));
}

function lastFlipped(body: Body): Body {
  return {
    size: body.size,
    async *read(start = 0, end = body.size) {
      let at = start;
      for await (const chunk of body.read(start, end)) {
        at += chunk.length;
        yield at === body.size ? flip(chunk) : chunk;
      }
    },
    bytes: () => flip(body.bytes()),
  };
}

function padded(body: Body, by: number): Body {
  const size = body.size + by;
  return {
    size,
    async *read(start = 0, end = size) {
      if (start < body.size) yield* body.read(start, Math.min(end, body.size));
      yield spaces(Math.max(0, end - Math.max(start, body.size)));
    },
    bytes: () => Buffer.concat([body.bytes(), spaces(by)]),
  };
}

function spaces(count: number): Uint8Array {
  return new Uint8Array(count).fill(0x20);
}

function isOtherTurn({ asked, seen }: Occasion): boolean {
  const { route, method } = asked;
  if (route.kind !== 'manifest' || route.reference.includes(':') || !isReading(method)) return false;
  const turn = seen.get(asked.path) ?? 0;
  seen.set(asked.path, turn + 1);
  return turn % 2 === 1;
}

function annotated(manifest: Uint8Array): Uint8Array {
  const { annotations, ...others } = fieldsOf(manifest);
  return utf8(JSON.stringify({ ...others, annotations: { ...annotations, changed: 'yes' } }));
}

function nested(document: Uint8Array, depth: number): Uint8Array {
  const text = new TextDecoder().decode(document).trimEnd();
  const comma = text === '{}' ? '' : ',';
  return utf8(`${text.slice(0, -1)}${comma}"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`);
}

function withReferrers(reply: Reply, lie: Extract<ContentLie, { lie: 'foreign-referrers' | 'many-referrers' }>, occasion: Occasion): Reply {
  const index: ManifestFields = fieldsOf(reply.body.bytes());
  const honest = index.manifests ?? [];
  const manifests =
    lie.lie === 'many-referrers' ? [...invented(lie.count ?? 10_000), ...honest] : [...honest, ...(lie.descriptors ?? foreignTo(honest, occasion))];
  return withBytes(reply, utf8(JSON.stringify({ ...index, manifests })));
}

/** Whatever in the repository has a subject and is not listed yet. */
function foreignTo(honest: readonly Descriptor[], { asked, registry }: Occasion): Descriptor[] {
  const { route } = asked;
  const stored = 'repository' in route ? [...(registry.content.repositories.get(route.repository)?.manifests.values() ?? [])] : [];
  return stored.filter(({ bytes, digest }) => fieldsOf(bytes).subject !== undefined && !honest.some((has) => has.digest === digest)).map(describe);
}

function invented(count: number): Descriptor[] {
  return Array.from({ length: count }, (_, i) => ({
    mediaType: OCI_MANIFEST,
    digest: digestOf(utf8(`invented ${i}`)),
    size: 500,
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  }));
}

function withBytes(reply: Reply, bytes: Uint8Array): Reply {
  const { 'Docker-Content-Digest': digest } = reply.headers;
  const changed = { ...reply, body: bytesBody(bytes) };
  if (typeof digest !== 'string') return changed;
  return withHeaders(changed, { 'Docker-Content-Digest': digestOf(bytes, digest.split(':')[0] as DigestAlgorithm) });
}

function isJson({ headers }: Pick<Reply, 'headers'>): boolean {
  return /[/+]json$/.test(String(headers['Content-Type']));
}

/** The API, or the tag that clients keep where it is missing ("Referrers Tag Schema"). */
function listsReferrers({ route, method }: Asked): boolean {
  if (!isReading(method)) return false;
  return route.kind === 'referrers' || (route.kind === 'manifest' && /^sha\d+-[0-9a-f]{64}$/.test(route.reference));
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
