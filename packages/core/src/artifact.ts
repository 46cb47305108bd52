/**
 * The thing that was signed: its bytes, or only its digests.
 *
 * A stream is hashed once, with the algorithms asked for, and is then known by digest: memory does not grow with the artifact.
 */
import { fromHex, toHex } from './bytes.ts';
import type { CryptoProvider, HashName } from './crypto.ts';
import { TrustError } from './errors.ts';

export class Artifact {
  /** The whole content, when it was given; some signatures (pure Ed25519) need it. */
  readonly bytes: Uint8Array | undefined;
  readonly #digests: Map<HashName, Uint8Array>;

  private constructor(bytes: Uint8Array | undefined, digests: ReadonlyMap<HashName, Uint8Array>) {
    this.bytes = bytes;
    this.#digests = new Map(digests);
  }

  static fromBytes(bytes: Uint8Array): Artifact {
    return new Artifact(bytes, new Map());
  }

  /** Errors: `TypeError` when a digest has not the length of its algorithm. */
  static fromDigests(digests: Readonly<Partial<Record<HashName, Uint8Array>>>): Artifact {
    const entries = Object.entries(digests) as [HashName, Uint8Array][];
    const wrong = entries.find(([algorithm, digest]) => digest.length !== DIGEST_SIZE[algorithm]);
    if (wrong !== undefined) throw new TypeError(`a ${wrong[0]} digest has ${DIGEST_SIZE[wrong[0]]} bytes, found ${wrong[1].length}`);
    if (entries.length === 0) throw new TypeError('no digest given');
    return new Artifact(undefined, new Map(entries));
  }

  /** Hashes `chunks` as they come; a chunk may be overwritten once the next is asked for. */
  static async fromStream(chunks: AsyncIterable<Uint8Array>, algorithms: readonly HashName[], crypto: CryptoProvider): Promise<Artifact> {
    const hashers = [...new Set(algorithms)].map((algorithm) => [algorithm, crypto.createHasher(algorithm)] as const);
    for await (const chunk of chunks) for (const [, hasher] of hashers) hasher.update(chunk);
    return new Artifact(undefined, new Map(hashers.map(([algorithm, hasher]) => [algorithm, hasher.digest()])));
  }

  /** The digest, or undefined when neither the bytes nor this digest were given. */
  async digest(algorithm: HashName, crypto: CryptoProvider): Promise<Uint8Array | undefined> {
    const known = this.#digests.get(algorithm);
    if (known !== undefined || this.bytes === undefined) return known;
    const digest = await crypto.hash(algorithm, this.bytes);
    this.#digests.set(algorithm, digest);
    return digest;
  }

  /** The algorithms known without hashing. */
  get algorithms(): HashName[] {
    return [...this.#digests.keys()];
  }
}

/** `sha256:HEX` (also sha384, sha512) as digests. Undefined when the text is no digest. Errors: `USAGE` when it is one of a wrong length. */
export function parseDigest(text: string): { algorithm: HashName; value: Uint8Array } | undefined {
  const match = /^(sha256|sha384|sha512):([0-9a-fA-F]*)$/.exec(text);
  if (match === null) return undefined;
  const [, algorithm, hex = ''] = match as unknown as [string, HashName, string];
  if (hex.length !== 2 * DIGEST_SIZE[algorithm]) {
    throw new TrustError('USAGE', `a ${algorithm} digest has ${2 * DIGEST_SIZE[algorithm]} hex digits, found ${hex.length}`);
  }
  return { algorithm, value: fromHex(hex) };
}

export function digestText(algorithm: HashName, value: Uint8Array): string {
  return `${algorithm}:${toHex(value)}`;
}

const DIGEST_SIZE: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };
