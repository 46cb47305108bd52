/** What a command may touch: streams, environment, the clock. Tests pass their own. */
import { fstatSync, read, writeSync } from 'node:fs';

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
    stdin: readStandardInput,
    get interactive() {
      return isInputTerminal();
    },
    openBrowser: async (url) => (await import('./open-browser.ts')).openBrowser(url),
  };
}

/** Where standard output belongs to something else, reports go to standard error. */
export function onStandardError(io: Io): Io {
  return { ...io, stdout: (text) => io.stderr(String(text)) };
}

/** No further than it is asked for, as a stream would: the next line that a person types may answer another question. */
async function* readStandardInput(): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const length = await readInto(chunk);
    if (length === 0) return;
    yield chunk.subarray(0, length);
  }
}

/** Where others have switched a terminal to answering EAGAIN, it is asked again. */
function readInto(chunk: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const attempt = (): void =>
      read(0, chunk, 0, chunk.length, null, (error, length) => {
        if (error === null) resolve(length);
        else if (error.code === 'EAGAIN') setTimeout(attempt, RETRY_MS);
        // Windows: the other end of a pipe has closed it.
        else if (error.code === 'EOF') resolve(0);
        else reject(error);
      });
    attempt();
  });
}

/** `process.stdin.isTTY` would switch the terminal to answering EAGAIN; and what tells terminals apart is slow to load, so that files and pipes go first. */
function isInputTerminal(): boolean {
  return fstatSync(0).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(0);
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

const CHUNK_BYTES = 64 * 1024;
const RETRY_MS = 20;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
/** 128 + SIGPIPE, as shells report it. */
const BROKEN_PIPE = 141;
