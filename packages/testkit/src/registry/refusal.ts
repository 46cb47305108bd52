/** Error answers of a registry: `{"errors":[{code, message, detail}]}` with the codes of the distribution specification, "Error Codes". */
import { type Headers, jsonReply, type Reply } from './reply.ts';

export type RefusalCode = keyof typeof STATUS;

export interface RefusalOptions {
  /** Default: the one that registries use for the code. */
  readonly status?: number;
  readonly detail?: unknown;
  readonly headers?: Headers;
}

export function refusal(code: RefusalCode, message: string, { status = STATUS[code], detail, headers }: RefusalOptions = {}): Reply {
  return jsonReply({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] }, { status, ...(headers && { headers }) });
}

/** Ends the request with a refusal. */
export function refuse(code: RefusalCode, message: string, options?: RefusalOptions): never {
  throw new Refused(refusal(code, message, options));
}

export class Refused extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`HTTP ${reply.status}`);
    this.reply = reply;
  }
}

/** The last two are beyond the specification, which has codes for 4xx only. */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  UNKNOWN: 500,
  UNAVAILABLE: 503,
} as const;
