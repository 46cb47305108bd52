/** Shell patterns: `*` any text, `?` any character, and an escape before what stands for itself. */

/** `undefined` is any character, `null` any text. */
export type Pattern = readonly (string | undefined | null)[];

export function parsePattern(text: string, escapeChar: string): Pattern {
  const pattern: (string | undefined | null)[] = [];
  let isEscaped = false;
  for (const char of text.split('')) {
    if (!isEscaped && char === escapeChar) {
      isEscaped = true;
      continue;
    }
    if (isEscaped) pattern.push(char);
    else pattern.push(char === '*' ? null : char === '?' ? undefined : char);
    isEscaped = false;
  }
  return pattern;
}

/** Lengths of what the pattern matches from `start` on, from the shortest. Takes the time of length times pattern: all ways are followed at once. */
export function matchesAt(pattern: Pattern, text: string, start: number): number[] {
  const lengths: number[] = [];
  let positions = reachable([0], pattern);
  for (let at = start; ; at += 1) {
    if (positions.has(pattern.length)) lengths.push(at - start);
    if (at >= text.length || positions.size === 0) return lengths;
    positions = reachable(
      [...positions].flatMap((position) => step(pattern, position, text[at])),
      pattern,
    );
  }
}

/** Where a character leads. */
function step(pattern: Pattern, position: number, char: string | undefined): number[] {
  const expected = pattern[position];
  if (position >= pattern.length) return [];
  if (expected === null) return [position];
  return expected === undefined || expected === char ? [position + 1] : [];
}

/** `*` may match nothing. */
function reachable(positions: readonly number[], pattern: Pattern): Set<number> {
  const found = new Set<number>();
  for (let position of positions) {
    while (!found.has(position)) {
      found.add(position);
      if (pattern[position] === null) position += 1;
    }
  }
  return found;
}
