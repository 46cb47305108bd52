/** Which logs a command is about, and the keys that their checkpoints are verified with. */
import { type LogInstance, parsePublicKeyPem, TrustError, type TrustedRoot, trustedRootOf } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type HttpClient, redactUrl } from '@assay/net';
import { readFileCapped } from '@assay/net/file';
import { type LogPlace, logsAt } from '@assay/sign/monitor';
import type { Io } from '../../io.ts';
import { named } from '../../named.ts';
import { loadRoot } from '../../trusted-root.ts';
import { withHttp } from '../../with-http.ts';

export interface LogFlags {
  readonly log?: readonly string[];
  readonly logKey?: string;
  readonly trustedRoot?: string;
}

/** There is at least one. Errors: `USAGE`, `NET_URL`, `KEY_…`, `FILE_…`, `TRUST_ROOT_…`, those of the TUF client. */
export function withLogs<T>(flags: LogFlags, io: Io, work: (places: readonly LogPlace[]) => Promise<T>): Promise<T> {
  return withHttp(io, async (http) => work(await logsOf(flags, http, io)));
}

async function logsOf(flags: LogFlags, http: HttpClient, io: Io): Promise<LogPlace[]> {
  const { logs } = await trustFor(flags, io);
  const urls = flags.log ?? urlsInUse(logs, io.now);
  if (urls.length === 0) throw new TrustError('USAGE', 'the trusted root names no log that is in use', { hint: 'name one with --log URL' });
  return [...new Set(urls.map(baseUrl))].map((url) => ({ url, http, logs: logsAt(logs, url) }));
}

/** The address as it may be shown. */
export function nameOf({ url }: LogPlace): string {
  return redactUrl(url).replace(/\/$/, '');
}

async function trustFor(flags: LogFlags, io: Io): Promise<Pick<TrustedRoot, 'logs'>> {
  const { logKey } = flags;
  if (logKey === undefined) return (await loadRoot(flags, io)).root;
  const pem = new TextDecoder().decode(readFileCapped(logKey, MAX_KEY_FILE));
  return trustedRootOf({ logKeys: [named(logKey, () => parsePublicKeyPem(pem))] }, nodeCrypto);
}

/** A log whose key is out of use takes no more entries. */
function urlsInUse(logs: readonly LogInstance[], now: Date): string[] {
  return logs.filter(({ baseUrl: url, window }) => url !== '' && (window.end === undefined || window.end >= now)).map(({ baseUrl: url }) => url);
}

function baseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new TrustError('NET_URL', `--log: ${redactUrl(text)} is not the address of a log`, { hint: 'pass its base URL, as https://rekor.sigstore.dev' });
  }
  return text.replace(/\/+$/, '');
}

const MAX_KEY_FILE = 1024 * 1024;
