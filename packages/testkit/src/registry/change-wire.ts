/** Lies in headers, and in the way a body takes. */
import type { DeliveryLie, HeaderLie } from './lie.ts';
import { type Reply, withHeaders } from './reply.ts';

/** Undefined when the answer has no such header. */
export function changeHeaders(lie: HeaderLie, reply: Reply): Reply | undefined {
  const { 'Content-Type': type, 'Docker-Content-Digest': digest, Location: location, Range: range, ...others } = reply.headers;
  switch (lie.lie) {
    case 'content-type': {
      if (type === undefined) return undefined;
      const { 'Content-Type': _, ...rest } = reply.headers;
      return { ...reply, headers: { ...rest, ...(lie.is !== undefined && { 'Content-Type': lie.is }) } };
    }
    case 'digest-header': {
      if (typeof digest !== 'string') return undefined;
      const is = lie.is ?? `sha256:${'0'.repeat(64)}`;
      return withHeaders(reply, { 'Docker-Content-Digest': is, ...(typeof location === 'string' && { Location: location.replace(digest, is) }) });
    }
    case 'upload-location': {
      if (typeof location !== 'string' || !location.includes('/blobs/uploads/')) return undefined;
      return withHeaders(reply, { Location: lie.to + location.replace(/^https?:\/\/[^/]+/, '') });
    }
    case 'wrong-range': {
      if (typeof range !== 'string' || 'Content-Range' in others) return undefined;
      return withHeaders(reply, { Range: `0-${Math.max(0, Number(range.slice(2)) + (lie.by ?? -1))}` });
    }
  }
}

export function changeDelivery(lie: DeliveryLie, reply: Reply): Reply {
  switch (lie.lie) {
    case 'truncated':
      return { ...reply, delivery: { how: 'cut', afterBytes: lie.after ?? Math.floor(reply.body.size / 2), by: lie.by ?? 'end' } };
    case 'endless':
      return { ...reply, delivery: { how: 'endless', fill: lie.fill ?? ' ' } };
    case 'drip':
      return { ...reply, delivery: { how: 'drip', everyMs: lie.everyMs } };
  }
}
