import { checkPrimeSync, generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { modulusWeakness } from './rsa-key.ts';

describe('a modulus is weak', () => {
  const p = generatePrimeSync(1024, { bigint: true });

  for (const prime of [3n, 5n, 691n, 751n]) {
    test(`with the factor ${prime}`, () => {
      expect(modulusWeakness(prime * p)).toBe('the modulus has a small factor');
    });
  }

  test('when its factors are neighbours', () => {
    expect(modulusWeakness(p * nextPrime(p))).toBe('the factors of the modulus are too close together');
  });

  test('when it is a square', () => {
    expect(modulusWeakness(p * p)).toBe('the factors of the modulus are too close together');
  });

  test('when its factors differ only in their last quarter', () => {
    const near = nextPrime(p + (1n << 256n));
    expect(modulusWeakness(p * near)).toBe('the factors of the modulus are too close together');
  });

  test('when both factors are powers of 65537 modulo the small primes', () => {
    expect(modulusWeakness(weakHardwarePrime(3n) * weakHardwarePrime(7n))).toBe('the modulus was made by hardware whose keys can be factored (CVE-2017-15361)');
  });
});

for (const bits of [2048, 3072, 4096]) {
  test(`nothing is wrong with an RSA key of ${bits} bits as OpenSSL makes it`, () => {
    const { n = '' } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
    expect(modulusWeakness(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`))).toBeUndefined();
  });
}

function nextPrime(after: bigint): bigint {
  let candidate = after + 2n - (after % 2n === 0n ? 1n : 0n);
  while (!checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

/** k·M + 65537^a mod M, as the paper on CVE-2017-15361 has it: M is the product of the primes up to 701. */
function weakHardwarePrime(exponent: bigint): bigint {
  let product = 1n;
  for (let n = 2; n <= 701; n++) if (checkPrimeSync(BigInt(n))) product *= BigInt(n);
  let rest = 1n;
  for (let i = 0n; i < exponent; i++) rest = (rest * 65_537n) % product;
  let k = (1n << 1024n) / product + exponent * 1_000_003n;
  while (!checkPrimeSync(k * product + rest)) k++;
  return k * product + rest;
}
