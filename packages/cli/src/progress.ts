/** Progress on standard error for what takes longer than a second; silent when nobody watches. */
import type { Io } from './io.ts';

/** Passes chunks on and tells how far they are. `total` in bytes, when known. */
export async function* withProgress(chunks: AsyncIterable<Uint8Array>, what: string, total: number | undefined, io: Io): AsyncIterable<Uint8Array> {
  if (!process.stderr.isTTY) {
    yield* chunks;
    return;
  }
  let seen = 0;
  let next = performance.now() + FIRST_AFTER_MS;
  let shown = false;
  for await (const chunk of chunks) {
    yield chunk;
    seen += chunk.length;
    if (performance.now() < next) continue;
    next = performance.now() + EVERY_MS;
    shown = true;
    io.stderr(`\r${what}: ${mebibytes(seen)}${total === undefined ? '' : ` of ${mebibytes(total)}`}`);
  }
  if (shown) io.stderr('\r\u001b[K');
}

/** A line that rewrites itself: `line` is asked for when it is time to show it. `end` takes it away. */
export function progressLine(io: Io): { tell(line: () => string): void; end(): void } {
  if (!process.stderr.isTTY) return { tell: () => undefined, end: () => undefined };
  let next = performance.now() + FIRST_AFTER_MS;
  let isShown = false;
  return {
    tell(line) {
      if (performance.now() < next) return;
      next = performance.now() + EVERY_MS;
      isShown = true;
      io.stderr(`\r\u001b[K${line()}`);
    },
    end() {
      if (isShown) io.stderr('\r\u001b[K');
      isShown = false;
    },
  };
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}

const FIRST_AFTER_MS = 1000;
const EVERY_MS = 200;
