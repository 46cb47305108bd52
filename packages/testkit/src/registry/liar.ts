/** Tells the lies of lie.ts: decides where each one belongs, and counts. */
import { changeContent } from './change-content.ts';
import { changeDelivery, changeHeaders } from './change-wire.ts';
import { accessNeeded, challengeFields, serviceOf } from './guard.ts';
import type { Lie } from './lie.ts';
import { type RefusalCode, refusal } from './refusal.ts';
import type { Registry } from './registry.ts';
import { emptyReply, type Headers, type Reply } from './reply.ts';
import type { Asked } from './route.ts';

/** State: how often each lie found its place. */
export interface Liar {
  /** Told without looking at credentials. */
  instead(asked: Asked): Reply | undefined;
  /** Told to those whom the registry would have answered. */
  insteadOfContent(asked: Asked): Reply | undefined;
  change(reply: Reply, asked: Asked): Reply;
}

export function createLiar(lies: readonly Lie[], registry: Registry): Liar {
  const tellers = lies.map((lie) => tellerOf(lie, registry));
  const first = (stage: 'instead' | 'insteadOfContent', asked: Asked): Reply | undefined => {
    for (const tell of tellers) {
      const reply = tell[stage](asked);
      if (reply !== undefined) return reply;
    }
    return undefined;
  };
  return {
    instead: (asked) => first('instead', asked),
    insteadOfContent: (asked) => first('insteadOfContent', asked),
    change: (reply, asked) => tellers.reduce((changed, tell) => tell.change(changed, asked), reply),
  };
}

function tellerOf(lie: Lie, registry: Registry): Liar {
  const { method, path, skip = 0, times = Number.POSITIVE_INFINITY } = lie.on ?? {};
  const seen = new Map<string, number>();
  let found = 0;
  /** The lie, if the request is one of those to be lied to. */
  const told = (asked: Asked, tell: () => Reply | undefined): Reply | undefined => {
    if ((method !== undefined && method !== asked.method) || path?.test(asked.path) === false) return undefined;
    const reply = tell();
    if (reply === undefined) return undefined;
    found++;
    return found > skip && found <= skip + times ? reply : undefined;
  };
  return {
    instead: (asked) => told(asked, () => standIn(lie, asked, registry)),
    insteadOfContent: (asked) => told(asked, () => redirect(lie, asked)),
    change: (reply, asked) => told(asked, () => changed(lie, reply, { asked, registry, seen })) ?? reply,
  };
}

function standIn(lie: Lie, asked: Asked, registry: Registry): Reply | undefined {
  switch (lie.lie) {
    case 'status':
      return lie.when === 'after' ? undefined : statusReply(lie.status, lie.headers, asked);
    case 'reset':
      return lie.when === 'after' ? undefined : RESET;
    case 'challenge': {
      if (asked.headers.authorization !== undefined || asked.route.kind === 'token') return undefined;
      const header = 'header' in lie ? lie.header : `Bearer ${challengeFields(lie.realm, serviceOf(registry.options.auth), accessNeeded(asked))}`;
      return refusal('UNAUTHORIZED', 'authentication required', { headers: { 'WWW-Authenticate': header } });
    }
    default:
      return undefined;
  }
}

function redirect(lie: Lie, asked: Asked): Reply | undefined {
  if (lie.lie === 'redirect') return emptyReply(lie.status ?? 307, { Location: lie.to + asked.path });
  if (lie.lie !== 'redirect-loop') return undefined;
  const { origin, pathname, searchParams } = asked.url;
  const hop = Number(searchParams.get('hop') ?? 0) + 1;
  return emptyReply(lie.status ?? 307, { Location: `${origin}${pathname}?hop=${hop}` });
}

/** What a change is made of. */
export interface Occasion {
  readonly asked: Asked;
  readonly registry: Registry;
  /** Answers so far, by path. */
  readonly seen: Map<string, number>;
}

/** The changed answer, or undefined when it is none that this lie is about. */
function changed(lie: Lie, reply: Reply, occasion: Occasion): Reply | undefined {
  const { asked } = occasion;
  switch (lie.lie) {
    case 'status':
      return lie.when === 'after' ? statusReply(lie.status, lie.headers, asked) : undefined;
    case 'reset':
      return lie.when === 'after' ? RESET : undefined;
    case 'content-type':
    case 'digest-header':
    case 'upload-location':
    case 'wrong-range':
      return reply.status < 300 ? changeHeaders(lie, reply) : undefined;
    case 'truncated':
    case 'endless':
    case 'drip':
      return asked.method !== 'HEAD' && reply.body.size > 0 ? changeDelivery(lie, reply) : undefined;
    case 'challenge':
    case 'redirect':
    case 'redirect-loop':
      return undefined;
    default:
      return reply.status < 300 ? changeContent(lie, reply, occasion) : undefined;
  }
}

function statusReply(status: number, headers: Headers | undefined, { route }: Asked): Reply {
  const code = status === 404 ? UNKNOWN_BY_KIND[route.kind] : CODE_BY_STATUS[status];
  return refusal(code ?? 'UNKNOWN', `HTTP ${status}`, { status, ...(headers && { headers }) });
}

const RESET: Reply = { ...emptyReply(0), delivery: { how: 'reset' } };
const CODE_BY_STATUS: Readonly<Record<number, RefusalCode>> = {
  400: 'UNSUPPORTED',
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  405: 'UNSUPPORTED',
  429: 'TOOMANYREQUESTS',
  503: 'UNAVAILABLE',
};
const UNKNOWN_BY_KIND: Readonly<Record<string, RefusalCode>> = {
  manifest: 'MANIFEST_UNKNOWN',
  blob: 'BLOB_UNKNOWN',
  upload: 'BLOB_UPLOAD_UNKNOWN',
  uploads: 'NAME_UNKNOWN',
  tags: 'NAME_UNKNOWN',
};
