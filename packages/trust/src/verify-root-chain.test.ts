import { breakTufRepository, type TufBreak } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { NOW, repositoryWithRoot, text } from '../test/mirror.ts';
import { hasVectors, publicRoots } from '../test/vectors.ts';
import { verifyRootChain } from './index.ts';

/** Resolves when the chain is refused, or when what is signed in its last root is what it was. */
async function refusedOrUnchanged(initial: Uint8Array, changed: Uint8Array, original: Uint8Array, now: Date): Promise<string> {
  try {
    const { bytes } = await verifyRootChain(initial, [changed], { now });
    return JSON.stringify(JSON.parse(text(bytes)).signed) === JSON.stringify(JSON.parse(text(original)).signed) ? 'unchanged' : 'ACCEPTED';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** Hundreds of verifications: fast, but not on every machine. */
const SLOW_MS = 60_000;

function flipped(bytes: Uint8Array, position: number, mask = 1): Uint8Array {
  return bytes.map((byte, index) => (index === position ? byte ^ mask : byte));
}

describe.skipIf(!hasVectors)('roots 1 to 15 of public Sigstore', () => {
  const roots = hasVectors ? publicRoots() : [];
  const chain = (from: number, to = 15): [Uint8Array, Uint8Array[]] => [roots[from - 1] as Uint8Array, roots.slice(from, to)];

  test.each(Array.from({ length: 15 }, (_, index) => index + 1))('root %i leads to root 15', async (from) => {
    const root = await verifyRootChain(...chain(from), { now: NOW });
    expect(root).toMatchObject({ version: 15, expires: new Date('2026-11-20T13:58:18Z') });
    expect(Buffer.compare(root.bytes, roots[14] as Uint8Array)).toBe(0);
  });

  test('the last one has expired on 2026-11-21, and had not one second before its end', async () => {
    expect((await caught(verifyRootChain(...chain(1), { now: new Date('2026-11-21T00:00:00Z') }))).code).toBe('TUF_EXPIRED');
    expect((await caught(verifyRootChain(...chain(14), { now: new Date('2026-11-20T13:58:18Z') }))).code).toBe('TUF_EXPIRED');
    expect((await verifyRootChain(...chain(14), { now: new Date('2026-11-20T13:58:17Z') })).version).toBe(15);
  });

  test('an expired root at the end is refused, in the middle it is not', async () => {
    expect((await caught(verifyRootChain(...chain(1, 14), { now: NOW }))).code).toBe('TUF_EXPIRED');
  });

  test.each(Array.from({ length: 13 }, (_, index) => index + 2))('a chain without root %i is refused', async (missing) => {
    const [first, rest] = chain(1);
    const error = await caught(
      verifyRootChain(
        first,
        rest.filter((_, index) => index + 2 !== missing),
        { now: NOW },
      ),
    );
    expect(['TUF_ROOT', 'TUF_ROLLBACK']).toContain(error.code);
  });

  test.each(Array.from({ length: 13 }, (_, index) => index + 2))('a chain with root %i and its successor swapped is refused', async (version) => {
    const [first, rest] = chain(1);
    const swapped = [...rest];
    [swapped[version - 2], swapped[version - 1]] = [rest[version - 1] as Uint8Array, rest[version - 2] as Uint8Array];
    expect(['TUF_ROOT', 'TUF_ROLLBACK']).toContain((await caught(verifyRootChain(first, swapped, { now: NOW }))).code);
  });

  test('an older root in the next place is refused', async () => {
    const [first, rest] = chain(14);
    expect(['TUF_ROOT', 'TUF_ROLLBACK']).toContain((await caught(verifyRootChain(first, [roots[13] as Uint8Array, ...rest], { now: NOW }))).code);
  });

  test.each(Array.from({ length: 14 }, (_, index) => index + 2))(
    'a changed byte in root %i is refused, or changes nothing signed',
    { timeout: SLOW_MS },
    async (version) => {
      const [before, original] = [roots[version - 2] as Uint8Array, roots[version - 1] as Uint8Array];
      const outcomes: string[] = [];
      const step = Math.ceil(original.length / 30);
      for (let position = version % step; position < original.length; position += step) {
        outcomes.push(await refusedOrUnchanged(before, flipped(original, position), original, new Date('2021-06-20T00:00:00Z')));
      }
      expect(outcomes).not.toContain('ACCEPTED');
      expect(outcomes.filter((outcome) => outcome === 'TUF_ROOT').length).toBeGreaterThan(10);
    },
  );
});

describe('a made chain', () => {
  function threeRoots(): Uint8Array[] {
    const repository = repositoryWithRoot();
    repository.rotate(['root']);
    repository.rotate(['timestamp']);
    return [1, 2, 3].map((version) => repository.files.get(`${version}.root.json`) as Uint8Array);
  }

  test('verifies, also when it is only its first root', async () => {
    const [first, ...rest] = threeRoots() as [Uint8Array, Uint8Array, Uint8Array];
    expect((await verifyRootChain(first, rest, { now: NOW })).version).toBe(3);
    expect((await verifyRootChain(first, [], { now: NOW })).version).toBe(1);
  });

  test('every second byte flipped is refused, or changes nothing signed', { timeout: SLOW_MS }, async () => {
    const [first, second] = threeRoots() as [Uint8Array, Uint8Array];
    const outcomes = new Map<string, number>();
    for (let position = 0; position < second.length; position += 2) {
      const outcome = await refusedOrUnchanged(first, flipped(second, position, 1 << ((position / 2) % 8)), second, NOW);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual(['TUF_ROOT', 'unchanged']);
  });

  test('every truncation is refused', async () => {
    const [first, second] = threeRoots() as [Uint8Array, Uint8Array];
    for (let length = 0; length < second.length - 1; length += 7) {
      expect((await caught(verifyRootChain(first, [second.subarray(0, length)], { now: NOW }))).code).toBe('TUF_ROOT');
    }
  });

  test('an initial root that is none is refused', async () => {
    for (const root of ['', '{}', 'null', '[]', '{"signed":{"_type":"timestamp"},"signatures":[]}']) {
      expect((await caught(verifyRootChain(new TextEncoder().encode(root), [], { now: NOW }))).code).toBe('TUF_ROOT');
    }
  });

  const attacks: [TufBreak, string][] = [
    ['older-root', 'TUF_ROLLBACK'],
    ['skipped-root', 'TUF_ROOT'],
    ['foreign-root', 'TUF_ROOT'],
    ['repeated-signature', 'TUF_ROOT'],
    ['relabelled-signature', 'TUF_ROOT'],
    ['one-key-two-ids', 'TUF_ROOT'],
    ['new-root-keys-only', 'TUF_ROOT'],
    ['old-root-keys-only', 'TUF_ROOT'],
    ['endless-root', 'TUF_TOO_LARGE'],
    ['expired-root', 'TUF_EXPIRED'],
  ];
  test.each(attacks)('%s is refused as %s', async (attack, code) => {
    const repository = repositoryWithRoot();
    breakTufRepository(repository, attack);
    const second = repository.files.get('2.root.json') as Uint8Array;
    expect((await caught(verifyRootChain(repository.initialRoot, [second], { now: NOW }))).code).toBe(code);
  });

  test.each(['ed25519', 'ecdsa'] as const)('%s keys', async (keyType) => {
    const repository = repositoryWithRoot({ keyType });
    repository.rotate(['root', 'targets', 'snapshot', 'timestamp']);
    const second = repository.files.get('2.root.json') as Uint8Array;
    expect((await verifyRootChain(repository.initialRoot, [second], { now: NOW })).version).toBe(2);
  });
});
