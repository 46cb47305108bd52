/** `GET /v2/NAME/tags/list`, all pages. */
import { parseFields, TrustError } from '@assay/core';
import { isTag, type RepositoryName } from '../reference.ts';
import type { Ask, Connection } from './connection.ts';
import { pages } from './page.ts';

/** In the order of the registry. Errors: `OCI_NOT_FOUND` and the other refusals, `OCI_MANIFEST`, `OCI_LIMIT`. */
export async function listTags(connection: Connection, { repository, registry }: RepositoryName): Promise<string[]> {
  const tags: string[] = [];
  const ask: Ask = {
    method: 'GET',
    path: `${repository}/tags/list`,
    scopes: [{ repository, actions: ['pull'] }],
    maxBytes: MAX_PAGE_BYTES,
  };
  for await (const response of pages(connection, ask)) {
    for (const tag of readTags(connection.expect(ask, response, 200).body, `${registry}/${repository}`)) tags.push(tag);
    if (tags.length > MAX_TAGS) throw new TrustError('OCI_LIMIT', `${registry}/${repository}: more than ${MAX_TAGS} tags, the cap`);
  }
  return tags;
}

function readTags(body: Uint8Array, name: string): string[] {
  const fields = parseFields(body, { what: `tags of ${name}`, parse: 'OCI_MANIFEST', shape: 'OCI_MANIFEST' });
  const tags = fields.json['tags'] ?? [];
  if (!Array.isArray(tags)) return fields.refuse('tags', 'expected an array');
  return tags.map((tag, i) => (typeof tag === 'string' && isTag(tag) ? tag : fields.refuse(`tags[${i}]`, 'is not a tag')));
}

const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const MAX_TAGS = 200_000;
