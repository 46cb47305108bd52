/** Functions by their signatures, as the library writes them: `string.replace(string, string): string`. */

import { TrustError } from '@assay/core';
import type { Environment } from '@marcbachmann/cel-js';
import { ourName } from './tree.ts';

// biome-ignore lint/suspicious/noExplicitAny: the signature says the types, and the library looks at the values.
export type CelFunction = (...values: any[]) => unknown;

export function register(environment: Environment, functions: Readonly<Record<string, CelFunction>>): void {
  for (const [signature, run] of Object.entries(functions)) environment.registerFunction(named(signature), run, { async: false });
}

export function registerAsync(environment: Environment, functions: Readonly<Record<string, CelFunction>>): void {
  for (const [signature, run] of Object.entries(functions)) environment.registerFunction(named(signature), run, { async: true });
}

/** A name with functions behind it, such as `math` in `math.least(1, 2)`: a constant of a type of its own that bears the same name. */
export function registerNamespace(environment: Environment, name: string, functions: Readonly<Record<string, CelFunction>> = {}): void {
  const Namespace = class {};
  environment.registerType(name, Namespace);
  environment.registerConstant(name, name, new Namespace());
  const methods = Object.entries(functions).map(
    ([signature, run]) => [`${name}.${signature}`, (_self: unknown, ...values: unknown[]) => run(...values)] as const,
  );
  register(environment, Object.fromEntries(methods));
}

function named(signature: string): string {
  return signature.replace(/(\w+)\(/, (_, name: string) => `${ourName(name)}(`);
}

/** What a function says of values that it cannot take. */
export function refuse(message: string): never {
  throw new TrustError('POLICY_CEL', message);
}
