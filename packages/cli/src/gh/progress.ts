/** What is told on the way: to people only, who see standard output on a terminal; scripts get the result and nothing else. */
import type { Io } from '../io.ts';
import { type Style, styleFor } from '../render/style.ts';

export interface Progress {
  readonly style: Style;
  /** One line on standard error. */
  say(line: string): void;
  /** A line about what failed. */
  fail(line: string): void;
}

export function progressOf(io: Io): Progress {
  const style = styleFor(io);
  const say = (line: string): void => {
    if (io.terminal) io.stderr(`${line}\n`);
  };
  return { style, say, fail: (line) => say(style.bad(line)) };
}

/** `work()`; when it fails, `line` stands before the error. */
export async function telling<T>(progress: Progress, line: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    progress.fail(line);
    throw error;
  }
}

/** `1 attestation`, `2 attestations`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Lines of keys and values, the keys padded with dots to the longest one. */
export function dotted(rows: readonly (readonly [key: string, value: string])[]): string {
  const width = Math.max(...rows.map(([key]) => key.length));
  return rows.map(([key, value]) => `${key}:${'.'.repeat(width - key.length)} ${value}\n`).join('');
}

/** Of certificates and evidence, for a terminal: what steers it is removed. */
export function bare(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '');
}
