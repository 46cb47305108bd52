/** The word that somebody may have meant. */

/** By letters that differ, a third of them at most. Undefined: none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((one) => ({ one, distance: distance(word.toLowerCase(), one.toLowerCase()) })).toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, Math.floor(Math.min(word.length, 40) / 3)) ? best.one : undefined;
}

/** Levenshtein's, with two neighbours swapped as one change. */
function distance(a: string, b: string): number {
  const word = a.slice(0, MAX_WORD);
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= word.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (k: number, l: number) => (k === i ? row : (rows[k] as number[]))[l] as number;
      const same = word[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && word[i - 1] === b[j - 2] && word[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[word.length]?.[b.length] ?? b.length;
}

const MAX_WORD = 64;
