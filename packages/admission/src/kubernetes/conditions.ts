/** Conditions of a status, as knative writes them: `{ type, status, reason, message, lastTransitionTime }`, sorted by type. */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

/** A merge patch for the status of `object`. Undefined: it says so already. */
export function conditionsPatch(object: JsonObject, conditions: readonly Condition[], now: Date): JsonObject | undefined {
  const { metadata, status } = object;
  const generation = isJsonObject(metadata) && typeof metadata['generation'] === 'number' ? metadata['generation'] : undefined;
  const known = readConditions(isJsonObject(status) ? (status['conditions'] ?? null) : null);
  const seen = isJsonObject(status) ? status['observedGeneration'] : undefined;
  const same = conditions.length === known.size && conditions.every((one) => textOf(one) === textOf(known.get(one.type)?.condition));
  if (same && seen === generation) return undefined;
  const at = now.toISOString().replace(/\.\d+Z$/u, 'Z');
  const sorted = [...conditions].sort((a, b) => (a.type < b.type ? -1 : 1));
  const written = sorted.map(({ type, status: value, reason, message }): JsonObject => {
    const before = known.get(type);
    const lastTransitionTime = before !== undefined && before.condition.status === value && before.at !== '' ? before.at : at;
    return { type, status: value, lastTransitionTime, ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) };
  });
  return { status: { ...(generation !== undefined && { observedGeneration: generation }), conditions: written } };
}

function readConditions(value: Json): Map<string, { condition: Condition; at: string }> {
  const known = new Map<string, { condition: Condition; at: string }>();
  if (!Array.isArray(value)) return known;
  for (const one of value) {
    if (!isJsonObject(one)) continue;
    const text = (name: string): string => (typeof one[name] === 'string' ? one[name] : '');
    known.set(text('type'), {
      condition: { type: text('type'), status: text('status') as Condition['status'], reason: text('reason'), message: text('message') },
      at: text('lastTransitionTime'),
    });
  }
  return known;
}

function textOf(condition: Condition | undefined): string {
  return JSON.stringify([condition?.status, condition?.reason ?? '', condition?.message ?? '']);
}
