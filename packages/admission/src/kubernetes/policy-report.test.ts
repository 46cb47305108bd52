import { expect, onTestFinished, test } from 'vitest';
import { fakeApi } from '../../test/fake-api.ts';
import { PolicyReporter, type ReportedResult } from './policy-report.ts';

const GROUP = '/apis/wgpolicyk8s.io/v1alpha2';
const REPORT = `${GROUP}/namespaces/team/policyreports/assay-admission`;

async function scene() {
  const api = await fakeApi();
  onTestFinished(() => api.close());
  const open = (maxResults?: number) =>
    new PolicyReporter({ client: api.client, everyMs: 3_600_000, now: () => 1_767_225_600_000, ...(maxResults !== undefined && { maxResults }) });
  return { api, open };
}

const result = (name: string, more: Partial<ReportedResult> = {}): ReportedResult => ({
  policy: 'p',
  result: 'pass',
  message: 'm',
  resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'team', name },
  ...more,
});

test('the latest result of each policy on each object, of several replicas', async () => {
  const { api, open } = await scene();
  api.put(GROUP, {});
  const [one, two] = [open(), open()];
  one.add(result('a', { result: 'fail' }));
  one.add(result('a'));
  one.add(result('b', { result: 'warn' }));
  two.add(result('b', { policy: 'q', result: 'fail' }));
  two.add(result('c'));
  await Promise.all([one.flush(), two.flush()]);
  expect(api.object(REPORT)).toMatchObject({ kind: 'PolicyReport', summary: { pass: 2, warn: 1, fail: 1 } });
  one.add(result('b'));
  await one.flush();
  expect(api.object(REPORT)).toMatchObject({ summary: { pass: 3, warn: 0, fail: 1 } });
});

test('has room for so many, and the oldest go', async () => {
  const { api, open } = await scene();
  api.put(GROUP, {});
  const reporter = open(10);
  for (let i = 0; i < 50; i++) reporter.add(result(`pod-${i}`));
  await reporter.flush();
  const { results } = api.object(REPORT) as { results: { resources: { name: string }[] }[] };
  expect(results.map(({ resources }) => resources[0]?.name)).toEqual(Array.from({ length: 10 }, (_, i) => `pod-${i + 40}`));
});

test('a cluster without the kind is left alone', async () => {
  const { api, open } = await scene();
  const reporter = open();
  reporter.add(result('a'));
  await reporter.flush();
  reporter.add(result('a'));
  await reporter.flush();
  expect(api.asked).toEqual([`GET ${GROUP}`]);
});
