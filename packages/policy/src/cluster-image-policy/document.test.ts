/** Hostile and odd documents: refused with a text, soon, and never read as something else. */
import { isTrustError } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { MAX_POLICY_BYTES, parseClusterImagePolicy, parseDocuments, readPolicyDocument } from './index.ts';

const HEAD = 'apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {name: p}\n';
const SPEC = 'spec:\n  images: [{glob: "**"}]\n  authorities: [{static: {action: pass}}]\n';

function refusal(text: string | Uint8Array): string {
  try {
    parseDocuments(text);
    return 'read';
  } catch (error) {
    return isTrustError(error) && error.code === 'POLICY_PARSE' ? error.message : `${error}`;
  }
}

const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(9)}]`)].join('\n');

const REFUSED: readonly [name: string, text: string | Uint8Array, message: string][] = [
  ['10 MiB', 'a'.repeat(10 * 1024 * 1024), `the document is larger than ${MAX_POLICY_BYTES} bytes`],
  ['aliases that multiply', bomb, 'yaml: document contains excessive aliasing'],
  ['an alias of itself', 'a: &a [*a]', 'yaml: exceeded max depth'],
  ['an alias of nothing', 'a: *b', 'yaml: unknown anchor "b" referenced'],
  ['a megabyte of brackets', '['.repeat(1024 * 1024), 'yaml: exceeded max depth'],
  ['lists within lists on a line', '- '.repeat(100_000), 'yaml: exceeded max depth'],
  ['nesting by indentation', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'yaml: exceeded max depth'],
  ['a name given twice', 'a: 1\nb: 2\na: 3', 'yaml: unmarshal errors:\n  key "a" already set in map'],
  ['a name given twice as two things', 'true: 1\n"true": 3', 'yaml: unmarshal errors:\n  key "true" already set in map'],
  ['a JSON name given twice', '{"a":1,"a":2}', 'yaml: unmarshal errors:\n  key "a" already set in map'],
  ['bytes that are no UTF-8', Uint8Array.of(0x61, 0xff), 'yaml: invalid UTF-8'],
  ['a list as a name', '? [a]\n: b', 'yaml: invalid map key'],
  ['a number that JSON does not have', 'a: .nan', 'json: unsupported value: NaN'],
  ['a merge of no map', '<<: a', 'yaml: map merge requires map or sequence of maps as the value'],
];

describe('is refused', () => {
  test.for(REFUSED)('%s', ([, text, message]) => expect(refusal(text)).toBe(message));
});

test('scalars mean what they mean to Kubernetes, but for y and n', () => {
  const text = 'a: yes\nb: off\nc: 0777\nd: 1_000\ne: 2001-01-01\nf: "1"\ng: y\nh: N\ni: 1:30\nj: ~\nk: 0x10\nl: 1e3\nm: !!binary aGk=';
  expect({ ...(parseDocuments(text.split('\nm:')[0] ?? '')[0] as object) }).toEqual({
    a: true,
    b: false,
    c: 511,
    d: 1000,
    e: '2001-01-01',
    f: '1',
    g: 'y',
    h: 'N',
    i: '1:30',
    j: null,
    k: 16,
    l: 1000,
  });
});

test('members come sorted, merged maps first, and __proto__ is a name', () => {
  const [document] = parseDocuments('base: &b {z: 1, y1: 2}\nuse:\n  <<: *b\n  y1: 3\n__proto__: {polluted: true}');
  expect(JSON.stringify(document)).toBe('{"__proto__":{"polluted":true},"base":{"y1":2,"z":1},"use":{"y1":3,"z":1}}');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(() => parseClusterImagePolicy(`${HEAD}__proto__: {spec: {}}\n${SPEC}`)).toThrow('json: unknown field "__proto__"');
});

test('JSON is read like the same in YAML', () => {
  const json = '{"b":[1,{"d":null,"c":"\\u0000"}],"__proto__":{"x":1}}';
  expect(JSON.stringify(parseDocuments(json))).toBe('[{"__proto__":{"x":1},"b":[1,{"c":"\\u0000","d":null}]}]');
  expect(JSON.stringify(parseDocuments(`---\n${json}`))).toBe(JSON.stringify(parseDocuments(json)));
});

test('names match in any case, once', () => {
  expect(parseClusterImagePolicy(HEAD + SPEC.replace('images', 'Images')).spec.images).toEqual([{ glob: '**' }]);
  expect(() => parseClusterImagePolicy(`${HEAD}${SPEC}  Images: []\n`)).toThrow('json: field "images" is given twice');
});

const FILES: readonly [name: string, text: string, message: string][] = [
  ['nothing', '', 'document is required to create policy'],
  [
    'no kind',
    HEAD.replace(/kind.*\n/, '') + SPEC.replace(/ {2}auth.*\n/, ''),
    `decoding object[0]: error unmarshaling JSON: while decoding JSON: Object 'Kind' is missing in '{"apiVersion":"policy.sigstore.dev/v1beta1","metadata":{"name":"p"},"spec":{"images":[{"glob":"**"}]}}'`,
  ],
  ['no apiVersion', HEAD.replace(/api.*\n/, ''), 'missing field(s): [0].apiVersion'],
  ['no name', HEAD.replace('{name: p}', '{}'), 'missing field(s): [0].metadata.name'],
  ['an unknown field', `${HEAD}spec: {asdf: x}`, 'unable to unmarshal: json: unknown field "asdf"'],
  ['an unknown field of metadata', HEAD.replace('name: p', 'name: p, x: y'), 'unable to unmarshal: json: unknown field "x"'],
  [
    'another type',
    `${HEAD}spec: {images: x}`,
    'unable to unmarshal: json: cannot unmarshal string into Go struct field ClusterImagePolicySpec.spec.images of type []v1beta1.ImagePattern',
  ],
  ['another kind', 'apiVersion: unknown.dev/v1\nkind: Other\nmetadata: {name: x}', 'unknown type: unknown.dev/v1, Kind=Other'],
  ['a second document that is wrong', `${HEAD}${SPEC}--- # two\n${HEAD}spec: {}`, 'missing field(s): spec.authorities, spec.images'],
  ['a secret elsewhere', `${HEAD}${SPEC}---\napiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: y}`, 'invalid value: y: [1].metadata.namespace'],
  ['no YAML', '{', 'decoding object[0]: error converting YAML to JSON: yaml: line 1: Flow map must end with a }'],
];

describe('a file of policies is refused for', () => {
  test.for(FILES)('%s', ([, text, message]) => {
    let found = 'read';
    try {
      readPolicyDocument(text);
    } catch (error) {
      found = (error as Error).message;
    }
    expect(found).toBe(message);
  });
});

test('a file holds policies of both versions, secrets of the controller, and comments', () => {
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: cosign-system}\nstringData: {a: b}\n';
  const { policies, warnings } = readPolicyDocument(`# a comment\n---\n${HEAD}${SPEC}---\n${secret}---\n${HEAD.replace('v1beta1', 'v1alpha1')}${SPEC}`);
  expect(policies.map(({ version, spec }) => [version, spec.mode, spec.authorities[0]?.name])).toEqual([
    ['v1alpha1', 'enforce', 'authority-0'],
    ['v1alpha1', 'enforce', 'authority-0'],
  ]);
  expect(warnings).toEqual([]);
});
