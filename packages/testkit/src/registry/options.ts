/** What kind of registry it is. Every default is what an up-to-date, honest registry does. */
import type { RegistryContent } from './content.ts';
import type { RegistryAuth } from './guard.ts';
import type { Lie } from './lie.ts';

export interface RegistryOptions {
  /** Default: empty. The content of another registry makes this one its second front, e.g. the store that blobs are redirected to. */
  readonly content?: RegistryContent;
  /** A folder for the bytes of pushed blobs, the caller's to remove. Default: memory. Not beside `content`. */
  readonly blobFolder?: string;
  /** Default: anyone may do anything. */
  readonly auth?: RegistryAuth;
  /** `none` answers 404 as a registry before version 1.1, the numbers stand for registries that refuse the unknown path otherwise. Default `api`. */
  readonly referrers?: 'api' | 'none' | 400 | 406;
  /** Whether `?artifactType=` is applied, and said so in OCI-Filters-Applied. Default true. */
  readonly filterReferrers?: boolean;
  /** Entries of a page at most. Default: no limit. */
  readonly referrersPageSize?: number;
  readonly tagsPageSize?: number;
  /** How Location and Link are written. Default `relative`. */
  readonly locations?: 'relative' | 'absolute';
  /** The numbers are how the refusal is answered. Default `allowed`. */
  readonly deletes?: 'allowed' | 400 | 405;
  /** GET of a blob answers 307 to the same path at this base URL, without a slash at the end. */
  readonly blobRedirect?: string;
  /** Whether GET of a blob heeds Range. Default true. */
  readonly blobRanges?: boolean;
  /** `monolithic-only` refuses PATCH; `chunked-only` refuses a whole blob in one POST or PUT. Default `any`. */
  readonly uploads?: 'any' | 'monolithic-only' | 'chunked-only';
  /** Announced as OCI-Chunk-Min-Length, and demanded of every chunk but the last. */
  readonly minChunkBytes?: number;
  /** A refused mount answers 202 and opens an upload. Default `accepted`. */
  readonly mounts?: 'accepted' | 'refused';
  /** Whether a pushed manifest may name only blobs and manifests that are there. Default true. */
  readonly checkReferences?: boolean;
  /** Answers 429 to the first `requests` whose path (with query) matches. `retryAfter` is the value of the header. */
  readonly rateLimit?: { readonly path?: RegExp; readonly requests: number; readonly retryAfter: string };
  readonly lies?: readonly Lie[];
  /** In milliseconds, for the life of tokens. Default: the clock of this machine. */
  readonly now?: () => number;
}
