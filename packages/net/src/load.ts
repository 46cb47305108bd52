/**
 * The file-or-URL loader, "L" of cosign.md section 0.4: keys, policies, roots and payloads are named this way.
 *
 * | Reference | Loaded from |
 * |---|---|
 * | `https://…`, `http://…` | GET |
 * | `env://NAME` | the environment variable NAME |
 * | any other `x://…` | refused |
 * | anything else | a local path |
 *
 * The texts of the errors are cosign's, since scripts compare them.
 */
import { quote, TrustError } from '@assay/core';
import type { HttpClient } from './client.ts';
import type { Environment } from './environment.ts';
import { readFileCapped } from './file.ts';
import { redactUrl } from './redact.ts';

export interface LoadOptions {
  /** Used for http(s) references only; nothing of HTTP is loaded for the others. */
  http: HttpClient;
  /** Where `env://` looks. */
  env: Environment;
  /** Default 10 MiB. */
  maxBytes?: number;
  signal?: AbortSignal;
}

/**
 * The bytes behind a file path, an http(s) URL, or `env://NAME`. One request at most, redirects and retries aside.
 *
 * @throws TrustError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_TOO_LARGE; NET_URL (unknown scheme, unset variable),
 *   NET_STATUS (with `data.status`), and every other NET_ code
 * @example const key = await loadFileOrUrl('cosign.pub', { http: createHttpClient(), env: process.env });
 */
export async function loadFileOrUrl(reference: string, options: LoadOptions): Promise<Uint8Array> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const scheme = SCHEME.exec(reference)?.[1];
  if (scheme === undefined) return readFileCapped(reference, maxBytes);
  if (scheme === 'http' || scheme === 'https') return loadUrl(reference, maxBytes, options);
  if (scheme === 'env') return loadVariable(reference.slice('env://'.length), options.env);
  throw new TrustError('NET_URL', `loading URL: unrecognized scheme: ${quote(scheme)}://`);
}

async function loadUrl(url: string, maxBytes: number, { http, signal }: LoadOptions): Promise<Uint8Array> {
  const { status, body } = await http.request(url, { maxBytes, ...(signal && { signal }) });
  if (status >= 200 && status < 300) return body;
  throw new TrustError('NET_STATUS', `loading URL ${redactUrl(url)}: server returned HTTP ${status}`, { data: { status } });
}

function loadVariable(name: string, env: Environment): Uint8Array {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined) throw new TrustError('NET_URL', `loading URL: env var $${quote(name)} not found`, { hint: 'set the environment variable' });
  return new TextEncoder().encode(value);
}

const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
const SCHEME = /^([^/]*):\/\//u;
