/**
 * RFC 9162 section 2.1 written down as it stands there: recursive, slow, and sharing no code with the engine.
 * MTH is the root, PATH an inclusion proof, PROOF a consistency proof.
 */
export type Hash = (data: Uint8Array) => Promise<Uint8Array>;

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

export class NaiveTree {
  readonly #leaves: readonly Uint8Array[];
  readonly #hash: Hash;
  readonly #roots = new Map<string, Promise<Uint8Array>>();

  constructor(leaves: readonly Uint8Array[], hash: Hash) {
    this.#leaves = leaves;
    this.#hash = hash;
  }

  leaf(index: number): Promise<Uint8Array> {
    return this.#hash(join(Uint8Array.of(0), this.#leaves[index] as Uint8Array));
  }

  root(size: number): Promise<Uint8Array> {
    return this.#mth(0, size);
  }

  #mth(from: number, to: number): Promise<Uint8Array> {
    const name = `${from} ${to}`;
    const root = this.#roots.get(name) ?? this.#compute(from, to);
    this.#roots.set(name, root);
    return root;
  }

  async #compute(from: number, to: number): Promise<Uint8Array> {
    if (to === from) return this.#hash(new Uint8Array(0));
    if (to - from === 1) return this.leaf(from);
    const k = split(to - from);
    return this.#hash(join(Uint8Array.of(1), await this.#mth(from, from + k), await this.#mth(from + k, to)));
  }

  /** PATH(index, D[0:size]) */
  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return this.#path(index, 0, size);
  }

  async #path(index: number, from: number, to: number): Promise<Uint8Array[]> {
    if (to - from <= 1) return [];
    const k = split(to - from);
    if (index < k) return [...(await this.#path(index, from, from + k)), await this.#mth(from + k, to)];
    return [...(await this.#path(index - k, from + k, to)), await this.#mth(from, from + k)];
  }

  /** PROOF(first, D[0:second]) */
  async consistency(first: number, second: number): Promise<Uint8Array[]> {
    return first === 0 || first === second ? [] : this.#subproof(first, 0, second, true);
  }

  async #subproof(m: number, from: number, to: number, whole: boolean): Promise<Uint8Array[]> {
    const n = to - from;
    if (m === n) return whole ? [] : [await this.#mth(from, to)];
    const k = split(n);
    if (m <= k) return [...(await this.#subproof(m, from, from + k, whole)), await this.#mth(from + k, to)];
    return [...(await this.#subproof(m - k, from + k, to, false)), await this.#mth(from, from + k)];
  }
}

/** The largest power of two below n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
