/** What is sent with a request: bytes at hand, or a source that is read while it is sent. */

export interface BodySource {
  /** In bytes; undefined sends the body in chunks (RFC 9112 section 7.1), which not every server takes. */
  readonly size: number | undefined;
  /** The bytes from the start. Called again for another attempt, and for a redirect that repeats the request (307, 308). */
  open(): AsyncIterable<Uint8Array>;
}

export function isBodySource(body: Uint8Array | string | BodySource | undefined): body is BodySource {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}

export function sourceOf(body: Uint8Array | string | BodySource): BodySource {
  if (isBodySource(body)) return body;
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}
