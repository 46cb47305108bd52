/** Any two sizes of one tree are consistent, and any change is not: proofs that are computed from tiles. */
import { utf8 } from '@assay/core';
import { createInstance, type Instance, rekorV2Stub, rekorV2Tiles } from '@assay/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { httpOver, logsOf } from '../../test/followed-log.ts';
import { checkExtension } from './check-extension.ts';
import { openLog } from './log-reader.ts';
import { verifyCheckpoint } from './signed-tree.ts';

const SIZE = 1400;

/** Entry `changed` is another one than it would be. */
function logOf(changed?: number): Instance {
  const instance = createInstance({ fillers: { before: 0, after: 0 } });
  Object.defineProperty(instance.rekorV2, 'key', { value: KEY });
  for (let i = 0; i < SIZE; i++) {
    instance.rekorV2.append({ body: utf8(`{"number":${i}${i === changed ? ',"changed":true' : ''}}`), kind: 'number', version: '1' }, instance.now);
  }
  return instance;
}

const KEY = createInstance().rekorV2.key;
const LOG = logOf();

/** Whether the log `shown` may sign `second` entries after `LOG` signed `first`. */
async function verdict(first: number, second: number, shown: Instance): Promise<string> {
  const logs = logsOf(shown);
  const place = { url: 'http://log.test', http: httpOver(rekorV2Tiles(shown, rekorV2Stub(shown))), logs };
  const log = await openLog(place);
  const trees = [LOG.rekorV2.checkpoint(first), shown.rekorV2.checkpoint(second)].map((text) => verifyCheckpoint(text, logs, 'v2', 'test'));
  const [before, after] = await Promise.all(trees);
  if (before === undefined || after === undefined) throw new Error('two trees were signed');
  try {
    await checkExtension(before, after, 'test', log.checkConsistency);
    return 'consistent';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const sizes = fc.tuple(fc.integer({ min: 0, max: SIZE }), fc.integer({ min: 0, max: SIZE })).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

test('any two sizes of one tree are consistent', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async ([first, second]) => {
      expect(await verdict(first, second, LOG)).toBe('consistent');
    }),
    { numRuns: 200, examples: [[[0, 0]], [[0, 1]], [[1, 1]], [[255, 256]], [[256, 257]], [[256, 512]], [[511, 1024]], [[1024, 1400]]] },
  );
});

test('a tree with any entry changed is a fork from there on, and consistent before', async () => {
  const runs = 30;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: SIZE - 1 }), fc.array(sizes, { minLength: 8, maxLength: 8 }), async (changed, pairs) => {
      const other = logOf(changed);
      for (const [first, second] of [...pairs, [changed, SIZE], [changed + 1, SIZE]] as const) {
        const same = first <= changed && (first < second || second <= changed);
        expect(await verdict(first, second, other), `${changed} changed, ${first} to ${second}`).toBe(same ? 'consistent' : 'LOG_FORK');
      }
    }),
    {
      numRuns: runs,
      examples: [
        [0, []],
        [SIZE - 1, []],
        [255, []],
        [256, []],
      ],
    },
  );
}, 60_000);
