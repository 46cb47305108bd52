/** ConfigMaps in which the controller of upstream keeps what it has compiled, an entry for each object; `_example` is documentation. */
import { isTrustError, TrustError } from '@assay/core';
import { goQuote } from './go/quote.ts';

/** Errors: `POLICY_PARSE`, with upstream's text: one entry that cannot be read refuses them all. */
export function configMapEntries<T>(data: ReadonlyMap<string, string>, parse: (value: string) => T): Map<string, T> {
  const entries = new Map<string, T>();
  for (const [name, value] of data) {
    if (name === '_example') continue;
    if (value === '') throw new TrustError('POLICY_PARSE', `configmap has an entry ${goQuote(name)} but no value`);
    try {
      entries.set(name, parse(value));
    } catch (error) {
      if (!isTrustError(error)) throw error;
      throw new TrustError('POLICY_PARSE', `failed to parse the entry ${goQuote(name)} : ${goQuote(value)} : ${error.message}`, { cause: error });
    }
  }
  return entries;
}
