/**
 * What a dialect cannot say, item by item.
 *
 *   weaker     what is written admits something that was refused, or judges other images than before: only who knows it may want it
 *   stricter   what is written refuses something that was admitted; told
 */
export interface Loss {
  readonly effect: 'weaker' | 'stricter';
  /** In the source: `spec.authorities[0].source[0].tagPrefix`. */
  readonly path: string;
  readonly says: string;
}

/** Each item once, in the order in which it was met. */
export class Losses {
  readonly #losses = new Map<string, Loss>();

  weaker(path: string, says: string): void {
    this.#add({ effect: 'weaker', path, says });
  }

  stricter(path: string, says: string): void {
    this.#add({ effect: 'stricter', path, says });
  }

  get all(): readonly Loss[] {
    return [...this.#losses.values()];
  }

  #add(loss: Loss): void {
    this.#losses.set(JSON.stringify(loss), loss);
  }
}

/** `LOSS spec.maxAge: weaker: …`, one line. */
export function lossText({ effect, path, says }: Loss): string {
  return `LOSS ${path}: ${effect}: ${says}`;
}
