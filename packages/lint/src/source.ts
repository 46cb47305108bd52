/** Bytes as text, and offsets as lines and columns. */

/** Undefined: not text. UTF-16 needs its mark; bytes that are no UTF-8 become U+FFFD, so that the rest is still read. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  // As git tells: a NUL near the beginning.
  if (bytes.subarray(0, SNIFFED_BYTES).includes(0)) return undefined;
  return new TextDecoder('utf-8').decode(bytes);
}

/** From 1; columns count UTF-16 units, as SARIF's `utf16CodeUnits`. A mark at the beginning of the file counts nowhere. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** `end` is before the line break, `next` after it. */
export interface Line {
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** Lines end with LF, CR LF or CR. */
export function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const found of text.matchAll(/\r\n|\n|\r/g)) {
    const next = found.index + found[0].length;
    lines.push({ start, end: found.index, next });
    start = next;
  }
  if (start < text.length || lines.length === 0) lines.push({ start, end: text.length, next: text.length });
  return lines;
}

export function positionIn(lines: readonly Line[], offset: number): Position {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle] as Line).start <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (lines[low]?.start ?? 0) + 1 };
}

const SNIFFED_BYTES = 8000;
