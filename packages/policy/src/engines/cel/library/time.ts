/** Times and durations. The library's own parser of durations takes time that grows with the cube of the text. */

import { quote } from '@assay/core';
import type { Environment } from '@marcbachmann/cel-js';
import { Duration } from '@marcbachmann/cel-js/evaluator';
import { currentEvaluation } from '../meter.ts';
import { refuse, register, registerNamespace } from '../register.ts';

export function registerTime(environment: Environment): void {
  register(environment, {
    'duration(string): google.protobuf.Duration': parseDuration,
    'duration(google.protobuf.Duration): google.protobuf.Duration': (duration: Duration) => duration,
    'timestamp(string): google.protobuf.Timestamp': parseTimestamp,
    'timestamp(int): google.protobuf.Timestamp': (seconds: bigint) => inRange(new Date(Number(seconds) * 1000)),
    'timestamp(google.protobuf.Timestamp): google.protobuf.Timestamp': (time: Date) => time,
    'int(google.protobuf.Timestamp): int': (time: Date) => BigInt(Math.floor(time.getTime() / 1000)),
  });
  registerNamespace(environment, 'time', {
    'now(): google.protobuf.Timestamp': () => currentEvaluation().host.now ?? refuse('time.now() is not available here'),
    'toCron(google.protobuf.Timestamp): string': (time: Date) =>
      `${time.getUTCMinutes()} ${time.getUTCHours()} ${time.getUTCDate()} ${time.getUTCMonth() + 1} ${time.getUTCDay()}`,
    'truncate(google.protobuf.Timestamp, google.protobuf.Duration): google.protobuf.Timestamp': truncate,
  });
}

/** As `time.ParseDuration` of Go. */
function parseDuration(text: string): Duration {
  const [, sign, rest = ''] = /^([+-]?)(.{1,100})$/s.exec(text) ?? refuse(`invalid duration "${quote(text)}"`);
  if (rest === '0') return new Duration(0n);
  if (!/^(?:(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) refuse(`invalid duration "${quote(text)}"`);
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g))
    nanos += (BigInt(whole + fraction) * (UNITS.get(unit) ?? 0n)) / 10n ** BigInt(fraction.length);
  if (nanos > MAX_NANOS) refuse(`invalid duration "${quote(text)}"`);
  const signed = sign === '-' ? -nanos : nanos;
  return new Duration(signed / SECOND, Number(signed % SECOND));
}

const SECOND = 1_000_000_000n;
const MAX_NANOS = 2n ** 63n - 1n;
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', SECOND],
  ['m', 60n * SECOND],
  ['h', 3600n * SECOND],
]);

function parseTimestamp(text: string): Date {
  if (!/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text)) refuse(`invalid timestamp "${quote(text)}"`);
  // What the standard's parser does not know are lower case letters.
  return inRange(new Date(text.toUpperCase()));
}

function inRange(time: Date): Date {
  if (!(time.getTime() >= FIRST && time.getTime() <= LAST)) refuse('timestamp overflow');
  return time;
}

const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/** To a multiple since the year 1, as Go does. */
function truncate(time: Date, duration: Duration): Date {
  const step = Number(duration.seconds) * 1000 + Math.trunc(duration.nanos / 1_000_000);
  return step <= 0 ? time : new Date(time.getTime() - ((time.getTime() - FIRST) % step));
}
