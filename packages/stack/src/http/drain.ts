/**
 * Ends a server without cutting off an answer, and without waiting for clients that would go on asking.
 *
 * Node's own `close` does neither: a busy client keeps its connection, which goes on being served for as long as it asks; and a connection
 * counts as idle as soon as its answer was written, although most of it may be in memory still, on its way to a slow client.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What closes `server`: takes no more connections, finishes what was asked over those that there are, and after `graceMs` ends them. */
export function drainable(server: Server): (graceMs: number) => Promise<void> {
  const idle = new Set<Socket>();
  const answers = new Set<ServerResponse>();
  let isClosing = false;

  server.on('connection', (socket) => {
    idle.add(socket);
    socket.once('close', () => idle.delete(socket));
  });
  server.prependListener('request', ({ socket }, answer) => {
    idle.delete(socket);
    answers.add(answer);
    if (isClosing) answer.shouldKeepAlive = false;
    answer.once('close', () => {
      answers.delete(answer);
      if (socket.destroyed) return;
      idle.add(socket);
      // Its head was on the way when closing began, without the word that it is the last answer.
      if (isClosing) socket.destroySoon();
    });
  });
  server.closeIdleConnections = () => {
    for (const socket of idle) socket.destroySoon();
  };

  return (graceMs) =>
    new Promise((resolve) => {
      isClosing = true;
      for (const answer of answers) answer.shouldKeepAlive = false;
      const late = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(late);
        resolve();
      });
    });
}
