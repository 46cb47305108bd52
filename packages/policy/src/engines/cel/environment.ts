/** The environment of expressions: CEL's own libraries, those of Kubernetes and of Kyverno. Made once; `clone` adds what a kind of policy has besides. */
import { Environment } from '@marcbachmann/cel-js';
import { registerFormats } from './library/format.ts';
import { registerKyverno } from './library/kyverno.ts';
import { registerLists } from './library/lists.ts';
import { registerMacros } from './library/macros.ts';
import { registerMath } from './library/math.ts';
import { registerNetwork } from './library/network.ts';
import { registerQuantities } from './library/quantity.ts';
import { registerRegex } from './library/regex.ts';
import { registerStrings } from './library/strings.ts';
import { registerTime } from './library/time.ts';

/** With these variables, of any type. */
export function celEnvironment(variables: readonly string[] = []): Environment {
  base ??= makeBase();
  const environment = base.clone();
  for (const name of variables) environment.registerVariable(name, 'dyn');
  return environment;
}

let base: Environment | undefined;

function makeBase(): Environment {
  const environment = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 20_000, maxDepth: 250, maxListElements: 10_000, maxMapEntries: 10_000, maxCallArguments: 32 },
  });
  for (const registerLibrary of LIBRARIES) registerLibrary(environment);
  return environment;
}

const LIBRARIES = [
  registerStrings,
  registerLists,
  registerMacros,
  registerRegex,
  registerMath,
  registerTime,
  registerNetwork,
  registerQuantities,
  registerFormats,
  registerKyverno,
];
