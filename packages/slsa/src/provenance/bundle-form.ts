/**
 * Whether a file is a Sigstore bundle, by the letter of protobuf's JSON (slsa.md section 1.4): one object, all of whose members are known, each of its
 * kind. What is not one is read as an envelope instead; whether a bundle is complete is asked later.
 */
import { isJsonObject, type Json, tryParseJsonObject } from '@assay/core';
import { BUNDLE_SCHEMA, type Form } from './bundle-schema.ts';

export function isBundleForm(file: Uint8Array): boolean {
  const document = tryParseJsonObject(file);
  return document !== undefined && misfit(document, BUNDLE_SCHEMA, '') === undefined;
}

/** What keeps a file that means to be a bundle from being one: the member that nobody knows, or that is of another kind. Undefined for other files. */
export function bundleMisfit(file: Uint8Array): string | undefined {
  const document = tryParseJsonObject(file);
  const means = document !== undefined && Object.keys(document).some((name) => name === 'verificationMaterial' || name === 'dsseEnvelope');
  return means ? misfit(document, BUNDLE_SCHEMA, '') : undefined;
}

/** The path of the first member that does not fit. `null` stands for what is absent. */
function misfit(value: Json, form: Form, path: string): string | undefined {
  if (value === null) return undefined;
  if (form === 'value') return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? undefined : path;
  if (isList(form))
    return Array.isArray(value) ? first(value.map((item, i) => (item === null ? `${path}[${i}]` : misfit(item, form[0], `${path}[${i}]`)))) : path;
  if (!isJsonObject(value)) return path;
  return first(
    Object.entries(value).map(([name, member]) => {
      // Protobuf takes its own names too. What every object inherits is no member.
      const known = [name, camelCase(name)].map((one) => (Object.hasOwn(form, one) ? form[one] : undefined)).find((one) => one !== undefined);
      const its = path === '' ? name : `${path}.${name}`;
      return known === undefined ? its : misfit(member, known, its);
    }),
  );
}

function first(paths: readonly (string | undefined)[]): string | undefined {
  return paths.find((path) => path !== undefined);
}

function isList(form: Exclude<Form, 'value'>): form is readonly [Form] {
  return Array.isArray(form);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
