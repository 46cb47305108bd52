/**
 * Paths into a statement, the part of JSONPath that names one value:
 *
 *   [$.]NAME(.NAME | [NUMBER] | ["any text"])*
 */

/** Undefined: not such a path. */
export function parsePath(text: string): readonly (string | number)[] | undefined {
  const path: (string | number)[] = [];
  let rest = text.startsWith('$') ? text.slice(1) : `.${text}`;
  while (rest !== '') {
    const [step, name, number, quoted] = STEP.exec(rest) ?? [];
    if (step === undefined) return undefined;
    if (number !== undefined) path.push(Number(number));
    else path.push(name ?? (JSON.parse(quoted as string) as string));
    rest = rest.slice(step.length);
  }
  return path.length === 0 ? undefined : path;
}

export function pathText(path: readonly (string | number)[]): string {
  const steps = path.map((step, i) => {
    if (typeof step === 'number') return `[${step}]`;
    return NAME.test(step) ? `${i === 0 ? '' : '.'}${step}` : `[${JSON.stringify(step)}]`;
  });
  return typeof path[0] === 'string' && NAME.test(path[0]) ? steps.join('') : `$${steps.join('')}`;
}

const NAME = /^[\p{L}_@][\p{L}\p{N}_@/:-]*$/u;
const STEP = /^(?:\.([\p{L}_@][\p{L}\p{N}_@/:-]*)|\[(\d{1,9})\]|\[("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")\])/u;
