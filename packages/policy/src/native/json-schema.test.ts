/** The schema for editors and the one for Kubernetes say what ours says; and the latter is structural, or an API server would refuse it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { customResourceDefinition, policyJsonSchema } from './json-schema.ts';

interface Node {
  readonly path: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Each schema within, with where it is. */
function nodes(schema: Readonly<Record<string, unknown>>, path = ''): Node[] {
  const { properties = {}, items, additionalProperties } = schema as Record<string, Record<string, never> | undefined>;
  return [
    { path, schema },
    ...Object.entries(properties).flatMap(([name, one]) => nodes(one as never, `${path}.${name}`)),
    ...(items === undefined ? [] : nodes(items, `${path}[]`)),
    ...(typeof additionalProperties === 'object' ? nodes(additionalProperties, `${path}.*`) : []),
  ];
}

type Crd = { readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Readonly<Record<string, unknown>> } }[] } };
const crd = customResourceDefinition() as unknown as Crd;
const openApi = crd.spec.versions[0]?.schema.openAPIV3Schema ?? {};

describe('the CustomResourceDefinition', () => {
  const all = nodes(openApi);

  test.each<[string, (schema: Node['schema']) => boolean]>([
    ['a type, or says that anything is kept', ({ type, 'x-kubernetes-preserve-unknown-fields': keeps }) => type !== undefined || keeps === true],
    ['nothing but what is structural', (schema) => Object.keys(schema).every((name) => STRUCTURAL.includes(name))],
    ['not properties beside other keys at once', ({ properties, additionalProperties }) => properties === undefined || additionalProperties === undefined],
    ['items where it is a list', ({ type, items }) => (type === 'array') === (items !== undefined)],
    [
      'only what it has required',
      ({ required, properties }) => ((required ?? []) as string[]).every((name) => Object.hasOwn((properties ?? {}) as object, name)),
    ],
    [
      'choices of its own type',
      ({ type, enum: values }) =>
        ((values ?? []) as unknown[]).every((one) => typeof one === (type === 'string' ? 'string' : type === 'boolean' ? 'boolean' : 'number')),
    ],
    [
      'misspelt keys kept for us to refuse, wherever it has keys',
      ({ properties, 'x-kubernetes-preserve-unknown-fields': keeps }) => properties === undefined || keeps === true,
    ],
  ])('has %s', (rule, holds) => {
    // The root and its metadata belong to the API server.
    const judged = rule.startsWith('misspelt') ? all.filter(({ path }) => path !== '') : all;
    expect(judged.filter(({ schema }) => !holds(schema)).map(({ path }) => path)).toEqual([]);
  });

  test('knows all fields that we know', () => {
    const paths = all.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        '.spec.images[]',
        '.spec.signers[].trust.log',
        '.spec.any[].attestations[].where[].equals',
        '.spec.build.level',
        '.spec.annotations.*',
      ]),
    );
  });

  test('is what the chart has', () => {
    const file = readFileSync(new URL('../../../../deploy/charts/assay/crds/imagepolicies.assay.dev.yaml', import.meta.url), 'utf8');
    expect(parse(file)).toEqual(JSON.parse(JSON.stringify(crd)));
  });
});

const STRUCTURAL = [
  ...['type', 'description', 'properties', 'items', 'required', 'enum', 'additionalProperties', 'x-kubernetes-preserve-unknown-fields'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum', 'pattern'],
];

describe('the JSON schema', () => {
  const schema = policyJsonSchema();

  test('refuses unknown keys, but for those of Kubernetes', () => {
    const open = nodes(schema).filter(({ schema: { properties, additionalProperties } }) => properties !== undefined && additionalProperties !== false);
    expect(open.map(({ path }) => path)).toEqual(['.metadata']);
  });

  test('says what every field is for', () => {
    const bare = nodes(schema).filter(({ path, schema: { description } }) => /\.\w+$/.test(path) && description === undefined);
    expect(bare.map(({ path }) => path)).toEqual(['.apiVersion', '.kind']);
  });

  test('has its own address', () => {
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', $id: 'https://assay.dev/schema/assay.policy.schema.json' });
  });
});
