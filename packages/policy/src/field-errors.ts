/**
 * Field errors as knative writes them (admission.md 0.2): the texts of every refusal and warning about a policy, a trust root or a pod.
 *
 *     invalid value: [: spec.images[0].glob          message: paths, sorted
 *     glob is invalid: syntax error in pattern       details
 *     missing field(s): spec.authorities             another group
 */
import { quote } from '@assay/core';

export interface FieldError {
  readonly message: string;
  readonly paths: readonly string[];
  /** '' for none. */
  readonly details: string;
  readonly level: FieldErrorLevel;
}

export type FieldErrorLevel = 'error' | 'warning';

/** In any order, and with repetitions: what is shown is grouped and sorted. */
export type FieldErrors = readonly FieldError[];

export function missingField(...paths: string[]): FieldErrors {
  return genericError('missing field(s)', ...paths);
}

export function disallowedField(...paths: string[]): FieldErrors {
  return genericError('must not set the field(s)', ...paths);
}

/** None of fields of which one must be there. */
export function missingOneOf(...paths: string[]): FieldErrors {
  return genericError('expected exactly one, got neither', ...paths);
}

/** More than one of fields of which only one may be there. */
export function multipleOneOf(...paths: string[]): FieldErrors {
  return genericError('expected exactly one, got both', ...paths);
}

/** `path` may be '', the place where the error is found. */
export function invalidValue(value: string, path: string, details = ''): FieldErrors {
  return [{ message: `invalid value: ${printable(value)}`, paths: [path], details: printable(details), level: 'error' }];
}

export function genericError(message: string, ...paths: string[]): FieldErrors {
  return [{ message, paths, details: '', level: 'error' }];
}

export function asWarnings(errors: FieldErrors): FieldErrors {
  return errors.map((error) => ({ ...error, level: 'warning' }));
}

/** The same errors, one field further up. */
export function viaField(field: string, errors: FieldErrors): FieldErrors {
  return errors.map((error) => ({ ...error, paths: error.paths.map((path) => joinPath(field, path)) }));
}

export function viaIndex(field: string, index: number, errors: FieldErrors): FieldErrors {
  return viaField(`${field}[${index}]`, errors);
}

/** An index joins what is before it: `a` and `[0].b` are `a[0].b`. */
export function joinPath(...parts: readonly string[]): string {
  const joined: string[] = [];
  for (const part of parts.flatMap((text) => text.split('.'))) {
    if (part === '') continue;
    if (joined.length > 0 && part.startsWith('[') && part.endsWith(']')) joined.push(`${joined.pop()}${part}`);
    else joined.push(part);
  }
  return joined.join('.');
}

/** Those of one level, in groups of one message and details with all their paths, in the order in which they are shown. */
export function groupFieldErrors(errors: FieldErrors, level: FieldErrorLevel): FieldErrors {
  const groups = new Map<string, FieldError>();
  for (const error of errors) {
    if (error.level !== level) continue;
    const key = JSON.stringify([error.message, error.details]);
    groups.set(key, { ...error, paths: [...(groups.get(key)?.paths ?? []), ...error.paths] });
  }
  return [...groups.values()]
    .map((group) => ({ ...group, paths: [...new Set(group.paths)].sort(compareBytes) }))
    .sort((a, b) => compareBytes(a.message, b.message) || compareBytes(a.details, b.details));
}

export function hasErrors(errors: FieldErrors): boolean {
  return errors.some(({ level }) => level === 'error');
}

/** The errors as one text; '' when there are none. Warnings are left out: see `fieldWarnings`. */
export function fieldErrorText(errors: FieldErrors): string {
  return groupFieldErrors(errors, 'error').map(groupText).join('\n');
}

/** One text for each group of warnings, some of them of two lines. */
export function fieldWarnings(errors: FieldErrors): string[] {
  return groupFieldErrors(errors, 'warning').map(groupText);
}

/** The warnings as an admission response carries them: the API server drops one that holds a line break. */
export function fieldWarningLines(errors: FieldErrors): string[] {
  return fieldWarnings(errors).flatMap((warning) => warning.split('\n'));
}

function groupText({ message, paths, details }: FieldError): string {
  const first = `${message}: ${paths.join(', ')}`;
  return details === '' ? first : `${first}\n${details}`;
}

/** Whole, and with its line breaks, as upstream shows it; other control characters could rewrite what a terminal shows. */
function printable(text: string): string {
  return text
    .split('\n')
    .map((line) => quote(line, Number.POSITIVE_INFINITY))
    .join('\n');
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
