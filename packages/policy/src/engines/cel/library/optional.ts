/** Values of the library's optional type. Its class is not exported: the one way to it is a value of it. */
import { Environment } from '@marcbachmann/cel-js';

export function optionalOf(value: unknown): unknown {
  return value === undefined ? none : Optional.of(value);
}

const none = new Environment({ enableOptionalTypes: true }).parse('optional.none()')() as object;
const Optional = none.constructor as unknown as { of(value: unknown): unknown };
