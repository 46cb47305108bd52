import type { JsonObject } from '@assay/core';
import { expect, test } from 'vitest';
import type { AskOptions } from './client.ts';
import { listObjects } from './list.ts';

function answering(...pages: readonly JsonObject[]) {
  const asked: (AskOptions['query'] | undefined)[] = [];
  const get = async (_: string, options?: AskOptions): Promise<JsonObject> => pages[asked.push(options?.query) - 1] ?? {};
  return { asked, get };
}

const named = (name: string) => ({ metadata: { name } });

test('is read to its last page, and every page is asked for alike', async () => {
  const api = answering({ metadata: { continue: 'more' }, items: [named('a'), 'no object'] }, { metadata: { resourceVersion: '7' }, items: [named('b')] });
  expect(await listObjects(api, '/api/v1/pods', { query: { limit: '2', labelSelector: 'x=y' } })).toEqual([named('a'), named('b')]);
  expect(api.asked).toEqual([
    { limit: '2', labelSelector: 'x=y' },
    { limit: '2', labelSelector: 'x=y', continue: 'more' },
  ]);
});

test.each([[{}], [{ items: [] }], [{ metadata: {}, items: null }], [{ metadata: {}, items: {} }]])('%j is no list, and not an empty one', async (answer) => {
  await expect(listObjects(answering(answer), '/api/v1/pods')).rejects.toMatchObject({ code: 'ADMISSION_API', message: '/api/v1/pods: the answer is no list' });
});
