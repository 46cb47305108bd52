/** Bodies of uploads. Reading them as a stream takes 0.1 ms, a quarter of what an entry costs; so they are read whole where their length is stated. */
import { decodeUtf8 } from '@assay/core';
import { readText } from '../http/body.ts';
import { Refusal } from '../http/refusal.ts';

/** As `readText`: throws `Refusal` 413 over `limit` bytes, 400 for what is not UTF-8. */
export async function requestText(request: Request, limit: number): Promise<string> {
  const length = Number(request.headers.get('Content-Length') ?? Number.NaN);
  // The server takes no more from the connection than the header says. Without one, what comes is counted.
  if (!(length <= limit)) return readText(request, limit);
  return decodeUtf8(new Uint8Array(await request.arrayBuffer())) ?? refuse();
}

function refuse(): never {
  throw new Refusal(400, 'the body is not UTF-8');
}
