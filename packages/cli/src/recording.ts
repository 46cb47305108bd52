/** Which services certify a signing and put it on record, and the recording itself. */
import { isTrustError, TrustError, type TrustedRoot } from '@assay/core';
import { createHttpClient, type HttpClient, type HttpClientOptions } from '@assay/net';
import { type LogService, type PartlyRecorded, type Record, recordSigning } from '@assay/sign';
import { type Service, type ServiceSelection, type SigningConfig, selectService, selectServices } from '@assay/trust/signing-config';
import type { Io } from './io.ts';
import { isOffline } from './offline.ts';

export interface ChosenServices {
  readonly logs: readonly LogService[];
  readonly timestampAuthorities: readonly { readonly url: string }[];
  /** Base URLs; asked for only by those who sign without a key. Errors: `SIGNING_CONFIG_SERVICES`. */
  readonly certificateAuthority: () => string;
  readonly oidcIssuer: () => string;
}

/** Those of a signing configuration that are to be used now; of logs the newest of these versions. Errors: `SIGNING_CONFIG_SERVICES`. */
export function chooseServices(config: SigningConfig, now: Date, rekorVersions: readonly number[] = REKOR_VERSIONS): ChosenServices {
  const { certificateAuthorities, oidcProviders } = config;
  return {
    logs: chosen(config.logs, config.logSelection, rekorVersions, now),
    timestampAuthorities: chosen(config.timestampAuthorities, config.timestampSelection, TSA_VERSIONS, now),
    certificateAuthority: () => selectOne(certificateAuthorities, 'no fulcio URLs provided in signing config', now),
    oidcIssuer: () => selectOne(oidcProviders, 'no OIDC provider URLs provided in signing config', now),
  };
}

/** A configuration without any service of a kind means that none is used. */
function chosen(services: readonly Service[], selection: ServiceSelection | undefined, versions: readonly number[], now: Date): Service[] {
  return services.length === 0 ? [] : selectServices(services, selection, versions, now);
}

function selectOne(services: readonly Service[], none: string, now: Date): string {
  if (services.length === 0) throw new TrustError('SIGNING_CONFIG_SERVICES', none);
  return selectService(services, ONLY_VERSION, now).url;
}

export interface RecorderOptions {
  readonly io: Io;
  readonly userAgent: string;
  /** With connections that are open already. Default one of its own. */
  readonly http?: HttpClient | undefined;
  /** For timestamp authorities with certificates of their own. */
  readonly timestampTls?: HttpClientOptions | undefined;
  readonly envelopeKind?: 'dsse' | 'intoto';
  /** Outside bundles a timestamp covers the stored envelope (cosign.md section 4.2). */
  readonly timestamps?: 'signature' | 'stored envelope';
  /** Knows the logs whose entries may have to be fetched. */
  readonly trustedRoot?: TrustedRoot | undefined;
  /** Keeps what there is when a service fails, and returns what to tell the person; undefined when it is not kept. */
  readonly keep?: ((signing: Parameters<Record>[0], partly: PartlyRecorded) => string | undefined) | undefined;
  readonly signal?: AbortSignal;
}

/** Undefined when no service was chosen. */
export function recorderFor(services: Pick<ChosenServices, 'logs' | 'timestampAuthorities'>, options: RecorderOptions): Record | undefined {
  const { logs, timestampAuthorities } = services;
  if (logs.length === 0 && timestampAuthorities.length === 0) return undefined;
  const { io, userAgent, timestampTls, envelopeKind, timestamps, trustedRoot, keep, signal } = options;
  return async (signing) => {
    const base: HttpClientOptions = { env: io.env, offline: isOffline(io.env), userAgent };
    const http = options.http ?? createHttpClient(base);
    const timestampHttp = timestampTls && createHttpClient({ ...base, ...timestampTls });
    let kept: string | undefined;
    try {
      return await recordSigning(signing, {
        logs,
        timestampAuthorities,
        http,
        timestampHttp,
        envelopeKind,
        timestamped: timestamps === 'stored envelope' ? signing.envelope : undefined,
        knownLogs: trustedRoot?.logs,
        onIncomplete: (partly) => {
          kept = keep?.(signing, partly);
        },
        signal,
      });
    } catch (error) {
      throw kept === undefined ? error : withAdvice(error, kept, io);
    } finally {
      if (http !== options.http) http.close();
      timestampHttp?.close();
    }
  };
}

/** In the message itself: the tools that we stand for print no hints. */
function withAdvice(error: unknown, advice: string, io: Io): unknown {
  if (isTrustError(error)) return new TrustError(error.code, `${error.message}; ${advice}`, { cause: error.cause, hint: error.hint });
  io.stderr(`${advice}\n`);
  return error;
}

const REKOR_VERSIONS = [1, 2];
const TSA_VERSIONS = [1];
/** Of certificate authorities and OIDC providers. */
const ONLY_VERSION = [1];
