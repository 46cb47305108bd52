/** Rows in columns that fit a width: what is too long is cut, the shorter columns keep what they need. */

export class Table {
  readonly #width: number;
  #rows: (readonly string[])[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  add(row: readonly string[]): void {
    this.#rows.push(row.map(firstLine));
  }

  /** What was added so far, which is then forgotten. */
  render(): string {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length === 0) return '';
    const widths = columnWidths(rows, this.#width);
    const line = (row: readonly string[]): string =>
      row.map((cell, i) => (i < row.length - 1 ? padded(truncated(cell, widths[i] ?? 0), widths[i] ?? 0) : truncated(cell, widths[i] ?? 0))).join(GAP);
    return rows.map((row) => `${line(row)}\n`).join('');
  }
}

export function truncated(text: string, width: number): string {
  const points = [...text];
  if (points.length <= width) return text;
  const tail = width >= MIN_FOR_ELLIPSIS ? ELLIPSIS : '';
  return `${points.slice(0, Math.max(0, width - tail.length)).join('')}${tail}`;
}

function firstLine(text: string): string {
  const end = text.search(/[\r\n]/);
  return end < 0 ? text : `${text.slice(0, end)}${ELLIPSIS}`;
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}

/** Columns that need less than their share get what they need; the others share what is left. */
function columnWidths(rows: readonly (readonly string[])[], width: number): number[] {
  const needed = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => [...(row[i] ?? '')].length)));
  const widths = needed.map(() => 0);
  const left = (): number => width - GAP.length * (needed.length - 1) - widths.reduce((sum, each) => sum + each, 0);
  const open = (): number[] => [...widths.keys()].filter((i) => widths[i] === 0);
  const share = (): number => Math.floor(left() / Math.max(1, open().length));
  const fair = share();
  for (const i of open()) if ((needed[i] as number) < fair) widths[i] = needed[i] as number;
  const rest = share();
  for (const i of open()) widths[i] = Math.min(needed[i] as number, Math.max(0, rest));
  for (const [i, need] of needed.entries()) widths[i] = (widths[i] as number) + Math.max(0, Math.min(left(), need - (widths[i] as number)));
  return widths;
}

const GAP = '  ';
const ELLIPSIS = '...';
const MIN_FOR_ELLIPSIS = ELLIPSIS.length + 2;
