import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type FakeApi, fakeApi } from '../../test/fake-api.ts';
import { Informer, type InformerOptions } from './informer.ts';
import { nameOf } from './object.ts';

const THINGS = '/apis/example/v1/things';

async function scene(more: Partial<InformerOptions> = {}, options: { readonly pageSize?: number } = {}) {
  const api = await fakeApi(options);
  const problems: unknown[] = [];
  const onProblem = (problem: unknown): void => void problems.push(problem);
  const onChange = vi.fn();
  const informer = new Informer({ client: api.client, path: THINGS, resource: 'things', onChange, onProblem, backOffMs: 5, ...more });
  onTestFinished(async () => {
    await informer.close();
    await api.close();
  });
  const names = (): string[] => informer.objects().map(nameOf).sort();
  return { api, informer, problems, onChange, names };
}

const put = (api: FakeApi, name: string, spec = 1) => api.put(`${THINGS}/${name}`, { spec });
const seen = (names: () => string[], ...expected: string[]) => expect.poll(names, { timeout: 20_000, interval: 5 }).toEqual(expected);

describe('a copy', () => {
  test('begins with a list, in pages', async () => {
    const { api, informer, names, onChange } = await scene({}, { pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) put(api, name);
    expect([informer.isSynced, informer.stalenessMs]).toEqual([false, Number.POSITIVE_INFINITY]);
    await informer.start().synced;
    expect(names()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(informer.object('', 'a')).toMatchObject({ spec: 1 });
    expect(informer.stalenessMs).toBeLessThan(60_000);
    expect(onChange).toHaveBeenCalledExactlyOnceWith({ object: undefined });
  });

  test('follows what is added, changed and removed', async () => {
    const { api, informer, names } = await scene();
    put(api, 'a');
    await informer.start().synced;
    put(api, 'b');
    await seen(names, 'a', 'b');
    put(api, 'a', 2);
    await expect.poll(() => informer.object('', 'a')?.['spec']).toBe(2);
    api.remove(`${THINGS}/a`);
    await seen(names, 'b');
  });

  test('goes on where it was when a watch breaks, and misses nothing', async () => {
    const { api, informer, names } = await scene();
    await informer.start().synced;
    await expect.poll(() => api.watches).toBe(1);
    put(api, 'a');
    await seen(names, 'a');
    const lists = api.asked.length;
    api.disconnect();
    put(api, 'b');
    await seen(names, 'a', 'b');
    expect(api.asked.slice(lists).every((line) => line === `GET ${THINGS}`)).toBe(true);
  });

  test('lists anew when the server has forgotten its version', async () => {
    const { api, informer, names } = await scene();
    put(api, 'a');
    put(api, 'b');
    await informer.start().synced;
    await expect.poll(() => api.watches).toBe(1);
    await api.stop();
    api.remove(`${THINGS}/a`);
    put(api, 'c');
    api.compact();
    await api.start();
    await seen(names, 'b', 'c');
  });

  test('a bookmark spares it that', async () => {
    const { api, informer, names } = await scene();
    await informer.start().synced;
    await expect.poll(() => api.watches).toBe(1);
    api.compact();
    api.bookmark();
    // What is put after the bookmark is seen over the same watch, so that the bookmark was read before.
    put(api, 'a');
    await seen(names, 'a');
    const before = api.asked.length;
    api.disconnect();
    put(api, 'b');
    await seen(names, 'a', 'b');
    expect(api.asked.length - before).toBeLessThanOrEqual(2);
  });

  test('stays when the server goes away, and is told how old it is', async () => {
    const { api, informer, names, problems } = await scene();
    put(api, 'a');
    await informer.start().synced;
    await expect.poll(() => api.watches).toBe(1);
    await api.stop();
    await expect.poll(() => problems.length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(names()).toEqual(['a']);
    expect(informer.isSynced).toBe(true);
    put(api, 'b');
    await api.start();
    await seen(names, 'a', 'b');
  });

  test.each([403, 500, 429])('is not there before the first list was read (%i)', async (status) => {
    const { api, informer, problems } = await scene();
    api.fail(THINGS, status, status, status);
    await informer.start().synced;
    expect(problems.length).toBeGreaterThanOrEqual(1);
  });

  test('of a resource that the cluster does not know is an error, unless that is expected', async () => {
    const strict = await scene();
    strict.api.fail(THINGS, 404, 404);
    strict.informer.start();
    await expect.poll(() => strict.problems.length, { timeout: 20_000 }).toBeGreaterThan(0);
    const lenient = await scene({ optional: true });
    lenient.api.fail(THINGS, 404);
    await lenient.informer.start().synced;
    expect(lenient.names()).toEqual([]);
  });

  test('that is closed before it was read says so', async () => {
    const { api, informer } = await scene();
    await api.stop();
    const synced = informer.start().synced;
    await informer.close();
    await expect(synced).rejects.toMatchObject({ code: 'ADMISSION_API' });
  });
});

test('a watch that the server refuses over and over does not keep it busy', async () => {
  const { api, informer, problems } = await scene({ backOffMs: 50 });
  await informer.start().synced;
  await expect.poll(() => api.watches).toBe(1);
  api.fail(THINGS, ...new Array<number>(1000).fill(403));
  api.disconnect();
  await expect.poll(() => problems.length, { timeout: 20_000 }).toBeGreaterThan(3);
  // Each pause is about twice as long as the one before.
  expect(api.asked.length).toBeLessThan(30);
});
