/** Whether a demand has to be held against CUE or Rego. */
import type { Condition, Demand } from '../model.ts';

export function usesEngines(demand: Demand): boolean {
  switch (demand.kind) {
    case 'all':
    case 'any':
    case 'count':
      return demand.of.some(usesEngines);
    case 'shown':
      return isForEngines(demand.condition) || usesEngines(demand.of);
    case 'attested':
      return demand.conditions.some(isForEngines);
    default:
      return false;
  }
}

function isForEngines({ language }: Condition): boolean {
  return language === 'cue' || language === 'rego';
}
