/**
 * Services as the `create` commands name them, one flag each: `url=https://rekor.example,start-time=2025-01-01T00:00:00Z,…` (cosign.md section 1,
 * "bundle / trusted-root / signing-config"). Values hold no comma; names that no command knows are ignored, as cosign ignores them.
 */
import { parseRfc3339 } from '@assay/core';
import { CommandError } from '../cobra/failure.ts';

export type ServiceSpec = ReadonlyMap<string, string>;

export function parseServiceSpec(text: string): ServiceSpec {
  return new Map(text.split(',').map(readPair));
}

function readPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  if (at < 0) throw new CommandError(`invalid key-value pair: ${pair}`);
  return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

/** `validFor` of protobuf JSON. */
export interface Validity {
  readonly start: string;
  readonly end?: string;
}

/** `defaultStart` stands in for a `start-time` that is absent or empty. */
export function validityOf(spec: ServiceSpec, defaultStart?: Date): Validity {
  const [start = '', end = ''] = [spec.get('start-time'), spec.get('end-time')];
  return {
    start: start === '' && defaultStart !== undefined ? protoTime(defaultStart) : protoTime(named('start-time', start)),
    ...(end !== '' && { end: protoTime(named('end-time', end)) }),
  };
}

function named(name: string, text: string): Date {
  try {
    return parseTime(text);
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(`parsing ${name}: ${error.message}`);
    throw error;
  }
}

/** RFC 3339. */
export function parseTime(text: string): Date {
  const time = parseRfc3339(text);
  if (time !== undefined) return time;
  const reason = /^\d{4}/.test(text) ? 'not a time of that form' : `cannot parse ${JSON.stringify(text)} as "2006"`;
  throw new CommandError(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": ${reason}`);
}

/** As protobuf JSON writes times: no fraction of zero. */
export function protoTime(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z');
}

/** A whole number of 32 bits, in the words of Go. */
export function parseUint32(text: string): number {
  if (!/^\d+$/.test(text)) throw new CommandError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (value >= 2 ** 32) throw new CommandError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}
