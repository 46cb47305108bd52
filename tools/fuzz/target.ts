/**
 * A target either returns (the input was accepted, and whatever was written of it reads the same again) or throws: a `TrustError` is an answer,
 * a `Finding` or anything else is a bug.
 */
export interface Target {
  readonly name: string;
  readonly run: (input: Uint8Array) => unknown;
}

/** An answer that is not one of those a parser may give. */
export class Finding extends Error {}

export function same(what: string, expected: unknown, found: unknown): void {
  if (expected !== found) throw new Finding(`${what}: ${JSON.stringify(expected)} became ${JSON.stringify(found)}`);
}

export const text = (input: Uint8Array): string => new TextDecoder().decode(input);
