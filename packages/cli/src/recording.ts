/** Which services put a signing on record, and the recording itself. */
import { createHttpClient, type HttpClientOptions } from '@assay/net';
import { type LogService, type Record, recordSigning } from '@assay/sign';
import { type Service, type ServiceSelection, type SigningConfig, selectServices } from '@assay/trust';
import type { Io } from './io.ts';
import { isOffline } from './offline.ts';

export interface ChosenServices {
  readonly logs: readonly LogService[];
  readonly timestampAuthorities: readonly { readonly url: string }[];
}

/** Those of a signing configuration that are to be used now. Errors: `SIGNING_CONFIG_SERVICES`. */
export function chooseServices(config: SigningConfig, now: Date): ChosenServices {
  return {
    logs: chosen(config.logs, config.logSelection, REKOR_VERSIONS, now),
    timestampAuthorities: chosen(config.timestampAuthorities, config.timestampSelection, TSA_VERSIONS, now),
  };
}

/** A configuration without any service of a kind means that none is used. */
function chosen(services: readonly Service[], selection: ServiceSelection | undefined, versions: readonly number[], now: Date): Service[] {
  return services.length === 0 ? [] : selectServices(services, selection, versions, now);
}

export interface RecorderOptions {
  readonly io: Io;
  readonly userAgent: string;
  /** For timestamp authorities with certificates of their own. */
  readonly timestampTls?: HttpClientOptions | undefined;
  readonly envelopeKind?: 'dsse' | 'intoto';
  /** Outside bundles a timestamp covers the stored envelope (cosign.md section 4.2). */
  readonly timestamps?: 'signature' | 'stored envelope';
  readonly signal?: AbortSignal;
}

/** Undefined when no service was chosen. */
export function recorderFor(services: ChosenServices, options: RecorderOptions): Record | undefined {
  if (services.logs.length === 0 && services.timestampAuthorities.length === 0) return undefined;
  const { io, userAgent, timestampTls, envelopeKind, timestamps, signal } = options;
  return async (signing) => {
    const base: HttpClientOptions = { env: io.env, offline: isOffline(io.env), userAgent };
    const http = createHttpClient(base);
    const timestampHttp = timestampTls && createHttpClient({ ...base, ...timestampTls });
    try {
      const timestamped = timestamps === 'stored envelope' ? signing.envelope : undefined;
      return await recordSigning(signing, { ...services, http, timestampHttp, envelopeKind, timestamped, signal });
    } finally {
      http.close();
      timestampHttp?.close();
    }
  };
}

const REKOR_VERSIONS = [1, 2];
const TSA_VERSIONS = [1];
