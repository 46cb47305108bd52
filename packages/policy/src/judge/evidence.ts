/**
 * What lies beside an image, found once however many demands ask for it. Reading goes only as far as somebody wants to look: the places are asked one after
 * the other, and what was read stays for whoever comes next.
 */
import { type ContentReader, type Digest, type FindEvent, type FindOptions, findEvidence } from '@assay/oci';

export type Want = FindOptions['want'][number];

export interface EvidencePlace {
  readonly image: ContentReader;
  readonly digest: Digest;
  readonly want: Want;
  readonly tagPrefix: string | undefined;
  readonly only: 'bundles' | 'tags' | undefined;
  readonly maxBytes: number | undefined;
}

export interface EvidenceSource {
  /** The events of `findEvidence`, from the first on. */
  in(place: EvidencePlace): AsyncIterable<FindEvent>;
}

export class FoundEvidence implements EvidenceSource {
  readonly #places = new Map<string, Replay<FindEvent>>();

  in(place: EvidencePlace): AsyncIterable<FindEvent> {
    const { image, digest, want, tagPrefix, only, maxBytes } = place;
    const name = JSON.stringify([image.name, digest, want, tagPrefix, only, maxBytes]);
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const replay = new Replay(
      findEvidence({ image, digest, want: [want], only, ...(tagPrefix !== undefined && { tagPrefix }), ...(maxBytes !== undefined && { maxBytes }) }),
    );
    this.#places.set(name, replay);
    return replay;
  }
}

/** One source for many readers, each of whom starts at the beginning. */
class Replay<T> implements AsyncIterable<T> {
  readonly #source: AsyncIterator<T>;
  readonly #seen: Promise<IteratorResult<T>>[] = [];

  constructor(source: AsyncIterable<T>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (let i = 0; ; i++) {
      // Generators queue: the next one is asked for before the last has come.
      this.#seen[i] ??= this.#source.next();
      const { done, value } = await (this.#seen[i] as Promise<IteratorResult<T>>);
      if (done === true) return;
      yield value as T;
    }
  }
}
