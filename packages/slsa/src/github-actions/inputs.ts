/** The inputs with which a workflow was started by hand. Those that nobody asks for are not looked at (slsa.md section 1.7 K). */
import { type Check, group, isJsonObject, type JsonObject, pass, quote } from '@assay/core';
import type { Provenance } from '../provenance/provenance.ts';
import { refuse } from '../reference-error.ts';
import { eventPayload, textOf, Unstated } from './environment.ts';

export function checkInputs({ environment }: Provenance, demanded: ReadonlyMap<string, string>): Check[] {
  if (demanded.size === 0) return [];
  const id = 'provenance.inputs';
  try {
    const event = textOf(environment, 'GITHUB_EVENT_NAME');
    if (event !== 'workflow_dispatch') {
      return [
        refuse(id, {
          error: 'ErrorMismatchWorkflowInputs',
          detail: `expected 'workflow_dispatch' trigger, got ${quote(event)}`,
          code: 'SLSA_TRIGGER',
          says: 'only a workflow that was started by hand has inputs',
          expected: 'workflow_dispatch',
          found: quote(event),
        }),
      ];
    }
    const inputs = eventPayload(environment)['inputs'];
    if (!isJsonObject(inputs)) throw new Unstated('parameters type inputs', 'the inputs of the workflow');
    return [group(id, { pass: 'the workflow was started with these inputs', fail: 'the workflow was started with other inputs' }, compared(inputs, demanded))];
  } catch (error) {
    if (!(error instanceof Unstated)) throw error;
    return [refuse(id, { error: 'ErrorInvalidDssePayload', detail: error.message, code: 'SLSA_INPUT', says: `the provenance does not state ${error.what}` })];
  }
}

function compared(inputs: JsonObject, demanded: ReadonlyMap<string, string>): Check[] {
  return [...demanded].map(([name, expected]) => {
    const id = 'provenance.inputs.value';
    const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (value === expected) return pass(id, `the input ${quote(name)} is ${quote(expected)}`);
    if (typeof value !== 'string') {
      return refuse(id, {
        error: 'ErrorMismatchWorkflowInputs',
        detail: `cannot retrieve value of '${quote(name)}'`,
        code: 'SLSA_INPUT',
        says: `the workflow has no input ${quote(name)}`,
        expected: quote(`${name}=${expected}`),
        found: quote(Object.keys(inputs).join(', ')) || 'no inputs',
      });
    }
    return refuse(id, {
      error: 'ErrorMismatchWorkflowInputs',
      detail: `expected '${quote(name)}=${quote(expected)}', got '${quote(name)}=${quote(value)}'`,
      code: 'SLSA_INPUT',
      says: `the input ${quote(name)} differs`,
      expected: quote(expected),
      found: quote(value),
    });
  });
}
