/** What `--verbose` shows: one event for every request that went over the network, without secrets. */
import type { IncomingMessage } from 'node:http';
import { isTrustError } from '@assay/core';
import { plainHeaders, shownHeaders } from './headers.ts';
import { redactUrl } from './redact.ts';
import type { Hop } from './redirect.ts';

export interface ExchangeEvent {
  readonly method: string;
  /** Without credentials, query values and fragment. */
  readonly url: string;
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  /** Until the response's headers had arrived, or the attempt had failed. */
  readonly durationMs: number;
  /** Of the response, lower-case names; those that may hold a secret are left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** Why no answer came. */
  readonly failure: string | undefined;
}

export interface Observer {
  readonly onExchange?: (event: ExchangeEvent) => void;
  readonly now: () => number;
}

/** Passes on what `answer` becomes, and tells of it. */
export async function observed(hop: Hop, { onExchange, now }: Observer, answer: Promise<IncomingMessage>): Promise<IncomingMessage> {
  if (onExchange === undefined) return answer;
  const startMs = now();
  const outcome = await answer.then(answered, failed);
  onExchange({ method: hop.method, url: redactUrl(hop.url), durationMs: now() - startMs, ...outcome });
  return answer;
}

type Outcome = Pick<ExchangeEvent, 'status' | 'headers' | 'failure'>;

function answered({ statusCode, headers }: IncomingMessage): Outcome {
  return { status: statusCode, headers: shownHeaders(plainHeaders(headers)), failure: undefined };
}

function failed(error: unknown): Outcome {
  return { status: undefined, headers: {}, failure: isTrustError(error) ? error.message : 'given up by the caller' };
}
