/** Where the files of a TUF repository come from: a mirror over HTTP, or files at hand. */
import { quote, TrustError } from '@assay/core';
import { type HttpClient, requireOk } from '@assay/net';
import type { Mirror } from '../mirror.ts';

export interface RepositorySource {
  /** For messages: the base URL without credentials. */
  readonly name: string;
  /** Without a slash at the end; targets lie below `<baseUrl>/targets`. */
  readonly baseUrl: string;
  /** @throws TrustError NET_STATUS when there is no such file, NET_TOO_LARGE, and every other NET_ code */
  get(url: string, maxBytes: number): Promise<Uint8Array>;
}

export function httpSource(mirror: Mirror, http: HttpClient, signal?: AbortSignal): RepositorySource {
  return {
    name: mirror.name,
    baseUrl: mirror.url,
    get: async (url, maxBytes) => requireOk(await http.request(url, { maxBytes, ...(signal && { signal }) })).body,
  };
}

/** A repository laid out in memory: path below the base, as a mirror would serve it, to content. */
export function filesSource(files: ReadonlyMap<string, Uint8Array>): RepositorySource {
  return {
    name: 'files',
    baseUrl: FILES_URL,
    async get(url, maxBytes) {
      const path = url.slice(FILES_URL.length + 1);
      const bytes = files.get(path);
      if (bytes === undefined) throw new TrustError('NET_STATUS', `${quote(path)}: no such file`, { data: { status: 404 } });
      if (bytes.length > maxBytes) throw new TrustError('NET_TOO_LARGE', `${quote(path)}: larger than the cap of ${maxBytes} bytes`);
      return bytes;
    },
  };
}

// RFC 2606: a name that never exists, should it ever reach a socket.
const FILES_URL = 'https://files.invalid';
