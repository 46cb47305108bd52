/** Requests to an API server, without the half second and the 100 MB that each kubectl takes. */
import { type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Access } from './kubeconfig.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default: application/json. */
  readonly contentType?: string;
}

export function requestApi(
  { url, ca, token }: Access,
  path: string,
  { method = 'GET', body, contentType = 'application/json' }: ApiRequest = {},
): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': contentType }) };
  const options: RequestOptions = { method, ca, headers, agent: false };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, options, (incoming) => {
      text(incoming).then((body) => resolve({ status: incoming.statusCode ?? 0, body }), reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
