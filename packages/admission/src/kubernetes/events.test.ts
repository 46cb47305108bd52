import type { JsonObject } from '@assay/core';
import { expect, test } from 'vitest';
import { POD, pod, request } from '../../test/requests.ts';
import { EventRecorder } from './events.ts';

function recorder(more: { readonly burst?: number } = {}) {
  const written: JsonObject[] = [];
  const clock = { now: Date.parse('2026-01-01T00:00:00Z') };
  const create = async (path: string, event: JsonObject): Promise<JsonObject> => {
    written.push({ path, ...event });
    return event;
  };
  return { written, clock, events: new EventRecorder({ client: { create }, now: () => clock.now, ...more }) };
}

const denied = (message: string) => ({ reason: 'ImageDenied' as const, message });

test('tells of the owner of a pod that does not exist', async () => {
  const { written, events } = recorder();
  const owned = {
    ...pod('a'),
    metadata: { generateName: 'web-', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u', controller: true }] },
  };
  expect(await events.tell(request(POD, owned, { name: '' }), denied('no'))).toBe(true);
  expect(written).toMatchObject([
    {
      path: '/api/v1/namespaces/team/events',
      involvedObject: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u', namespace: 'team' },
      type: 'Warning',
      reason: 'ImageDenied',
      message: 'no',
      firstTimestamp: '2026-01-01T00:00:00Z',
    },
  ]);
});

test('the same once in ten minutes, and few at once', async () => {
  const { written, clock, events } = recorder({ burst: 2 });
  const told: boolean[] = [];
  for (const message of ['a', 'a', 'b', 'c']) told.push(await events.tell(request(POD, pod('x')), denied(message)));
  expect(told).toEqual([true, false, true, false]);
  clock.now += 1000;
  expect(await events.tell(request(POD, pod('x')), denied('c'))).toBe(true);
  clock.now += 600_000;
  expect(await events.tell(request(POD, pod('x')), denied('a'))).toBe(true);
  expect(written).toHaveLength(4);
});

test('nothing of a dry run, nor of what has no name', async () => {
  const { events } = recorder();
  expect(await events.tell(request(POD, pod('x'), { dryRun: true }), denied('a'))).toBe(false);
  expect(await events.tell(request(POD, { spec: {} }, { name: '' }), denied('a'))).toBe(false);
});

test('a message of any length is cut to what the API server takes', async () => {
  const { written, events } = recorder();
  await events.tell(request(POD, pod('x')), denied('m'.repeat(5000)));
  expect(String(written[0]?.['message'])).toHaveLength(1024);
});

test('what cannot be written is told of, and no more', async () => {
  const problems: unknown[] = [];
  const client = { create: () => Promise.reject(new Error('403')) };
  const events = new EventRecorder({ client, onProblem: (problem) => problems.push(problem) });
  expect(await events.tell(request(POD, pod('x')), denied('a'))).toBe(false);
  expect(problems).toHaveLength(1);
});
