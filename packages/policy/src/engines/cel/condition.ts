/** A condition in CEL over a statement that was verified: `statement.predicate.builder.id == "…"`. */
import type { Json } from '@assay/core';
import { type CelProgram, compileCel } from './cel.ts';
import { celEnvironment } from './environment.ts';
import { toCel } from './values.ts';

/** Undefined when it holds, else why not. Errors: `POLICY_CEL`, `POLICY_CEL_SYNTAX`, `POLICY_CEL_LIMIT`. */
export async function evaluateCelCondition(
  { text, message }: { readonly text: string; readonly message?: string },
  statement: Json,
): Promise<string | undefined> {
  const holds = await conditionProgram(text).evaluate({ statement: toCel(statement) });
  return holds === true ? undefined : (message ?? `the expression does not hold: ${text}`);
}

/** For whoever reads a policy, before anything is verified. Errors: `POLICY_CEL_SYNTAX`. */
export function checkCelCondition(text: string): void {
  conditionProgram(text);
}

function conditionProgram(text: string): CelProgram {
  const there = known.get(text);
  if (there !== undefined) return there;
  environment ??= celEnvironment(['statement']);
  const program = compileCel(text, environment, 'bool');
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, program);
  return program;
}

let environment: ReturnType<typeof celEnvironment> | undefined;
const known = new Map<string, CelProgram>();
const MAX_KNOWN = 200;
