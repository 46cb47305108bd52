import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TrustError } from '@assay/core';
import type { ImagePolicy, NamedImage } from '@assay/policy';
import { describe, expect, test } from 'vitest';
import { CRON_JOB, DEPLOYMENT, DIGEST, fakePolicy, POD, pod, request } from '../test/requests.ts';
import { type NoMatchPolicy, type ValidateOptions, validateWorkload, validationAnswer } from './validate.ts';
import { readWorkload, type Workload } from './workload.ts';

const TEST = `index.docker.io/knabben/test@${DIGEST}`;

async function answer(workload: Workload, policies: readonly ImagePolicy[], more: Partial<ValidateOptions> = {}) {
  const judge: ValidateOptions['judge'] = (policy, image) => policy.judge({ image } as never);
  return validationAnswer(await validateWorkload(workload, { policies, noMatch: 'deny', judge, ...more }));
}

const podWith = (...images: string[]): Workload => readWorkload(request(POD, pod(...images)));

interface Failure {
  readonly path: string;
  readonly image: string;
  readonly policy: string | null;
  readonly errors: readonly string[];
  readonly level: 'error' | 'warning';
}

interface Row {
  readonly failures: readonly Failure[];
  readonly expect: { readonly message: string | null; readonly warnings: readonly string[] };
}

const vectors = resolve(fileURLToPath(new URL('../../..', import.meta.url)), process.env['ASSAY_VECTORS'] ?? '../shared/vectors');
const table = join(vectors, 'admission/tables/denial.json');
const rows: readonly Row[] = existsSync(table) ? JSON.parse(readFileSync(table, 'utf8')) : [];
if (rows.length === 0) console.warn(`the vectors of denial messages are left out: no ${table} (set ASSAY_VECTORS)`);

describe.skipIf(rows.length === 0)('the vectors of denial messages', () => {
  test.each(rows.map((row, i) => [i, row] as const))('%i', async (_, { failures, expect: expected }) => {
    const answered = await answer(workloadOf(failures), policiesOf(failures));
    expect(answered.allowed ? null : answered.message).toBe(expected.message);
    expect(answered.warnings).toEqual(expected.warnings);
  });
});

/** With the images where the failures say they are; others are of a kind that passes. */
function workloadOf(failures: readonly Failure[]): Workload {
  const [{ path = '' } = {}] = failures;
  const kind = path.startsWith('spec.jobTemplate') ? CRON_JOB : path.startsWith('spec.template') ? DEPLOYMENT : POD;
  const spec: Record<string, { image: string }[]> = {};
  for (const { path: at, image } of failures) {
    const [, list = '', index = ''] = /(\w+)\[(\d+)\]\.image$/.exec(at) ?? [];
    spec[list] ??= [];
    for (let i = spec[list].length; i <= Number(index); i++) spec[list].push({ image: `passes.example/a@${DIGEST}` });
    spec[list][Number(index)] = { image };
  }
  const where = kind === CRON_JOB ? ['spec', 'jobTemplate', 'spec', 'template', 'spec'] : kind === DEPLOYMENT ? ['spec', 'template', 'spec'] : ['spec'];
  return readWorkload(request(kind, where.reduceRight<object>((inner, name) => ({ [name]: inner }), spec) as never));
}

function policiesOf(failures: readonly Failure[]): ImagePolicy[] {
  const passes = fakePolicy({ name: 'passes', covers: ({ repository }) => repository === 'passes.example/a' });
  const named = new Map(failures.flatMap((one) => (one.policy === null ? [] : [[one.policy, one] as const])));
  const failing = [...named.values()].map(({ policy, image, errors, level }) =>
    fakePolicy({ name: policy ?? '', mode: level === 'warning' ? 'warn' : 'enforce', covers: ({ text }) => text === image, errors: () => errors }),
  );
  return [passes, ...failing];
}

describe('every policy about an image must let it in', () => {
  const passes = fakePolicy({ name: 'a' });
  const refuses = fakePolicy({ name: 'b', errors: () => ['first', 'second'] });
  const warns = fakePolicy({ name: 'c', mode: 'warn', errors: () => ['careful'] });
  const unavailable = (): never => {
    throw new TrustError('NET_TIMEOUT', 'no answer');
  };

  test.each<[string, ImagePolicy[], string | undefined]>([
    ['one that does', [passes], undefined],
    ['two, of which one refuses', [passes, refuses], `validation failed: failed policy: b: spec.containers[0].image\n${TEST} first second`],
    ['a warning does not weaken another', [warns, refuses], `validation failed: failed policy: b: spec.containers[0].image\n${TEST} first second`],
    ['a warning alone admits', [warns], undefined],
    [
      'one that cannot be asked',
      [passes, fakePolicy({ name: 'd', errors: unavailable })],
      `validation failed: failed policy: d: spec.containers[0].image\n${TEST} no answer`,
    ],
    ['one that only warns, and cannot be asked', [fakePolicy({ name: 'd', mode: 'warn', errors: unavailable })], undefined],
    [
      'patterns that cannot be read, beside one that lets it in',
      [passes, fakePolicy({ covers: unavailable })],
      `validation failed: no answer: spec.containers[0].image\n${TEST}`,
    ],
    [
      'a bug',
      [fakePolicy({ name: 'd', errors: () => Promise.reject(new TypeError('x is undefined')) })],
      `validation failed: failed policy: d: spec.containers[0].image\n${TEST} internal error: x is undefined`,
    ],
  ])('%s', async (_, policies, message) => {
    const answered = await answer(podWith(TEST), policies);
    expect(answered.allowed ? undefined : answered.message).toBe(message);
  });

  test.each<[NoMatchPolicy, boolean, string[]]>([
    ['deny', false, []],
    ['warn', true, ['no matching policies: spec.containers[0].image', TEST]],
    ['allow', true, []],
  ])('about which there is none: %s', async (noMatch, allowed, warnings) => {
    expect(await answer(podWith(TEST), [], { noMatch })).toMatchObject({ allowed, warnings });
  });
});

test('an image that no registry could name is denied by its text, without control characters', async () => {
  const answered = await answer(podWith('ng\u001b[2Jinx', 'ng\u202einx'), []);
  expect(answered).toMatchObject({
    message:
      'validation failed: could not parse reference: ng\\u001b[2Jinx: spec.containers[0].image\ncould not parse reference: ng\\u202einx: spec.containers[1].image',
  });
});

test('200 containers are judged a few at a time, and all of them', async () => {
  let [running, most] = [0, 0];
  const images = Array.from({ length: 200 }, (_, i) => `ghcr.io/a/b${i}@${DIGEST}`);
  const slow = async (image: NamedImage): Promise<readonly string[]> => {
    most = Math.max(most, ++running);
    await new Promise((settle) => setImmediate(settle));
    running--;
    return image.text.endsWith(`b199@${DIGEST}`) ? ['the last one'] : [];
  };
  const answered = await answer(podWith(...images), [fakePolicy({ errors: slow })]);
  expect(answered).toMatchObject({ allowed: false, message: `validation failed: failed policy: p: spec.containers[199].image\n${images[199]} the last one` });
  expect(most).toBe(16);
});
