/**
 * Answers that refuse, in the form of gRPC's HTTP gateway, which clients of Sigstore's services read (services.md section 1):
 *
 *   400 {"code":3,"message":"…","details":[]}
 *
 * A service throws `Refusal` where it finds out; `refusalAnswer` makes the answer. Nothing of a refused request is logged or certified.
 */
import type { ContentfulStatusCode } from 'hono/utils/http-status';

export class Refusal extends Error {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ContentfulStatusCode, message: string, { headers = {}, cause }: { headers?: Readonly<Record<string, string>>; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'Refusal';
    this.status = status;
    this.headers = headers;
  }
}

/** `{code, message, details}` with the code that gRPC has for the status. */
export function refusalAnswer({ status, message, headers }: Refusal): Response {
  return Response.json({ code: GRPC_CODES[status] ?? UNKNOWN, message, details: [] }, { status, headers });
}

const GRPC_CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 409: 6, 413: 3, 415: 3, 500: 13, 501: 12, 503: 14 };
const UNKNOWN = 2;
