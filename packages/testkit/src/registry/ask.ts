/** A plain client for the tests here: it follows nothing, retries nothing, and reports a broken answer instead of hiding it. */
import { request } from 'node:http';
import { Readable } from 'node:stream';

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An iterable is sent without Content-Length. */
  readonly body?: Uint8Array | string | Iterable<Uint8Array>;
  /** Gives up after so much of a body. */
  readonly maxBytes?: number;
}

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  /** Why the body is not whole. */
  readonly broken: Error | undefined;
}

/** Rejects when nothing is answered. */
export function ask(url: string, { method = 'GET', headers = {}, body, maxBytes = Number.POSITIVE_INFINITY }: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isWhole = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    const sent = request(url, { method, agent: false, headers: { ...headers, ...(isWhole && { 'Content-Length': Buffer.byteLength(body ?? '') }) } });
    sent.on('error', reject);
    sent.on('response', (response) => {
      sent.off('error', reject).on('error', (error) => done(error));
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (broken: Error | undefined): void => {
        const all = Buffer.concat(chunks);
        const { statusCode = 0, headers: answered } = response;
        resolve({ status: statusCode, headers: answered as Answer['headers'], body: all, text: all.toString(), broken });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxBytes) response.destroy(new Error('more than maxBytes'));
      });
      response.on('end', () => done(undefined));
      response.on('error', done);
    });
    if (isWhole) sent.end(body);
    else Readable.from(body).pipe(sent);
  });
}

/** The codes of an error answer. */
export function codesOf({ text }: Answer): string[] {
  return (JSON.parse(text) as { errors: { code: string }[] }).errors.map(({ code }) => code);
}
