/** Conditions on values as Rego: the real engine says of statements what our own evaluation says. */
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { ENGINE_FILE } from '../engine-folder.ts';
import { PolicyEngines } from '../engines/index.ts';
import { namedImage } from '../judge/open-subject.ts';
import { testValue } from '../judge/value-test.ts';
import { valueConditions } from '../native/demand.ts';
import type { NativeWhere } from '../native/schema.ts';
import { regoOf } from './rego.ts';

const STATEMENTS = [
  { predicate: { a: 'x', n: 2, list: [{ 'b c': true }], none: false } },
  { predicate: { a: 'xy', n: 2.5, list: [] } },
  { predicate: { a: 1, n: '2', list: 'text', zero: null } },
  { predicate: {} },
  {},
];
const WHERE: readonly NativeWhere[] = [
  { path: 'predicate.a', equals: 'x' },
  { path: 'predicate.a', equals: 1 },
  { path: 'predicate.none', equals: false },
  { path: 'predicate.a', in: ['x', 1] },
  { path: 'predicate.a', matches: 'x.?' },
  { path: 'predicate.a', matches: 'x|y' },
  { path: 'predicate.n', atLeast: 2, atMost: 2.25 },
  { path: 'predicate.n', atLeast: 3 },
  { path: 'predicate.list[0]["b c"]', equals: true },
  { path: 'predicate.list[0]', exists: true },
  { path: 'predicate.none', exists: true },
  { path: 'predicate.none', exists: false },
  { path: 'predicate.list[0]', exists: false },
  { path: 'predicate.a.b', exists: false },
  { path: 'predicate.zero', exists: true },
];

const isBuilt = existsSync(ENGINE_FILE);
if (!isBuilt) console.warn('skipped: the engine is not built, so that no Rego is evaluated');

describe.skipIf(!isBuilt)('over statements', () => {
  const engines = new PolicyEngines({ timeoutMs: 60_000 });
  afterAll(() => engines.close());

  test.each(WHERE)(
    '%j',
    async (where) => {
      const image = namedImage('a.b/c');
      for (const statement of STATEMENTS) {
        const ours = await Promise.all(valueConditions(where).map((one) => testValue(one as never, statement, image)));
        const theirs = await engines.evaluate('rego', { policy: regoOf([where]), data: JSON.stringify(statement), name: 'n' });
        expect([statement, theirs === undefined]).toEqual([statement, ours.every((one) => one === undefined)]);
      }
    },
    60_000,
  );
});
