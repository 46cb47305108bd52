/** What a command may touch: streams, environment, the clock. Tests pass their own. */
import { createReadStream, writeSync } from 'node:fs';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: Date;
  /** Whether standard output is a terminal: colours are for people. */
  readonly terminal: boolean;
  /** Bytes go out as they are. */
  stdout(content: string | Uint8Array): void;
  stderr(text: string): void;
  stdin(): AsyncIterable<Uint8Array>;
  /** Whether a person is at standard input. Default: nobody. */
  readonly interactive?: boolean;
  /** Shows a web page to that person. Rejects when it cannot. */
  openBrowser?(url: string): Promise<void>;
}

export function processIo(): Io {
  return {
    env: process.env,
    now: new Date(),
    get terminal() {
      return process.stdout.isTTY === true;
    },
    stdout: (content) => writeAll(1, content),
    stderr: (text) => writeAll(2, text),
    stdin: () => createReadStream('', { fd: 0, autoClose: false }),
    get interactive() {
      return process.stdin.isTTY === true;
    },
    openBrowser: async (url) => (await import('./open-browser.ts')).openBrowser(url),
  };
}

/**
 * Straight to the descriptor: `process.stdout` loads half of Node's stream code, which a command that prints one line would pay for at every
 * start. A full pipe answers EAGAIN until its reader has caught up; a reader that has gone away (EPIPE) ends us quietly, as it ends other tools.
 */
function writeAll(descriptor: number, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(descriptor, bytes, offset);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(BROKEN_PIPE);
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(PAUSE, 0, 0, 1);
    }
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));
/** 128 + SIGPIPE, as shells report it. */
const BROKEN_PIPE = 141;
