/**
 * Ports for servers that want to be told theirs and may come back on it: below those that the system gives to clients and to whoever asks
 * for any, so that nobody takes one while its server restarts.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, EPHEMERAL);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

const FIRST = 20_000;
/** Linux gives from 32768 on, others from 49152 on. */
const EPHEMERAL = 32_768;
