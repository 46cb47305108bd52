/**
 * Variables in the texts of a policy: `{{ request.object.metadata.name }}`, one within another, and `\{{` for what is none.
 *
 * A text that is one variable takes the variable's value, whatever its type; else values are written into the text. What a value brings along is looked at
 * again, so that one value could ask for itself for ever: they are counted, and so is the text's length. `{{- x }}` is not looked at again.
 */
import { isTrustError, quote, TrustError } from '@assay/core';
import type { Context } from './context.ts';
import { jsonText } from './jmespath/functions.ts';
import { cannot, isRecord } from './jmespath/interpreter.ts';

export function hasVariables(text: string): boolean {
  return text.search(VARIABLE) >= 0;
}

/** All texts of a document, names of members among them. Errors: `POLICY_EXPRESSION`, those of the context. */
export async function substitute(document: unknown, context: Context, path = ''): Promise<unknown> {
  if (typeof document === 'string') return substituteText(document, context, path);
  if (Array.isArray(document)) {
    const result: unknown[] = [];
    for (const [i, item] of document.entries()) result.push(await substitute(item, context, `${path}/${i}`));
    return result;
  }
  if (!isRecord(document)) return document;
  const result: [string, unknown][] = [];
  for (const [name, value] of Object.entries(document)) {
    const written = await substituteText(name, context, path);
    if (typeof written !== 'string') throw cannot(`the name ${quote(name)} at path ${quote(path)} must become a text`);
    result.push([written, await substitute(value, context, `${path}/${name}`)]);
  }
  return Object.fromEntries(result);
}

async function substituteText(text: string, context: Context, path: string): Promise<unknown> {
  if (!text.includes('{{') && !text.includes('$(')) return text;
  if (REFERENCE.test(text)) throw cannot(`references such as ${quote(text)} are not supported, at path ${quote(path)}`);
  let value = text;
  let left = MAX_VARIABLES;
  for (;;) {
    const found = [...value.matchAll(VARIABLE)];
    if (found.length === 0) return unescaped(value);
    left -= found.length;
    if (left < 0) throw cannot(`variables lead to variables without end at path ${quote(path)}`);
    const written = await substituteFound(value, found, context, path);
    if ('value' in written) return written.value;
    value = written.text;
    if (written.shallow) return unescaped(value);
  }
}

/** One round. A `value`: the text is one variable and nothing else. */
async function substituteFound(whole: string, found: readonly RegExpMatchArray[], context: Context, path: string) {
  let text = whole;
  let shallow = false;
  for (const [, before = '', variable = ''] of found) {
    const name = nameOf(variable);
    shallow = name.shallow;
    const value = await resolve(name.text, context, path);
    if (whole === variable) return { value };
    const replacement = typeof value === 'string' ? value : jsonText(value);
    text = replaceFirst(text, before + variable, before + (shallow ? replacement.replaceAll('{{', '\\{{') : replacement));
    if (text.length > MAX_LENGTH) throw cannot(`the text at path ${quote(path)} grows beyond ${MAX_LENGTH} characters`);
  }
  return { text, shallow };
}

function unescaped(text: string): string {
  return text.replaceAll('\\{{', '{{');
}

async function resolve(name: string, context: Context, path: string): Promise<unknown> {
  if (name === '@') throw cannot(`the variable @ is not supported, at path ${quote(path)}`);
  try {
    return await context.query(context.deletes ? name.replaceAll('request.object', 'request.oldObject') : name);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new TrustError(error.code, `failed to resolve ${quote(name)} at path ${quote(path)}: ${error.message}`, { cause: error });
  }
}

function nameOf(variable: string): { readonly text: string; readonly shallow: boolean } {
  const inner = variable.replaceAll('{{', '').replaceAll('}}', '').trim();
  return inner.startsWith('-') ? { text: inner.slice(1).trim(), shallow: true } : { text: inner, shallow: false };
}

function replaceFirst(text: string, what: string, by: string): string {
  const at = text.indexOf(what);
  return at < 0 ? text : text.slice(0, at) + by + text.slice(at + what.length);
}

/** With what stands before it: a backslash makes it none. */
const VARIABLE = /(^|[^\\])(\{\{(?:\{[^{}]*\}|[^{}])*\}\})/g;
const REFERENCE = /(?:^|[^\\])\$\([^ ][^ ]*\)/;
/** Of one text, those that values bring along among them. */
const MAX_VARIABLES = 500;
const MAX_LENGTH = 1024 * 1024;
