/**
 * `variables.NAME`, evaluated when an expression that names it is, and once. One that cannot be evaluated fails whoever looks at it, and nobody else: so what
 * comes before an `||` may decide alone.
 */
import { isTrustError, type TrustError } from '@assay/core';
import type { Environment } from '@marcbachmann/cel-js';
import type { CelProgram, CelValue } from '../engines/cel/index.ts';
import type { NamedProgram } from './compile.ts';

export class Variables extends Map<string, CelValue> {
  readonly #failed = new Map<string, TrustError>();

  override get(name: string): CelValue {
    const failed = this.#failed.get(name);
    if (failed !== undefined) throw failed;
    return super.get(name);
  }

  fail(name: string, error: TrustError): void {
    this.#failed.set(name, error);
    this.set(name, null);
  }
}

export function registerVariables(environment: Environment): void {
  environment.registerType('kyverno.variables', { ctor: Variables, fields: undefined as never });
}

/** Brings in what `program` may look at, in the order in which it was declared. */
export async function provideVariables(
  program: CelProgram,
  declared: readonly NamedProgram[],
  values: Variables,
  evaluate: (program: CelProgram) => Promise<CelValue>,
): Promise<void> {
  const needed = neededBy(program, declared);
  for (const { name, program: variable } of declared) {
    if (!needed.has(name) || values.has(name)) continue;
    try {
      values.set(name, await evaluate(variable));
    } catch (error) {
      if (!isTrustError(error)) throw error;
      values.fail(name, error);
    }
  }
}

function neededBy(program: CelProgram, declared: readonly NamedProgram[]): ReadonlySet<string> {
  const needed = new Set<string>();
  const open = [program];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const names = next.anyVariable ? declared.map(({ name }) => name) : next.variables;
    for (const name of names) {
      const found = needed.has(name) ? undefined : declared.find((variable) => variable.name === name);
      needed.add(name);
      if (found !== undefined) open.push(found.program);
    }
  }
  return needed;
}
