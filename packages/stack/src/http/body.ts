/** Bodies of requests, capped: a body over the cap is refused before it is in memory (services.md section 6: 413). */
import { concat, decodeUtf8 } from '@assay/core';
import { Refusal } from './refusal.ts';

/** Throws `Refusal` 413 over `limit` bytes. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  if (Number(request.headers.get('Content-Length') ?? 0) > limit) throw tooLarge(limit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : concat(...chunks);
}

/** The same as text. Throws `Refusal` 400 for what is not UTF-8. */
export async function readText(request: Request, limit: number): Promise<string> {
  const text = decodeUtf8(await readBody(request, limit));
  if (text === undefined) throw new Refusal(400, 'the body is not UTF-8');
  return text;
}

function tooLarge(limit: number): Refusal {
  return new Refusal(413, `http: request body too large: more than ${limit} bytes`);
}
