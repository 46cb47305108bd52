/**
 * How the registry misbehaves: each lie breaks an answer in one named way, wherever such an answer is given and `on` matches.
 *
 * Lies that stand in for an answer are told before the honest work is done, so that a refused push stored nothing. The others change an
 * honest answer, several of them in the order given; what they say fits together as far as a liar can make it fit.
 */
import type { Descriptor } from './content.ts';
import type { Headers } from './reply.ts';

export type Lie = (StandIn | ContentLie | HeaderLie | DeliveryLie) & { readonly on?: On };

/** The step that a lie hits. Without a member, all of them. */
export interface On {
  readonly method?: string;
  /** Matched against path and query. */
  readonly path?: RegExp;
  /** Answers left honest before the first lie. Default 0. */
  readonly skip?: number;
  /** Lies told at most. */
  readonly times?: number;
}

/** Instead of the honest answer. `after` does the honest work first: failed, but written. */
export type StandIn =
  | { readonly lie: 'status'; readonly status: number; readonly headers?: Headers; readonly when?: 'instead' | 'after' }
  /** The connection is reset. */
  | { readonly lie: 'reset'; readonly when?: 'instead' | 'after' }
  /** 401 to requests without credentials: with a realm somewhere, or with a WWW-Authenticate of any shape. */
  | { readonly lie: 'challenge'; readonly realm: string }
  | { readonly lie: 'challenge'; readonly header: string | readonly string[] }
  /** The same path at another base URL, asked of those only whom the registry would have answered. Default 307. */
  | { readonly lie: 'redirect'; readonly to: string; readonly status?: RedirectStatus }
  /** To itself, with another query each time. */
  | { readonly lie: 'redirect-loop'; readonly status?: RedirectStatus };

export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/** Of bodies. */
export type ContentLie =
  /** Other bytes of the same size under the same digest. Default: a digest inside a JSON document changed, else the last byte. */
  | { readonly lie: 'other-bytes'; readonly bytes?: Uint8Array }
  /** A body, or its announced length, longer or shorter than the content: spaces added, or the end left out. */
  | { readonly lie: 'wrong-size'; readonly by: number }
  /** Every second answer for a tag is another manifest, with the digest of that one. Default: the same with an annotation more. */
  | { readonly lie: 'changing-tag'; readonly manifest?: Uint8Array }
  /** Referrers of any other subject beside the honest ones, or the descriptors given. */
  | { readonly lie: 'foreign-referrers'; readonly descriptors?: readonly Descriptor[] }
  /** Invented referrers before the honest ones. Default 10 000. */
  | { readonly lie: 'many-referrers'; readonly count?: number }
  /** JSON without its last two characters. */
  | { readonly lie: 'malformed-json' }
  /** The honest JSON with a member more that nests arrays. Default 100 000 deep. */
  | { readonly lie: 'deep-json'; readonly depth?: number };

export type HeaderLie =
  /** `undefined` leaves it out. */
  | { readonly lie: 'content-type'; readonly is: string | undefined }
  /** Another Docker-Content-Digest, also where a push names what it created, with the Location. Default: all zeros. */
  | { readonly lie: 'digest-header'; readonly is?: string }
  /** The Location of an upload, at another base URL. */
  | { readonly lie: 'upload-location'; readonly to: string }
  /** The Range that an upload has reached, `by` bytes off. Default -1. */
  | { readonly lie: 'wrong-range'; readonly by?: number };

/** Of the way a body takes; told of error answers too. */
export type DeliveryLie =
  /** The connection ends, or is reset, within the body. Default: after half of it. */
  | { readonly lie: 'truncated'; readonly after?: number; readonly by?: 'end' | 'reset' }
  /** The body is followed by `fill` without an end. Default: spaces, which no JSON parser minds. */
  | { readonly lie: 'endless'; readonly fill?: string }
  /** One byte at a time. */
  | { readonly lie: 'drip'; readonly everyMs: number };
