/** What is asked of attestations with `--jq`, and what is said of expressions that are none. */
import type { Json } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { filtered } from './filter.ts';

/** As `gh attestation verify --format json` writes it. */
const RESULT: Json = [
  {
    verificationResult: {
      statement: {
        predicateType: 'https://slsa.dev/provenance/v1',
        predicate: { runDetails: { builder: { id: 'https://github.com/actions/runner/github-hosted' } } },
      },
      signature: {
        certificate: { issuer: 'https://token.actions.githubusercontent.com', runnerEnvironment: 'github-hosted', sourceRepositoryRef: 'refs/tags/v1' },
      },
    },
    attestation: { bundle: { dsseEnvelope: { payload: 'eyJhIjpbMSwyXX0=' } } },
  },
  { verificationResult: { signature: { certificate: { runnerEnvironment: 'self-hosted' } } } },
];

const pipe = (expression: string) => filtered(RESULT, expression, { terminal: false });

test.each<[string, string]>([
  ['.[].verificationResult.statement.predicate.runDetails.builder.id', 'https://github.com/actions/runner/github-hosted\n\n'],
  ['.[0].attestation.bundle.dsseEnvelope.payload | @base64d | fromjson | .a[1]', '2\n'],
  ['[.[] | select(.verificationResult.signature.certificate.runnerEnvironment == "github-hosted")] | length', '1\n'],
  ['map(.verificationResult.statement.predicateType // "none")', '["https://slsa.dev/provenance/v1","none"]\n'],
  ['.[].verificationResult.signature.certificate.sourceRepositoryRef // empty | test("^refs/tags/")', 'true\n'],
  ['.[0].verificationResult.signature.certificate | "\\(.runnerEnvironment) at \\(.sourceRepositoryRef)"', 'github-hosted at refs/tags/v1\n'],
  [
    '.[0].verificationResult.signature.certificate',
    '{"issuer":"https://token.actions.githubusercontent.com","runnerEnvironment":"github-hosted","sourceRepositoryRef":"refs/tags/v1"}\n',
  ],
  ['{"b":"<&>","a":"é"}', '{"a":"é","b":"<&>"}\n'],
  ['empty', ''],
])('%s', async (expression, output) => expect(await pipe(expression)).toBe(output));

test('on a terminal objects are spread', async () => {
  expect(await filtered({ b: 1, a: [2] }, '.', { terminal: true })).toBe('{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n');
});

test('nothing of this machine is in its reach', async () => {
  expect(process.env['PATH']).not.toBe('/');
  expect(await pipe('$ENV.PATH, env.PATH')).toBe('/\n/\n');
});

describe('an expression that is none', () => {
  test.each<[string, RegExp]>([
    ['.[', /^failed to parse jq expression \(line 1, column 2\)\n {4}\.\[\n {4} \^ {2}syntax error, /],
    ['.\n| bad(', /^failed to parse jq expression \(line 2, column \d+\)\n {4}\| bad\(\n/],
    ['nope', /\n {4}\^ {2}nope\/0 is not defined$/],
    ['.[0].attestation + 1', /^object \(.*\) and number \(1\) cannot be added$/],
    ['error("a reason")', /^a reason$/],
  ])('%s', async (expression, message) => {
    await expect(pipe(expression)).rejects.toThrow(message);
  });
});
