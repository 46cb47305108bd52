/** Saved results of every form, as `assay explain` shows them; and what is none. */
import { fail, group, pass, VERIFICATION_MEDIA_TYPE } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { runCli, Scratch } from '../../test/run-cli.ts';
import { parseSavedResults } from './saved-results.ts';

const held = group('verification', 'holds', [pass('log', 'the log vouches')]);
const broken = group('verification', 'does not hold', [fail('artifact', 'ARTIFACT_MISMATCH_DIGEST', 'another artifact')]);
const document = (more: object = {}, root = held) => ({ mediaType: VERIFICATION_MEDIA_TYPE, ok: root === held, root, ...more });
const verified = {
  artifact: { algorithm: 'sha256', digest: '11' },
  identity: { san: 'a@stack.example', oidcIssuer: 'https://oidc.stack.example' },
  key: { sha256: '22' },
  statement: { predicateType: 'https://slsa.dev/provenance/v1' },
  times: [{ time: '2026-01-01T00:00:00.000Z', source: 'rekor' }],
};
const parse = (...documents: readonly object[]) => parseSavedResults(Buffer.from(documents.map((one) => JSON.stringify(one)).join('\n')));

describe('a verification', () => {
  test('tells what was verified, of whom, and from what it was built', () => {
    const build = { source: 'https://github.com/o/r', ref: 'refs/tags/v1', commit: 'c0', builder: 'https://github.com/o/b', slsaBuildLevel: 3 };
    const [result] = parse(document({ subject: 'app.tgz', verified, build }));
    expect(result).toEqual({
      subject: 'app.tgz',
      reference: undefined,
      ending: 'accepted',
      root: held,
      facts: [
        ['digest', 'sha256:11'],
        ['signed by', 'a@stack.example'],
        ['issuer', 'https://oidc.stack.example'],
        ['statement', 'https://slsa.dev/provenance/v1'],
        ['signed at', '2026-01-01T00:00:00.000Z (rekor)'],
        ['source', 'https://github.com/o/r refs/tags/v1'],
        ['commit', 'c0'],
        ['built by', 'https://github.com/o/b'],
        ['supports', 'SLSA Build level 3'],
      ],
    });
  });

  test('with a key names the key', () => {
    expect(parse(document({ verified: { key: verified.key } }))[0]?.facts).toEqual([['signed by', 'the key sha256:22']]);
  });

  test('that was refused has no facts, whatever stands beside it', () => {
    expect(parse(document({ verified, reference: 'r.example/a@sha256:11' }, broken))[0]).toMatchObject({ ending: 'refused', facts: [] });
  });

  test('whose fields are of other kinds is shown without them', () => {
    for (const odd of [null, 1, [], [null], 'text', { san: 1 }, { digest: {} }]) {
      const [result] = parse(
        document({ subject: odd, reference: {}, verified: { artifact: odd, identity: odd, key: odd, statement: odd, times: odd }, build: odd }),
      );
      expect(result?.facts).toEqual([]);
    }
  });
});

test('several verifications stand on a line each', () => {
  const results = parse(document({ subject: 'a' }), document({ subject: 'b' }, broken));
  expect(results.map(({ subject, ending }) => [subject, ending])).toEqual([
    ['a', 'accepted'],
    ['b', 'refused'],
  ]);
});

describe('what policies say', () => {
  const result = (subject: string, ending: string, root?: object) => ({ subject, result: ending, policy: 'p', kind: 'ImagePolicy', ...(root && { root }) });
  test('is told of each thing and each policy', () => {
    const results = parse({
      ok: false,
      results: [result('a', 'pass', held), result('b', 'warn', broken), result('c', 'fail', broken), result('d', 'uncovered')],
    });
    expect(results.map(({ subject, ending, facts }) => [subject, ending, facts])).toEqual([
      ['a', 'accepted', [['policy', 'ImagePolicy p']]],
      ['b', 'warned', [['policy', 'ImagePolicy p']]],
      ['c', 'refused', [['policy', 'ImagePolicy p']]],
      ['d', 'refused', []],
    ]);
  });

  test.each([
    ['whose tree fails, and who pass', result('a', 'pass', broken)],
    ['with another ending', result('a', 'maybe', held)],
    ['with a tree that contradicts itself', result('a', 'fail', { ...held, status: 'fail' })],
    ['that are no objects', [1]],
    ['whose code is no text', result('a', 'fail', { ...broken, code: [{}] })],
  ])('%s is refused', (_, one) => {
    expect(() => parse({ ok: true, results: [one] })).toThrowError(expect.objectContaining({ code: 'RESULT_PARSE' }));
  });
});

test.each([
  ['nothing', ''],
  ['no JSON', 'hello\nworld\n'],
  ['other JSON', '[]'],
  ['half a document', JSON.stringify(document()).slice(0, -3)],
  ['a second line that is none', `${JSON.stringify(document())}\n{}`],
  ['a second line that is half', `${JSON.stringify(document())}\n${JSON.stringify(document()).slice(0, -3)}`],
])('%s is no result', (_, text) => {
  expect(() => parseSavedResults(Buffer.from(text))).toThrowError(expect.objectContaining({ code: 'RESULT_PARSE' }));
});

describe('assay explain', () => {
  const scratch = new Scratch();
  const reference = (name: string): string => `r.example/${name}@sha256:11`;
  const saved = (name: string, ...documents: readonly object[]): string => scratch.write(name, documents.map((one) => JSON.stringify(one)).join('\n'));

  test('shows several results of several files, with their names', async () => {
    const files = [saved('one', document({ subject: 'a' }), document({ subject: 'b' }, broken)), saved('two', document({ subject: 'c\u202e' }))];
    const { status, stdout } = await runCli(['explain', ...files]);
    expect({ status, lines: stdout.split('\n') }).toEqual({
      status: 0,
      lines: [
        ...['a', '✔ the saved result accepted the evidence', '', '  ✔ the log vouches', ''],
        ...['b', '✘ the saved result rejected the evidence: 1 check failed', '', '  ✘ another artifact  [ARTIFACT_MISMATCH_DIGEST]', ''],
        ...['c\\u202e', '✔ the saved result accepted the evidence', '', '  ✔ the log vouches', ''],
      ],
    });
  });

  test('makes a page of them', async () => {
    const run = await runCli(['explain', '--output', 'markdown', saved('page', document({ subject: '<b>' }), document({ reference: reference('a') }, broken))]);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/^## Assay: 1 of 2 verified\n/) });
    expect(run.stdout).toContain('<h3>✔ <code>&#60;b&#62;</code> is verified</h3>');
    expect(run.stdout).toContain(`<h3>✘ <code>${reference('a')}</code> is NOT verified</h3>`);
  });

  test('lists the images that were accepted, and none that anything refuses', async () => {
    const policies = ['pass', 'fail'].map((result) => ({ reference: reference('c'), result, root: result === 'pass' ? held : broken }));
    const verifications = [document({ reference: reference('a') }), document({ reference: reference('b') }, broken), document({ subject: 'file' })];
    const files = [saved('verified', ...verifications), saved('judged', { ok: false, results: policies }), saved('again', verifications[0] ?? {})];
    expect(await runCli(['explain', '--output', 'references', ...files])).toEqual({ status: 0, stdout: `${JSON.stringify([reference('a')])}\n`, stderr: '' });
  });

  test('names the file and the line that it cannot read', async () => {
    const run = await runCli(['explain', saved('bad', document(), {})]);
    expect(run).toMatchObject({ status: 4, stderr: expect.stringMatching(/bad: line 2: not a saved verification result {2}\[RESULT_PARSE\]/) });
  });
});
