/** `where` of native policies as Rego, for dialects whose conditions are policies. What is not there satisfies nothing but `exists: false`, as in ours. */
import { parsePath } from '../native/json-path.ts';
import type { NativeWhere } from '../native/schema.ts';
import { searchOf } from './pattern.ts';

/** A module that policy-controller and cosign take. `regex.match` is RE2, as ours. */
export function regoOf(where: readonly NativeWhere[]): string {
  const lines = where.flatMap(conditionLines);
  return `package sigstore\n\ndefault isCompliant = false\n\nisCompliant {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}

function conditionLines({ path, equals, in: values, matches, atLeast, atMost, exists }: NativeWhere): string[] {
  const value = `input${(parsePath(path) ?? []).map((step) => `[${JSON.stringify(step)}]`).join('')}`;
  return [
    ...(equals === undefined ? [] : [`${value} == ${JSON.stringify(equals)}`]),
    ...(values === undefined ? [] : [`${value} == [${values.map((one) => JSON.stringify(one)).join(', ')}][_]`]),
    ...(matches === undefined ? [] : [`is_string(${value})`, `regex.match(${JSON.stringify(searchOf(matches))}, ${value})`]),
    ...(atLeast === undefined ? [] : [`is_number(${value})`, `${value} >= ${atLeast}`]),
    ...(atMost === undefined ? [] : [`is_number(${value})`, `${value} <= ${atMost}`]),
    // A value that is false is there as well.
    ...(exists === undefined
      ? []
      : [
          exists
            ? `_ = ${value}`
            : `object.get(input, [${(parsePath(path) ?? []).map((step) => JSON.stringify(step)).join(', ')}], "\\u0000none") == "\\u0000none"`,
        ]),
  ];
}
