/** Which package the attestations are about: the build's subject is a package URL, the publication states name and version (slsa.md section 1.10 step 6). */
import { type Check, isJsonObject, pass, quote, type Statement } from '@assay/core';
import type { Provenance } from '../provenance/provenance.ts';
import { type ReferenceErrorName, refuse } from '../reference-error.ts';

export interface PackageDemands {
  readonly packageName?: string | undefined;
  readonly packageVersion?: string | undefined;
}

interface Package {
  readonly name: string;
  readonly version: string;
}

export function checkPackage(provenance: Provenance, publish: Statement, { packageName, packageVersion }: PackageDemands): Check[] {
  const built = packageOf(provenance);
  if ('detail' in built) return [refuse('npm.package', { ...built, code: 'SLSA_PACKAGE', says: 'the provenance does not name one package', spec: SPEC })];
  const published = publishedPackage(publish);
  return [
    ...(packageName === undefined ? [] : both('name', 'ErrorMismatchPackageName', packageName, built.name, published.name)),
    ...(packageVersion === undefined ? [] : both('version', 'ErrorMismatchPackageVersion', packageVersion, built.version, published.version)),
  ];
}

function both(what: 'name' | 'version', error: ReferenceErrorName, expected: string, built: string, published: string): Check[] {
  return [compare(what, error, expected, built, 'built'), compare(what, error, expected, published, 'published')];
}

function compare(what: 'name' | 'version', error: ReferenceErrorName, expected: string, found: string, how: 'built' | 'published'): Check {
  const id = `npm.${how}.${what}`;
  if (expected === found) return pass(id, `the package was ${how} under the ${what} ${quote(found)}`, { spec: SPEC });
  return refuse(id, {
    error,
    detail: `got '${quote(found)}', expected '${quote(expected)}'`,
    code: 'SLSA_PACKAGE',
    says: `the package was ${how} under another ${what}`,
    expected: quote(expected),
    found: quote(found),
    spec: SPEC,
  });
}

/** `pkg:npm/%40scope/name@1.2.3`. */
function packageOf({ subjects }: Provenance): Package | { readonly error: ReferenceErrorName; readonly detail: string } {
  const [subject] = subjects;
  if (subject === undefined || subjects.length !== 1) return { error: 'ErrorInvalidSubject', detail: `subject length: ${subjects.length}` };
  if (!subject.name.startsWith(PREFIX)) return { error: 'ErrorInvalidPackageName', detail: quote(subject.name) };
  const decoded = decode(subject.name.slice(PREFIX.length));
  if (decoded === undefined) return { error: 'ErrorInvalidEncoding', detail: quote(subject.name) };
  const [, name = '', version = ''] = /^(@?[^@]*)(?:@([^@]*))?$/.exec(decoded) ?? [];
  return name === '' ? { error: 'ErrorInvalidPackageName', detail: quote(decoded) } : { name, version };
}

/** As forms are encoded. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Absent texts are ''. */
function publishedPackage({ predicate }: Statement): Package {
  const { name, version } = isJsonObject(predicate) ? predicate : {};
  return { name: typeof name === 'string' ? name : '', version: typeof version === 'string' ? version : '' };
}

const PREFIX = 'pkg:npm/';
const SPEC = 'slsa.md section 1.10';
