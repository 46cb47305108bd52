/** A webhook as small as can be, for tests of the cluster itself: TLS on loopback, one function from request to response. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { selfSigned } from '../../../net/test/self-signed.ts';

export interface ReviewServer {
  /** Without a slash at the end. */
  readonly url: string;
  /** PEM. */
  readonly caBundle: string;
  close(): void;
}

export interface AdmissionRequest {
  readonly uid: string;
  readonly object: unknown;
}

/** The response without its uid. */
export type Respond = (request: AdmissionRequest) => { readonly allowed: boolean; readonly [field: string]: unknown };

export async function serveReviews(respond: Respond): Promise<ReviewServer> {
  const { key, cert } = selfSigned();
  const server = createServer({ key, cert }, async (incoming, outgoing) => {
    const { apiVersion, kind, request } = (await json(incoming)) as { apiVersion: string; kind: string; request: AdmissionRequest };
    const review = { apiVersion, kind, response: { uid: request.uid, ...respond(request) } };
    outgoing.setHeader('content-type', 'application/json').end(JSON.stringify(review));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: cert,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
