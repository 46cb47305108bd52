/**
 * By what a pass is remembered (admission.md 6.8 and 9). Only passes are, with the digest that they are about.
 *
 * Upstream remembers by the text of the image. A tag may lead elsewhere by the next time: upstream then asks for its digest again, and pins that, unverified.
 * Here a tag is resolved first, and what is remembered is by digest; where nothing is pinned an image without a digest is not remembered at all.
 */
export interface VerdictCache {
  /** The digest that was verified, now or before; undefined when it was not. `verify` is asked once however many want to know at the same time. */
  pass(key: string, verify: () => Promise<string | undefined>): Promise<string | undefined> | string | undefined;
}

export interface VerdictKey {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly rule: string;
  /** Which of the rule's blocks: what one has verified says nothing of another. */
  readonly block: number;
  readonly image: string;
  /** Who asked the registry: what one may see need not be there for another. */
  readonly credentials: readonly string[];
}

export function verdictKey({ uid, resourceVersion, rule, block, image, credentials }: VerdictKey): string {
  return JSON.stringify([uid, resourceVersion, rule, block, image, credentials]);
}
