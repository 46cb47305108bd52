/**
 * What is known to be wrong with RSA moduli that are otherwise of the right size: factors that anyone finds. A key whose private half is no
 * secret must not be certified.
 */

/** Why the modulus is weak, or undefined. About 0.2 ms for 4096 bits. */
export function modulusWeakness(modulus: bigint): string | undefined {
  if (gcd(modulus % SMALL_PRIMES, SMALL_PRIMES) !== 1n) return 'the modulus has a small factor';
  if (isFromWeakHardware(modulus)) return 'the modulus was made by hardware whose keys can be factored (CVE-2017-15361)';
  return areFactorsClose(modulus) ? 'the factors of the modulus are too close together' : undefined;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** Primes of that hardware are k·M + 65537^a mod M, M a product of small primes: modulo each of those the modulus is a power of 65537. */
function isFromWeakHardware(modulus: bigint): boolean {
  return FINGERPRINTS.every(({ prime, powers }) => powers.has(Number(modulus % BigInt(prime))));
}

/** Fermat: n = a² - b² with a just above the root of n, or the root. A hundred tries find factors that were not chosen apart. */
function areFactorsClose(modulus: bigint): boolean {
  let a = squareRoot(modulus);
  if (a * a < modulus) a++;
  for (let i = 0; i < FERMAT_ROUNDS; i++, a++) {
    if (isSquare(a * a - modulus)) return true;
  }
  return false;
}

function isSquare(n: bigint): boolean {
  // Squares are rare modulo 256 and modulo 3²·5·7·11·13: the root is seldom needed.
  if (!RESIDUES_256.has(Number(n & 255n)) || !RESIDUES_45045.has(Number(n % 45_045n))) return false;
  const root = squareRoot(n);
  return root * root === n;
}

/** Newton's method, from above. */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function squaresModulo(modulus: number): ReadonlySet<number> {
  return new Set(Array.from({ length: modulus }, (_, i) => (i * i) % modulus));
}

function primesUpTo(limit: number): number[] {
  const primes: number[] = [];
  for (let n = 2; n <= limit; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power);
  return powers;
}

const FERMAT_ROUNDS = 100;
// ITU-T X.509 and the CA/Browser Forum: no factor below 752.
const SMALL_PRIMES = primesUpTo(751).reduce((product, prime) => product * BigInt(prime), 1n);
// The factors of M, as far as 65537 does not reach every residue.
const FINGERPRINTS = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map((prime) => ({ prime, powers: powersOf65537(prime) }));
const RESIDUES_256 = squaresModulo(256);
const RESIDUES_45045 = squaresModulo(45_045);
