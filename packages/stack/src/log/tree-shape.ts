/**
 * Which leaves stand behind each hash of a proof (RFC 6962 section 2.1), without any hash: pure arithmetic on indexes.
 *
 * A tree of n leaves splits at the largest power of two below n. Sizes pass 2^32, so nothing here shifts bits.
 */

/** The leaves [start, end); `start` is a multiple of the smallest power of two that is not below the length. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A complete subtree: leaves [index·2^level, (index+1)·2^level). */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** RFC 6962 section 2.1.1, leaf side first. */
export function inclusionRanges(index: number, size: number): Range[] {
  const ranges: Range[] = [];
  for (let start = 0, end = size; end - start > 1; ) {
    const middle = start + splitPoint(end - start);
    ranges.push(index < middle ? { start: middle, end } : { start, end: middle });
    if (index < middle) end = middle;
    else start = middle;
  }
  return ranges.reverse();
}

/** RFC 6962 section 2.1.2: that the tree of `second` leaves extends the tree of `first`. */
export function consistencyRanges(first: number, second: number): Range[] {
  if (first === 0 || first === second) return [];
  const ranges: Range[] = [];
  let start = 0;
  let end = second;
  while (first !== end) {
    const middle = start + splitPoint(end - start);
    ranges.push(first <= middle ? { start: middle, end } : { start, end: middle });
    if (first <= middle) end = middle;
    else start = middle;
  }
  // What is left is complete in both trees; starting at leaf 0 it is the first tree itself, whose root the verifier has.
  if (start !== 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** From left to right; the hash of the range is folded from the right. */
export function subtreesOf({ start, end }: Range): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end; ) {
    let level = 0;
    let length = 1;
    while (length * 2 <= end - at) {
      level++;
      length *= 2;
    }
    subtrees.push({ level, index: at / length });
    at += length;
  }
  return subtrees;
}

/** The largest power of two below `length`. */
function splitPoint(length: number): number {
  let split = 1;
  while (split * 2 < length) split *= 2;
  return split;
}
