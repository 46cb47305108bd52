/** Whether a text is a pattern of Go's `filepath.Match`: `*`, `?`, `\c`, `[a-z]`, `[^a-z]`. */

/** As validation asks, by matching against nothing: that ends after the first piece between stars, so nothing behind it is looked at. */
export function isFilePattern(pattern: string): boolean {
  const start = /^\**/.exec(pattern)?.[0].length ?? 0;
  return PIECE.test(pattern.slice(start, pieceEnd(pattern, start)));
}

/** The next `*` that is no part of a class. */
function pieceEnd(pattern: string, start: number): number {
  let inClass = false;
  for (let at = start; at < pattern.length; at += 1) {
    const char = pattern[at];
    if (char === '\\') at += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '*' && !inClass) return at;
  }
  return pattern.length;
}

// A class holds at least one character or range; `-` and `]` within it are escaped.
const PIECE = /^(?:[^[\\]|\\.|\[(?!\^[-\]])\^?(?:(?:\\.|[^\-\]\\])(?:-(?:\\.|[^\-\]\\]))?)+\])*$/su;
