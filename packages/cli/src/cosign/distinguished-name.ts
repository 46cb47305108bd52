/** Names in certificates, attribute by attribute (RFC 5280 section 4.1.2.4). */
import { Der, DerError, quote } from '@assay/core';

/** Attribute type to its values, in the order of the certificate, escaped for a terminal. */
export type DistinguishedName = ReadonlyMap<string, readonly string[]>;

export const NAME = { commonName: '2.5.4.3', organization: '2.5.4.10', country: '2.5.4.6' } as const;

/** What cannot be read is left out: this is for showing a name, not for comparing it. */
export function readName(name: Uint8Array): DistinguishedName {
  const values = new Map<string, string[]>();
  try {
    const attributes = Der.parse(name).children();
    for (const attribute of attributes.flatMap((set) => set.children())) {
      const fields = attribute.sequence('attribute');
      const oid = fields.next('type').oid('type');
      values.set(oid, [...(values.get(oid) ?? []), quote(fields.next('value').text('name'), MAX_VALUE)]);
    }
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
  return values;
}

/** RFC 2253, with the attributes in Go's order, whatever theirs. */
export function nameInGo(name: DistinguishedName): string {
  const parts = ATTRIBUTES.map(([oid, label]) => (name.get(oid) ?? []).map((value) => `${label}=${escaped(value)}`).join('+'));
  return parts.filter((part) => part !== '').join(',');
}

function escaped(value: string): string {
  return value.replace(/[,+"\\<>;]|^[# ]| $/g, '\\$&');
}

const MAX_VALUE = 1000;
const ATTRIBUTES = [
  ['2.5.4.5', 'SERIALNUMBER'],
  [NAME.commonName, 'CN'],
  ['2.5.4.17', 'POSTALCODE'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.7', 'L'],
  ['2.5.4.11', 'OU'],
  [NAME.organization, 'O'],
  [NAME.country, 'C'],
] as const;
