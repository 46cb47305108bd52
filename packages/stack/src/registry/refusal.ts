/**
 * Answers that refuse, in the form of the distribution specification ("Error Codes"):
 *
 *   404 {"errors":[{"code":"BLOB_UNKNOWN","message":"…","detail":"sha256:…"}]}
 *
 * Whoever finds out calls `refuse`; `registry.ts` makes the answer in one place.
 */

export type RefusalCode = keyof typeof STATUS;

export interface RefusalOptions {
  /** Default: the one that belongs to the code. */
  readonly status?: number;
  readonly detail?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class RegistryRefusal extends Error {
  readonly code: RefusalCode;
  readonly options: RefusalOptions;

  constructor(code: RefusalCode, message: string, options: RefusalOptions) {
    super(message);
    this.name = 'RegistryRefusal';
    this.code = code;
    this.options = options;
  }
}

/** Ends the request. Throws `RegistryRefusal`. */
export function refuse(code: RefusalCode, message: string, options: RefusalOptions = {}): never {
  throw new RegistryRefusal(code, message, options);
}

export function refusalAnswer({ code, message, options: { status = STATUS[code], detail, headers = {} } }: RegistryRefusal): Response {
  return Response.json({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] }, { status, headers });
}

/** The last one is beyond the specification, which has codes for what the client did alone. */
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
  UNSUPPORTED: 405,
  UNKNOWN: 500,
} as const;
