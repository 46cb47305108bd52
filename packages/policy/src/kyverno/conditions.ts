/**
 * Conditions: blocks of `any` and `all` over a context (admission.md 6.4). All blocks must hold; a block holds when any of its `any` does, and all of its `all`.
 *
 * A condition that names what does not exist is an error and not false: whoever asks decides what an error means, and here it never lets anything in.
 */
import { described, isJsonObject, isTrustError, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import type { KyvernoCondition, KyvernoConditions } from '../model.ts';
import type { Context } from './context.ts';
import { compare } from './operators.ts';
import { substitute } from './variables.ts';

export interface ConditionBlock {
  readonly any?: readonly KyvernoCondition[] | undefined;
  readonly all: readonly KyvernoCondition[];
}

export interface ConditionResult {
  readonly holds: boolean;
  /** What the conditions say of themselves, joined; '' when they say nothing. */
  readonly message: string;
}

/**
 * The block as a condition over a predicate, which joins the root of the context. All variables are resolved before anything is compared, so that one that
 * leads nowhere refuses the statement, whatever the other conditions say; and what a statement brings along is never taken for a variable.
 */
export function overPredicate(block: ConditionBlock, context: Context, path = ''): KyvernoConditions {
  return {
    language: 'kyverno',
    ...block,
    async evaluate(predicate) {
      const within = context.with(predicate);
      try {
        const any = block.any && (await resolvedConditions(block.any, within, `${path}/any`));
        const all = await resolvedConditions(block.all, within, `${path}/all`);
        const result = await evaluateBlock({ any, all }, async ({ operator, key, value }) => compare(operator, key, value));
        return result.holds ? undefined : result.message;
      } catch (error) {
        if (!isTrustError(error)) throw error;
        throw new TrustError(error.code, `${UNCHECKED}failed to substitute variables in attestation conditions: ${error.message}`, { cause: error });
      }
    },
  };
}

/** How the message begins of conditions that could not be evaluated at all. */
export const UNCHECKED = 'failed to check attestations: ';

async function resolvedConditions(list: readonly KyvernoCondition[], context: Context, path: string): Promise<KyvernoCondition[]> {
  const results: KyvernoCondition[] = [];
  for (const [i, one] of list.entries()) {
    const at = (side: string) => `${path}/${i}/${side}`;
    results.push({ ...one, key: await substitute(one.key, context, at('key')), value: await substitute(one.value, context, at('value')) });
  }
  return results;
}

/** All blocks; the first that does not hold tells why. Errors: `POLICY_EXPRESSION`, those of the context. */
export async function evaluateBlocks(blocks: readonly ConditionBlock[], context: Context): Promise<ConditionResult> {
  const messages: string[] = [];
  for (const block of blocks) {
    const result = await evaluateBlock(block, (condition) => evaluateOne(condition, context));
    if (!result.holds) return result;
    messages.push(result.message);
  }
  return { holds: true, message: joined(messages) };
}

async function evaluateBlock({ any, all }: ConditionBlock, test: (condition: KyvernoCondition) => Promise<boolean>): Promise<ConditionResult> {
  const trueMessages: string[] = [];
  const falseMessages: string[] = [];
  let anyHolds = any === undefined;
  for (const condition of any ?? []) {
    anyHolds = await test(condition);
    (anyHolds ? trueMessages : falseMessages).push(condition.message ?? '');
    if (anyHolds) break;
  }
  let allHold = true;
  for (const condition of all) {
    allHold = await test(condition);
    (allHold ? trueMessages : falseMessages).push(condition.message ?? '');
    if (!allHold) break;
  }
  const holds = anyHolds && allHold;
  return { holds, message: joined(holds ? trueMessages : falseMessages) };
}

function joined(messages: readonly string[]): string {
  return messages.filter((message) => message !== '').join('; ');
}

async function evaluateOne({ key, operator, value }: KyvernoCondition, context: Context): Promise<boolean> {
  const [left, right] = [await side('key', key, context), await side('value', value, context)];
  return compare(operator, left, right);
}

async function side(name: 'key' | 'value', document: unknown, context: Context): Promise<unknown> {
  try {
    return await substitute(document, context);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new TrustError(error.code, `failed to substitute variables in condition ${name}: ${error.message}`, { cause: error });
  }
}

/**
 * Conditions as policies write them: one block, a list of blocks, or, as it was of old, a list of conditions which all must hold.
 * Errors: `POLICY_INVALID`.
 */
export function parseConditions(value: Json | undefined): readonly ConditionBlock[] {
  if (value === undefined || value === null) return [];
  if (isJsonObject(value)) return [parseBlock(value)];
  if (!Array.isArray(value)) throw invalid(value);
  if (value.length > 0 && value.every((one) => isJsonObject(one) && ('any' in one || 'all' in one))) return value.map((one) => parseBlock(one as JsonObject));
  return value.length === 0 ? [] : [{ all: value.map(parseCondition) }];
}

function parseBlock(block: JsonObject): ConditionBlock {
  const unknown = Object.keys(block).find((name) => name !== 'any' && name !== 'all');
  if (unknown !== undefined) throw new TrustError('POLICY_INVALID', `failed to parse conditions: unknown field ${quote(JSON.stringify(unknown))}`);
  const list = (value: Json | undefined) => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) throw invalid(value);
    return value.map(parseCondition);
  };
  return { any: list(block['any']), all: list(block['all']) ?? [] };
}

function parseCondition(value: Json): KyvernoCondition {
  if (!isJsonObject(value)) throw invalid(value);
  const { key = null, operator = '', value: other = null, message } = value;
  if (typeof operator !== 'string' || (message !== undefined && typeof message !== 'string')) throw invalid(value);
  const unknown = Object.keys(value).find((name) => !['key', 'operator', 'value', 'message'].includes(name));
  if (unknown !== undefined) throw new TrustError('POLICY_INVALID', `failed to parse conditions: unknown field ${quote(JSON.stringify(unknown))}`);
  return { key, operator, value: other, ...(message !== undefined && { message }) };
}

function invalid(value: Json): TrustError {
  return new TrustError('POLICY_INVALID', 'failed to parse conditions: expected any and all lists of conditions', { found: described(value) });
}
