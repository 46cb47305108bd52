/** An account of a build as JSON. `verified` is always false: nothing in here was. */
import type { Json } from '@assay/core';
import { type Account, disagreements } from './account.ts';

export function accountsJson(accounts: readonly Account[]): string {
  return `${JSON.stringify({ verified: false, accounts: accounts.map(accountJson) }, plain, 2)}\n`;
}

function accountJson(account: Account): object {
  const { place, form, problem, predicateType, certificate, stated, provenance, payload, recorded } = account;
  return {
    place,
    form,
    ...(problem !== undefined && { problem }),
    ...(predicateType !== undefined && { predicateType }),
    ...(certificate && { certificate }),
    ...(stated && { predicate: stated }),
    disagreements: disagreements(account),
    ...(recorded.length > 0 && { recorded }),
    ...(provenance && { provenance: { ...provenance, statement: undefined, environment: undefined } }),
    ...(payload !== undefined && { payload }),
  };
}

/** Maps as objects; numbers that JSON's readers would round, as texts. */
function plain(_: string, value: unknown): Json | undefined {
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return value as Json;
}
