/** The schema of native policies for others: JSON Schema for editors, and the CustomResourceDefinition for Kubernetes. Both from the one in `schema.ts`. */
import { z } from 'zod';
import { API_VERSION, documentSchema, KIND, specSchema } from './schema.ts';

export const SCHEMA_URL = 'https://assay.dev/schema/assay.policy.schema.json';

type Schema = { readonly [name: string]: unknown };

/** JSON Schema 2020-12. */
export function policyJsonSchema(): Schema {
  const { $schema, ...schema } = z.toJSONSchema(documentSchema) as Schema;
  return { $schema, $id: SCHEMA_URL, title: `${KIND} (${API_VERSION})`, ...schema };
}

/** Cluster-scoped: a policy says itself which namespaces it is about. */
export function customResourceDefinition(): Schema {
  const [group = '', version = ''] = API_VERSION.split('/');
  const plural = `${KIND.toLowerCase().replace(/y$/, 'ie')}s`;
  const text = { type: 'string' };
  const openAPIV3Schema = {
    description: 'A policy of Assay: what must be shown of an image before it is let in',
    type: 'object',
    required: ['spec'],
    properties: { apiVersion: text, kind: text, metadata: { type: 'object' }, spec: structural(z.toJSONSchema(specSchema) as Schema), status: STATUS },
  };
  const column = (name: string, type: string, jsonPath: string) => ({ name, type, jsonPath });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind: KIND, listKind: `${KIND}List`, plural, singular: KIND.toLowerCase(), shortNames: ['aip'] },
      scope: 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [column('Mode', 'string', '.spec.mode'), column('Age', 'date', '.metadata.creationTimestamp')],
          schema: { openAPIV3Schema },
        },
      ],
    },
  };
}

/**
 * As Kubernetes takes schemas. What it does not know is kept, and not dropped in silence: a misspelt demand is then refused by us, instead of demanding nothing.
 */
function structural(schema: Schema): Schema {
  const { description, type, items, properties, required, additionalProperties } = schema;
  const about = description === undefined ? {} : { description };
  // A value that may be a text or a number has no type there.
  if (typeof type !== 'string') return { ...about, 'x-kubernetes-preserve-unknown-fields': true };
  return {
    ...about,
    type,
    ...Object.fromEntries(KEPT.flatMap((name) => (schema[name] === undefined ? [] : [[name, schema[name]]]))),
    ...(schema['const'] !== undefined && { enum: [schema['const']] }),
    ...(items !== undefined && { items: structural(items as Schema) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties as Readonly<Record<string, Schema>>).map(([name, one]) => [name, structural(one)])),
      'x-kubernetes-preserve-unknown-fields': true,
      ...(Array.isArray(required) && { required }),
    }),
    ...(properties === undefined && isObject(additionalProperties) && { additionalProperties: structural(additionalProperties) }),
  };
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}

const KEPT = ['enum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum'] as const;
const STATUS = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
