/** What a command may touch: streams, environment, the clock. Tests pass their own. */
import { createReadStream } from 'node:fs';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: Date;
  /** Whether standard error is a terminal: progress and colours are for people. */
  readonly terminal: boolean;
  stdout(text: string): void;
  stderr(text: string): void;
  stdin(): AsyncIterable<Uint8Array>;
}

export function processIo(): Io {
  return {
    env: process.env,
    now: new Date(),
    terminal: process.stdout.isTTY === true,
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdin: () => createReadStream('', { fd: 0, autoClose: false }),
  };
}
