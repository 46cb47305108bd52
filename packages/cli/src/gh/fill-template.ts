/** `--template`: Go templates over the result, with the functions that GitHub's CLI adds to them. */
import { isJsonObject, type Json, parseRfc3339 } from '@assay/core';
import { CommandError } from '../cobra/failure.ts';
import { FunctionError, TemplateError } from '../go-template/error.ts';
import type { TemplateFunction } from '../go-template/functions.ts';
import { Template } from '../go-template/template.ts';
import { isList, isMap, typeOf, type Value } from '../go-template/value.ts';
import type { Io } from '../io.ts';
import { coloured } from './ansi.ts';
import { goTime } from './go-time.ts';
import { plural } from './progress.ts';
import { scalarText } from './scalar-text.ts';
import { Table, truncated } from './table.ts';

/** Errors: `CommandError`. */
export function filled(result: Json, template: string, io: Io): string {
  const table = new Table(io.terminal ? process.stdout.columns : DEFAULT_WIDTH);
  try {
    const text = new Template(template, { functions: functionsFor(io, table) }).render(asValue(result));
    return `${text}${table.render()}`;
  } catch (error) {
    if (error instanceof TemplateError) throw new CommandError(error.message, 1, { cause: error });
    throw error;
  }
}

/** Numbers of JSON are float64. */
function asValue(json: Json): Value {
  if (typeof json === 'bigint') return Number(json);
  if (Array.isArray(json)) return json.map(asValue);
  return isJsonObject(json) ? Object.fromEntries(Object.entries(json).map(([name, member]) => [name, asValue(member)])) : json;
}

function functionsFor(io: Io, table: Table): Readonly<Record<string, TemplateFunction>> {
  const colours = io.terminal && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb';
  return {
    autocolor: { params: ['text', 'any'], call: ([style, value]) => (colours ? coloured(scalar(value), String(style)) : scalar(value)) },
    color: { params: ['text', 'any'], call: ([style, value]) => coloured(scalar(value), String(style)) },
    join: { params: ['text', 'any'], call: ([separator, list]) => items(list).map(scalar).join(String(separator)) },
    pluck: {
      params: ['text', 'any'],
      call: ([field, list]) => items(list).map((item) => (isMap(item) && Object.hasOwn(item, String(field)) ? item[String(field)] : null)),
    },
    tablerow: {
      params: [],
      rest: 'any',
      call: (cells) => {
        table.add(cells.map(scalar));
        return '';
      },
    },
    tablerender: { params: [], call: () => table.render() },
    timeago: { params: ['text'], call: ([time]) => ago(io.now.getTime() - timeOf(time).getTime()) },
    timefmt: { params: ['text', 'text'], call: ([layout, time]) => goTime(timeOf(time), String(layout)) },
    truncate: { params: ['integer', 'any'], call: ([width, value]) => shortened(Number(width), value) },
    hyperlink: { params: ['text', 'text'], call: ([link, text]) => `\u001b]8;;${link}\u001b\\${text === '' ? link : text}\u001b]8;;\u001b\\` },
    contains: { params: ['text', 'text'], call: ([part, whole]) => String(whole).includes(String(part)) },
    hasPrefix: { params: ['text', 'text'], call: ([part, whole]) => String(whole).startsWith(String(part)) },
    hasSuffix: { params: ['text', 'text'], call: ([part, whole]) => String(whole).endsWith(String(part)) },
  };
}

function scalar(value: Value): string {
  const text = value === undefined ? '' : typeof value === 'bigint' ? String(value) : scalarText(value as Json);
  if (text === undefined) throw new FunctionError(`cannot convert type to string: ${typeOf(value)}`);
  return text;
}

function items(value: Value): readonly Value[] {
  if (isList(value)) return value;
  throw new FunctionError(`expected []interface {}; got ${typeOf(value)}`);
}

function shortened(width: number, value: Value): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') throw new FunctionError(`invalid value; expected string, got ${typeOf(value)}`);
  return truncated(value, width);
}

function timeOf(text: Value): Date {
  const time = parseRfc3339(String(text), 'down');
  if (time === undefined) throw new FunctionError(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00"`);
  return time;
}

function ago(ms: number): string {
  const [unit, length] = UNITS.find(([, size]) => ms >= size) ?? [];
  return unit === undefined || length === undefined ? 'just now' : `${plural(Math.floor(ms / length), unit)} ago`;
}

const DEFAULT_WIDTH = 80;
const DAY_MS = 86_400_000;
const UNITS: readonly (readonly [string, number])[] = [
  ['year', 365 * DAY_MS],
  ['month', 30 * DAY_MS],
  ['day', DAY_MS],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
