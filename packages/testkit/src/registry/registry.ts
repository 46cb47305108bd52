/** What answers are made from. */
import type { RegistryContent, Repository } from './content.ts';
import type { RegistryOptions } from './options.ts';
import { refuse } from './refusal.ts';
import type { Asked } from './route.ts';

export interface Registry {
  readonly content: RegistryContent;
  readonly options: RegistryOptions;
}

export function repositoryOf(name: string, { content }: Registry): Repository {
  return content.repositories.get(name) ?? refuse('NAME_UNKNOWN', 'repository name not known to registry', { detail: name });
}

/** "Content Management": 400 or 405 where deleting is disabled. */
export function requireDeletes({ options: { deletes = 'allowed' } }: Registry): void {
  if (deletes !== 'allowed') refuse('UNSUPPORTED', 'deleting is disabled', { status: deletes });
}

/** A path as the registry writes it into Location and Link. */
export function locate(path: string, asked: Asked, { options }: Registry): string {
  return options.locations === 'absolute' ? `${asked.url.origin}${path}` : path;
}
