/** A request, and what its answer is made from. */
import type { Content } from './content.ts';
import { refuse } from './refusal.ts';
import type { Uploads } from './uploads.ts';

export interface Asked {
  readonly request: Request;
  readonly url: URL;
}

export interface Holdings {
  readonly content: Content;
  readonly uploads: Uploads;
  readonly isReadOnly: boolean;
}

/** Refuses with UNSUPPORTED. */
export function requireWritable({ isReadOnly }: Holdings): void {
  if (isReadOnly) refuse('UNSUPPORTED', 'the registry is read-only');
}

/** Refuses with NAME_UNKNOWN where there is not even a repository, else with `code`. */
export async function refuseUnknown(code: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN', repository: string, detail: string, { content }: Holdings): Promise<never> {
  if (!(await content.hasRepository(repository))) return refuse('NAME_UNKNOWN', 'repository name not known to registry', { detail: repository });
  return refuse(code, code === 'BLOB_UNKNOWN' ? 'blob unknown to registry' : 'manifest unknown to registry', { detail });
}

/** Without a length it would go out in chunks, of which there are none. */
export function emptyAnswer(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { ...headers, ...(status !== 204 && { 'Content-Length': '0' }) } });
}

/** Refuses with UNSUPPORTED. */
export function refuseMethod({ request: { method } }: Asked, what: string): never {
  return refuse('UNSUPPORTED', `${method.slice(0, 20)} of ${what} is unsupported`);
}
