/**
 * Every truncation and every changed byte of a valid bundle is refused, or claims nothing that the whole bundle did not. Whatever comes,
 * `verify` returns a verdict with a reason, and never throws.
 */
import { nodeCrypto } from '@assay/crypto-node';
import { expect, test } from 'vitest';
import { claimsNoMore, type FactTexts, factsOf, malformedVerdict } from './facts.ts';
import { memoising } from './memo-crypto.ts';
import { bytesOf, judgeBundle, type Prepared, prepare, type VectorCase, vectors } from './vectors.ts';

/**
 * The lowest bit, everywhere, changes digits and letters to their neighbours; 0x20, at every second place to save time, changes upper to
 * lower case, which base64 tells apart.
 */
const masksAt = (at: number): readonly number[] => (at % 2 === 0 ? [0x01, 0x20] : [0x01]);

/** The passing vectors, dealt out to `of` files so that each worker has its share. */
export function describeMutations(share: number, of: number): void {
  const passing = vectors.filter((one) => one.expect === 'pass');
  const jobs = passing.map((one, i) => ({ one, ...newPart(one, passing.slice(0, i)) })).filter(({ start, end }) => start < end);
  for (const { one, start, end } of jobs.filter((_, i) => i % of === share)) {
    test(`every mutation of ${one.name} is refused or claims no more`, async () => {
      const prepared = await prepare(one, memoising(nodeCrypto));
      const bundle = bytesOf(one.bundle);
      const original = await judgeFacts(bundle, one, prepared);
      if (original === undefined) throw new Error('the vector itself was refused');

      const accepted: string[] = [];
      for (const [name, mutated] of mutations(bundle, start, end)) {
        const found = await judgeFacts(mutated, one, prepared);
        if (found !== undefined && !claimsNoMore(found, original)) accepted.push(`${name}: ${found.witnesses.join(', ')}`);
      }
      expect(accepted).toEqual([]);
    });
  }
  if (passing.length === 0) test.skip('mutations: the vectors are missing (set ASSAY_VECTORS)');
}

/** Some vectors differ in one field only: what an earlier one under the same trust has already tried need not be tried again. */
function newPart(one: VectorCase, earlier: readonly VectorCase[]): { start: number; end: number } {
  const bytes = bytesOf(one.bundle);
  let best = { start: 0, end: bytes.length };
  for (const other of earlier.filter(({ artifact, identity }) => artifact === one.artifact && identity?.san === one.identity?.san)) {
    const before = bytesOf(other.bundle);
    const shared = Math.min(bytes.length, before.length);
    let start = 0;
    while (start < shared && bytes[start] === before[start]) start++;
    let tail = 0;
    while (tail < shared - start && bytes[bytes.length - 1 - tail] === before[before.length - 1 - tail]) tail++;
    if (bytes.length - tail - start < best.end - best.start) best = { start, end: bytes.length - tail };
  }
  return best;
}

async function judgeFacts(bundle: Uint8Array, one: VectorCase, prepared: Prepared): Promise<FactTexts | undefined> {
  const { verification } = await judgeBundle(bundle, one, 'bytes', prepared);
  if (verification === undefined) throw new Error('no verification');
  const problem = malformedVerdict(verification);
  if (problem !== undefined) throw new Error(problem);
  return factsOf(verification);
}

function* mutations(bundle: Uint8Array, start: number, end: number): Generator<[string, Uint8Array]> {
  for (let length = start; length < end; length++) yield [`first ${length} bytes`, bundle.subarray(0, length)];
  const copy = Uint8Array.from(bundle);
  for (let at = start; at < end; at++) {
    const byte = bundle[at] as number;
    for (const mask of masksAt(at)) {
      copy[at] = byte ^ mask;
      yield [`byte ${at} ^ 0x${mask.toString(16)}`, copy];
    }
    copy[at] = byte;
  }
}
