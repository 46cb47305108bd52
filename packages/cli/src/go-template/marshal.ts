/** Values as JSON, as Go's `encoding/json` writes them: structs in the order of their fields under their JSON names, maps sorted, HTML escaped. */
import { encodeGoJson } from '@assay/core';
import { FunctionError } from './error.ts';
import { GoStruct, isList, isMap, isTrue, NilPointer, type StructField, sortedEntries, type Value } from './value.ts';

/** @param indent of a level; none writes all on one line */
export function marshal(value: Value, indent = '', prefix = ''): string {
  if (value === undefined || value === null || value instanceof NilPointer) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return numberText(value);
  const inner = `${prefix}${indent}`;
  if (isList(value))
    return wrapped(
      '[',
      value.map((one) => marshal(one, indent, inner)),
      ']',
      inner,
      prefix,
    );
  const members = value instanceof GoStruct ? membersOf(value) : isMap(value) ? sortedEntries(value) : undefined;
  if (members === undefined) return encodeGoJson(value as string | boolean);
  const colon = indent === '' ? ':' : ': ';
  return wrapped(
    '{',
    members.map(([name, one]) => `${encodeGoJson(name)}${colon}${marshal(one, indent, inner)}`),
    '}',
    inner,
    prefix,
  );
}

function wrapped(open: string, items: readonly string[], close: string, inner: string, prefix: string): string {
  if (items.length === 0 || inner === prefix) return `${open}${items.join(',')}${close}`;
  return `${open}\n${items.map((item) => `${inner}${item}`).join(',\n')}\n${prefix}${close}`;
}

function membersOf({ fields }: GoStruct): [string, Value][] {
  return fields.flatMap((field): [string, Value][] => {
    const { json, value } = field;
    if (json === '' && value instanceof GoStruct) return membersOf(value);
    return isLeftOut(field) ? [] : [[json, value]];
  });
}

function isLeftOut({ omitEmpty, value }: StructField): boolean {
  return omitEmpty && !isTrue(value);
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new FunctionError(`json: unsupported value: ${value}`);
  const text = String(value);
  // Exponents have two digits when they are negative.
  return text.replace(/e-(\d)$/, 'e-0$1');
}
