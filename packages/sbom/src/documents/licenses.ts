/**
 * What packages say of their licences: SPDX expressions (SPDX 2.3 annex D), or words of their own such as `GPL-2+` and `public-domain`.
 *
 *   expression   LICENSE [`+`] [`WITH` EXCEPTION], joined by `AND` and `OR`, with parentheses
 */
import parse, { type Expression } from 'spdx-expression-parse';

/** The expression with its operators as the standard writes them; undefined for words that are none. */
export function spdxExpression(text: string): string | undefined {
  const parsed = parsedExpression(text);
  return parsed === undefined ? undefined : written(parsed);
}

/** Whether it is a single licence of SPDX's list, without anything around it. */
export function isSingleLicense(expression: string): boolean {
  return /^[A-Za-z0-9.-]+$/.test(expression) && !expression.startsWith('LicenseRef-');
}

/** Expressions that all apply as one; undefined when there are none. */
export function conjunctionOf(expressions: readonly string[]): string | undefined {
  const [first, ...others] = expressions;
  if (first === undefined || others.length === 0) return first;
  return [...new Set(expressions.flatMap(conjuncts))].map((part) => (/ OR /.test(part) ? `(${part})` : part)).join(' AND ');
}

/** The parts that all apply: `MIT AND (ISC OR BSD-2-Clause)` is two. Words that are no expression are one part. */
export function conjuncts(text: string): string[] {
  const parsed = parsedExpression(text);
  if (parsed !== undefined) return partsOf(parsed).map(written);
  // Some distributions name dozens for a package, more than the parser takes at once.
  const parts = text.length > MAX_EXPRESSION ? topLevelParts(text).map(spdxExpression) : [];
  return parts.length > 1 && parts.every((part) => part !== undefined) ? parts : [text];
}

/** None where it is an alternative. */
function topLevelParts(text: string): string[] {
  const parts: string[][] = [[]];
  let depth = 0;
  for (const word of text.split(' ')) {
    if (depth === 0 && word === 'OR') return [];
    if (depth === 0 && word === 'AND') parts.push([]);
    else parts.at(-1)?.push(word);
    depth += word.split('(').length - word.split(')').length;
  }
  return parts.map((words) => words.join(' '));
}

function partsOf(expression: Expression): Expression[] {
  if (!('conjunction' in expression) || expression.conjunction === 'or') return [expression];
  return [...partsOf(expression.left), ...partsOf(expression.right)];
}

/** `AND` binds more tightly. */
function written(expression: Expression): string {
  if (!('conjunction' in expression)) {
    const { license, plus, exception } = expression;
    return `${license}${plus === true ? '+' : ''}${exception === undefined ? '' : ` WITH ${exception}`}`;
  }
  const { conjunction, left, right } = expression;
  const side = (one: Expression): string => (conjunction === 'and' && 'conjunction' in one && one.conjunction === 'or' ? `(${written(one)})` : written(one));
  return `${side(left)} ${conjunction.toUpperCase()} ${side(right)}`;
}

function parsedExpression(text: string): Expression | undefined {
  const known = PARSED.get(text);
  if (known !== undefined || PARSED.has(text)) return known;
  const parsed = tryParse(text);
  // Thousands of packages share a few licences; texts that nobody shares must not fill the memory.
  if (PARSED.size < MAX_KEPT) PARSED.set(text, parsed);
  return parsed;
}

function tryParse(text: string): Expression | undefined {
  // The parser takes quadratic time, and recurses.
  if (text.length > MAX_EXPRESSION || !/^[A-Za-z(][\w .+:()-]*$/.test(text)) return undefined;
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

const PARSED = new Map<string, Expression | undefined>();
const MAX_KEPT = 10_000;
const MAX_EXPRESSION = 2000;
