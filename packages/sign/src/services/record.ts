/**
 * Putting a signing on record with every service that was chosen.
 *
 * Timestamp authorities are asked first: a log entry is public and stays, so that nothing is logged which could not be completed. What
 * services say is kept only when all of them answered.
 */
import { isTrustError, type LogEntry, type LogInstance, TrustError } from '@assay/core';
import { type HttpClient, redactUrl } from '@assay/net';
import { type EnvelopeKind, logToRekorV1 } from './rekor-v1.ts';
import { logToRekorV2 } from './rekor-v2.ts';
import { parseVerifier, type Signing } from './signing.ts';
import { requestTimestamp } from './timestamp.ts';

export interface RecordOptions {
  /** Base URLs, with API version 1 or 2. */
  readonly logs: readonly LogService[];
  /** Full endpoints. */
  readonly timestampAuthorities: readonly { readonly url: string }[];
  readonly http: HttpClient;
  /** For authorities that want a client certificate, or have a CA of their own. Default `http`. */
  readonly timestampHttp?: HttpClient | undefined;
  /** What the timestamps cover. Default the signature; attestations outside bundles have them over the stored envelope. */
  readonly timestamped?: Uint8Array | undefined;
  /** How Rekor v1 records an envelope. Default `dsse`. */
  readonly envelopeKind?: EnvelopeKind | undefined;
  /** As in `RekorV2Options`. */
  readonly knownLogs?: readonly LogInstance[] | undefined;
  /** What services have said earlier about this very signing: they are not asked again. */
  readonly already?: PartlyRecorded | undefined;
  /** Told what there is, earlier and new, when something is missing; the error follows. */
  readonly onIncomplete?: ((partly: PartlyRecorded) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** By the URLs of the services. */
export interface PartlyRecorded {
  readonly entries: ReadonlyMap<string, LogEntry>;
  readonly timestamps: ReadonlyMap<string, Uint8Array>;
}

export interface LogService {
  readonly url: string;
  readonly majorApiVersion: number;
}

export interface Recorded {
  /** In the order of `logs`. */
  readonly entries: readonly LogEntry[];
  /** DER TimeStampResp each, in the order of `timestampAuthorities`. */
  readonly timestamps: readonly Uint8Array[];
}

/**
 * Asks all authorities at once, then all logs at once.
 * Errors: `SIGNING_INCOMPLETE`, which says what each service did, with the first failure as its `cause`; `SIGNING_CONFIG_SERVICES` for a certificate
 * that nothing would prove the time of; `KEY_…` and `CERT_…` for the verifier; the `reason` of `signal`; `TypeError` for other API versions.
 */
export async function recordSigning(signing: Signing, options: RecordOptions): Promise<Recorded> {
  const { logs, timestampAuthorities, http, timestampHttp = http, timestamped = signing.content.signature, envelopeKind, knownLogs, signal } = options;
  const { already = NOTHING, onIncomplete } = options;
  checkServices(signing, options);
  const stamp = async ({ url }: { readonly url: string }): Promise<Uint8Array> =>
    already.timestamps.get(url) ?? requestTimestamp(timestamped, { url, http: timestampHttp, signal });
  const upload = async ({ url, majorApiVersion }: LogService): Promise<LogEntry> => {
    const known = already.entries.get(url);
    if (known !== undefined) return known;
    return majorApiVersion === 2 ? logToRekorV2(signing, { url, http, signal }, { knownLogs }) : logToRekorV1(signing, { url, http, signal }, { envelopeKind });
  };

  const stamped = await askAll(timestampAuthorities, stamp, signal);
  const timestamps = valuesOf(stamped);
  const logged = timestamps === undefined || signal?.aborted === true ? [] : await askAll(logs, upload, signal);
  const entries = valuesOf(logged);
  if (timestamps !== undefined && entries?.length === logs.length) return { entries, timestamps };

  onIncomplete?.({ entries: byUrl(logged, already.entries), timestamps: byUrl(stamped, already.timestamps) });
  signal?.throwIfAborted();
  return incomplete(stamped, logged, timestamps === undefined ? logs : []);
}

function checkServices({ verifierPem }: Signing, services: RecordOptions): void {
  const unknown = services.logs.map(({ majorApiVersion }) => majorApiVersion).find((version) => version !== 1 && version !== 2);
  if (unknown !== undefined) throw new TypeError(`version ${unknown} of the log API is not known`);
  if (parseVerifier(verifierPem).certificate !== undefined) refuseUntimed(services);
}

/**
 * A certificate lives for minutes: without a proven time nobody could verify it later, and Rekor v2 proves none (verification.md section 4). For whoever
 * is about to ask for one. Errors: `SIGNING_CONFIG_SERVICES`.
 */
export function refuseUntimed({ logs, timestampAuthorities }: Pick<RecordOptions, 'logs' | 'timestampAuthorities'>): void {
  const versions = logs.map(({ majorApiVersion }) => majorApiVersion);
  if (!versions.includes(2) || versions.includes(1) || timestampAuthorities.length > 0) return;
  throw new TrustError('SIGNING_CONFIG_SERVICES', 'a certificate that is logged to Rekor v2 needs a timestamp authority: nothing else proves the time', {
    hint: 'add a timestamp authority to the signing configuration',
  });
}

type Outcome<Value> = { readonly url: string; readonly value: Value } | { readonly url: string; readonly error: TrustError };

function askAll<Chosen extends { readonly url: string }, Value>(
  services: readonly Chosen[],
  askOne: (service: Chosen) => Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Outcome<Value>[]> {
  const outcomeOf = async (service: Chosen): Promise<Outcome<Value>> => {
    const { url } = service;
    try {
      return { url, value: await askOne(service) };
    } catch (error) {
      if (isTrustError(error)) return { url, error };
      // What the others said is wanted all the same.
      if (signal?.aborted === true) return { url, error: new TrustError('NET_TIMEOUT', `${redactUrl(url)}: given up`) };
      throw error;
    }
  };
  return Promise.all(services.map(outcomeOf));
}

/** Undefined when one is missing. */
function valuesOf<Value>(outcomes: readonly Outcome<Value>[]): Value[] | undefined {
  const values = outcomes.flatMap((outcome) => ('value' in outcome ? [outcome.value] : []));
  return values.length === outcomes.length ? values : undefined;
}

/** What was had earlier is kept, even of services that were not reached this time. */
function byUrl<Value>(outcomes: readonly Outcome<Value>[], earlier: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  return new Map([...earlier, ...outcomes.flatMap((outcome): [string, Value][] => ('value' in outcome ? [[outcome.url, outcome.value]] : []))]);
}

function incomplete(stamped: readonly Outcome<Uint8Array>[], logged: readonly Outcome<LogEntry>[], unasked: readonly LogService[]): never {
  const errors = [...stamped, ...logged].flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
  const sentences = [
    ...errors.map(({ message }) => message),
    ...stamped.flatMap((outcome) => ('value' in outcome ? [`timestamped by ${redactUrl(outcome.url)}`] : [])),
    ...logged.flatMap((outcome) => ('value' in outcome ? [`logged by ${redactUrl(outcome.url)} at index ${outcome.value.logIndex}`] : [])),
    ...unasked.map(({ url }) => `not sent to ${redactUrl(url)}`),
  ];
  const [first] = errors;
  throw new TrustError('SIGNING_INCOMPLETE', sentences.join('; '), { cause: first, ...(first && { hint: first.hint }) });
}

const NOTHING: PartlyRecorded = { entries: new Map(), timestamps: new Map() };
