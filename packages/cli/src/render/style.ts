/** Colours, only where a person reads them. */
import type { Io } from '../io.ts';

export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** https://no-color.org: any value of NO_COLOR switches colours off. */
export function styleFor(io: Pick<Io, 'env' | 'terminal'>): Style {
  const colours = !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb' && io.terminal;
  const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { good: paint(32), bad: paint(31), warn: paint(33), dim: paint(2), bold: paint(1) };
}
