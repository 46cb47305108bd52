/** A client for tests: it neither waits nor dices, and is closed when the test ends. */
import { onTestFinished } from 'vitest';
import { createHttpClient, type HttpClient, type HttpClientOptions } from '../src/client.ts';

export function client(options: HttpClientOptions = {}): HttpClient & { waits: number[] } {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  const http = createHttpClient({ sleep, random: () => 1, ...options });
  onTestFinished(() => http.close());
  return { ...http, waits };
}

export async function drain(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of body);
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
