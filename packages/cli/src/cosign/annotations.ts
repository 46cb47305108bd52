/** `-a key=value`: repeatable, and each value is a CSV record of such pairs, as Go's pflag reads lists (cosign.md section 1, "sign"). */
import { CommandError } from '../cobra/failure.ts';

/** Errors: `unable to parse annotation: X` without an equals sign. */
export function readAnnotations(values: readonly string[]): Readonly<Record<string, string>> {
  const pairs = values.flatMap(splitCsv).map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 0) throw new CommandError(`unable to parse annotation: ${pair}`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

/** One CSV record: fields with commas stand in double quotes, and a quote in them is doubled. Errors: those of Go's reader. */
export function splitCsv(record: string): string[] {
  const fields: string[] = [];
  let rest = record;
  for (;;) {
    const [matched = '', quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^,]*))(?=,|$)/.exec(rest) ?? [];
    if (quoted === undefined && plain === undefined) throw new CommandError(`parse error on line 1: extraneous or missing " in quoted-field`);
    fields.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (matched.length === rest.length) return fields;
    rest = rest.slice(matched.length + 1);
  }
}
