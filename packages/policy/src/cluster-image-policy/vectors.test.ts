/** The cases of the vectors that are about policies as such. The folder is `ASSAY_VECTORS`, by default beside the repository; without it they skip, visibly. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTrustError, type JsonObject, parseStatement, utf8 } from '@assay/core';
import { parseReference, referenceText } from '@assay/oci';
import { describe, expect, test } from 'vitest';
import { fieldErrorText, fieldWarnings } from '../field-errors.ts';
import {
  attestationPayload,
  matchGlob,
  matchPolicy,
  parseClusterImagePolicy,
  parseControllerConfig,
  readPolicyDocument,
  validatePolicy,
  WEBHOOK_RESOURCES,
  withDefaults,
} from './index.ts';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly files: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own shape
  readonly expect: any;
}

const folder = join(resolve(fileURLToPath(new URL('../../../..', import.meta.url)), process.env['ASSAY_VECTORS'] ?? '../shared/vectors'), 'admission');
const present = existsSync(join(folder, 'cases.json'));
if (!present) console.warn(`tests of admission vectors are skipped: no cases.json in ${folder} (set ASSAY_VECTORS)`);
const cases = present ? (JSON.parse(read('cases.json')) as { cases: Case[] }).cases : [];

function read(path: string): string {
  return readFileSync(join(folder, path), 'utf8');
}

/** `tables/x.json#3` */
// biome-ignore lint/suspicious/noExplicitAny: each kind has its own shape
function row({ files: [place = ''] }: Case): any {
  const [path = '', index = ''] = place.split('#');
  return JSON.parse(read(path))[Number(index)];
}

function casesOf(kind: string, atLeast: number): Case[] {
  const found = cases.filter((one) => one.kind === kind);
  if (present && found.length < atLeast) throw new Error(`only ${found.length} cases of ${kind}`);
  return found;
}

function validated(text: string, options = {}) {
  const errors = validatePolicy(withDefaults(parseClusterImagePolicy(text)), { resources: WEBHOOK_RESOURCES, ...options });
  const message = fieldErrorText(errors);
  return { valid: message === '', ...(message !== '' && { message }), warnings: fieldWarnings(errors) };
}

describe.skipIf(!present)('policies validate as upstream', () => {
  test.for(casesOf('cip-validate', 92))('$name', ({ files: [file = ''], expect: expected }) => {
    const text = read(file);
    if ('withFailOnEmptyAuthorities' in expected) {
      expect(validated(text)).toMatchObject(expected.withFailOnEmptyAuthorities);
      expect(validated(text, { failOnEmptyAuthorities: false })).toMatchObject(expected.withoutFailOnEmptyAuthorities);
      return;
    }
    const { liveClusterContains: _, ...offline } = expected;
    expect(validated(text)).toMatchObject(offline);
  });
});

describe.skipIf(!present)('globs match as upstream', () => {
  test.for(casesOf('cip-glob', 34))('$name', (one) => {
    const { image, glob, match, error = false } = row(one);
    const result = matchGlob(glob, image);
    expect(typeof result === 'object').toBe(error);
    expect(result === true).toBe(match);
  });
});

describe.skipIf(!present)('policies match objects as upstream', () => {
  test.for(casesOf('cip-match', 12))('$name', (one) => {
    const { policy, image, kind, apiVersion, labels, match } = row(one);
    const spec = { images: policy.images.map((glob: string) => ({ glob })), match: policy.match ?? [], authorities: [{ static: { action: 'pass' } }] };
    const parsed = parseClusterImagePolicy(
      JSON.stringify({ apiVersion: 'policy.sigstore.dev/v1beta1', kind: 'ClusterImagePolicy', metadata: { name: 'p' }, spec }),
    );
    expect(matchPolicy(parsed.spec, image, { kind, apiVersion, labels: new Map(Object.entries(labels)) })).toEqual({ matched: match });
  });
});

describe.skipIf(!present)('references are read as upstream', () => {
  test.for(casesOf('image-reference', 8))('$name', (one) => {
    const { text, expect: expected, error } = row(one);
    if (error) expect(matchGlob('**', text)).toEqual({ problem: `could not parse reference: ${text}` });
    else {
      const reference = parseReference(text);
      expect({ canonical: referenceText(reference), isDigest: reference.digest !== undefined }).toEqual(expected);
    }
  });
});

describe.skipIf(!present)('the controller is configured as upstream', () => {
  test.for(casesOf('controller-config', 6))('$name', (one) => {
    const { data, expect: expected } = row(one);
    const parse = () => parseControllerConfig(new Map(Object.entries(data)));
    if (expected.error) expect(parse).toThrow('invalid syntax');
    else {
      const { noMatchPolicy, failOnEmptyAuthorities, enableOci11 } = parse();
      expect({ 'no-match-policy': noMatchPolicy, 'fail-on-empty-authorities': failOnEmptyAuthorities, 'enable-oci11': enableOci11 }).toEqual(expected);
    }
  });
});

describe.skipIf(!present)('attestations are given to policies as upstream', () => {
  test.for(casesOf('attestation-payload', 8))('$name', (one) => {
    const { payload, predicateType, expect: expected } = row(one);
    const run = () => attestationPayload(predicateType, { envelope: utf8(payload) });
    if (expected.error !== undefined) expect(run).toThrow(expected.error);
    else {
      const { predicateType: type, json } = run();
      expect({ type, matched: json !== undefined }).toEqual(expected);
      if (json !== undefined && predicateType.includes('://')) expect(parseStatement(utf8(json)).predicateType).toBe(expected.type);
    }
  });
});

describe.skipIf(!present)('files of policy-tester are read', () => {
  test.for(casesOf('policy-tester', 14))('$name', ({ files: [file = ''], expect: expected }) => {
    const run = () => readPolicyDocument(read(file));
    if (expected.stderrContains === undefined) expect(run().policies.length).toBeGreaterThan(0);
    else expect(run).toThrow(expected.stderrContains);
  });
});

test.skipIf(!present)('webhooks take objects that were decoded already', () => {
  const json = JSON.parse(
    '{"apiVersion":"policy.sigstore.dev/v1alpha1","kind":"ClusterImagePolicy","metadata":{"name":"p","fromTomorrow":1},"spec":{}}',
  ) as JsonObject;
  expect(parseClusterImagePolicy(json, { metadata: 'lenient' }).metadata.name).toBe('p');
  expect(() => parseClusterImagePolicy(json)).toThrow('json: unknown field "fromTomorrow"');
  expect(isTrustError(undefined)).toBe(false);
});
