/** Collections of the API server, read page by page. What is no list is an error, and not an empty one: nobody is let in for want of an answer. */
import { isJsonObject, type JsonObject, TrustError } from '@assay/core';
import type { AskOptions, KubernetesClient } from './client.ts';
import { metadataText, versionOf } from './object.ts';

export interface ListOptions extends AskOptions {
  /** For messages; default: the path. */
  readonly resource?: string;
}

export interface ListPage {
  readonly objects: readonly JsonObject[];
  readonly version: string;
}

/** Pages of 500, unless the query has another `limit`. Errors: `ADMISSION_API`, `NET_…`. */
export async function* listPages(
  client: Pick<KubernetesClient, 'get'>,
  path: string,
  { resource = path, query, ...options }: ListOptions = {},
): AsyncGenerator<ListPage, void, void> {
  let next = '';
  do {
    const page = await client.get(path, { ...options, query: { limit: '500', ...query, ...(next !== '' && { continue: next }) } });
    const { items, metadata } = page;
    if (!Array.isArray(items) || !isJsonObject(metadata)) throw new TrustError('ADMISSION_API', `${resource}: the answer is no list`);
    yield { objects: items.filter((item): item is JsonObject => isJsonObject(item)), version: versionOf(page) };
    next = metadataText(page, 'continue');
  } while (next !== '');
}

/** Errors: as for `listPages`. */
export async function listObjects(client: Pick<KubernetesClient, 'get'>, path: string, options: ListOptions = {}): Promise<JsonObject[]> {
  const objects: JsonObject[] = [];
  for await (const page of listPages(client, path, options)) objects.push(...page.objects);
  return objects;
}
