/**
 * What this instance is: its address, and which keys it has had when.
 *
 *   stack.json  { version, origin, listen?, created, generations: { ca: [{ number, start, end? }], … } }
 *
 * A generation is a key (or a chain, or a log) with the time it was in use. Rotation ends the last one and adds the next; none is ever
 * removed, because what it signed is verified for ever. Numbers name the files: generation 2 of `tsa` has `keys/tsa-2.pem`.
 */
import { randomBytes } from 'node:crypto';
import { type Fields, parseFields, TrustError, utf8 } from '@assay/core';
import type { Disk } from './store/disk.ts';
import { wholeSecond } from './whole-second.ts';

export const GENERATION_KINDS = ['ca', 'ctlog', 'rekorV1', 'rekorV2', 'tsa', 'tuf', 'oidc'] as const;
export type GenerationKind = (typeof GENERATION_KINDS)[number];

export interface Generation {
  /** From 1. */
  readonly number: number;
  readonly start: Date;
  /** Of its use for new signatures; the last one of a kind has none. */
  readonly end?: Date;
  /** Of Rekor v1: the shard's number in entry ids. */
  readonly treeId?: bigint;
}

export interface Instance {
  /** Scheme, host and port: `http://127.0.0.1:4100`. Base URLs are in trust roots, so it stays what it was at first. */
  readonly origin: string;
  /** Where it listens, when that is not the origin: behind a proxy. */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly created: Date;
  /** The oldest first; none is empty. */
  readonly generations: Readonly<Record<GenerationKind, readonly Generation[]>>;
}

export function newInstance(origin: string, now: Date): Instance {
  // sigstore-js drops the fraction of a timestamp's time: what was signed in the first second would be older than its authority.
  const start = wholeSecond(now);
  const first = (): Generation[] => [{ number: 1, start }];
  const rekorV1: Generation[] = [{ number: 1, start, treeId: newTreeId() }];
  return { origin, created: start, generations: { ca: first(), ctlog: first(), rekorV1, rekorV2: first(), tsa: first(), tuf: first(), oidc: first() } };
}

/** With the last generation of `kind` ended at `end`, and the next one beginning at `start`. */
export function nextGeneration(instance: Instance, kind: GenerationKind, { start, end }: { start: Date; end: Date }): Instance {
  const before = instance.generations[kind];
  const next: Generation = { number: before.length + 1, start: wholeSecond(start), ...(kind === 'rekorV1' && { treeId: newTreeId() }) };
  const ended = before.map((generation) => (generation.end === undefined ? { ...generation, end } : generation));
  return { ...instance, generations: { ...instance.generations, [kind]: [...ended, next] } };
}

/** The one that new signatures are made with. */
export function current(instance: Instance, kind: GenerationKind): Generation {
  return instance.generations[kind].at(-1) as Generation;
}

/** Positive, and at least 16 digits, as the tree ids of real shards are. */
function newTreeId(): bigint {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | (1n << 60n);
}

/** Undefined where there is none yet. Errors: `STACK_DATA`. */
export async function readInstance(disk: Disk): Promise<Instance | undefined> {
  const bytes = await disk.read(FILE);
  if (bytes === undefined) return undefined;
  const fields = parseFields(bytes, { what: `${disk.root}/${FILE}`, parse: 'STACK_DATA', shape: 'STACK_DATA' });
  if (fields.int64('version') !== VERSION) fields.refuse('version', `only ${VERSION} is known; it was written by a newer release`);
  const all = fields.object('generations');
  const listen = fields.optionalObject('listen');
  const generations = Object.fromEntries(GENERATION_KINDS.map((kind) => [kind, readGenerations(all, kind)]));
  return {
    origin: fields.string('origin'),
    ...(listen !== undefined && { listen: { host: listen.string('host'), port: Number(listen.int64('port')) } }),
    created: fields.optionalTime('created') ?? fields.missing('created'),
    generations: generations as Record<GenerationKind, Generation[]>,
  };
}

function readGenerations(all: Fields, kind: GenerationKind): Generation[] {
  const list = all.objects(kind, MAX_GENERATIONS);
  if (list.length === 0) all.missing(kind);
  return list.map((item, i) => {
    const end = item.optionalTime('end');
    const treeId = item.optionalInt64('treeId');
    if (item.int64('number') !== BigInt(i + 1)) item.refuse('number', `expected ${i + 1}: generations are numbered without a gap`);
    if ((treeId === undefined) === (kind === 'rekorV1')) item.missing('treeId');
    return {
      number: i + 1,
      start: item.optionalTime('start') ?? item.missing('start'),
      ...(end !== undefined && { end }),
      ...(treeId !== undefined && { treeId }),
    };
  });
}

export async function writeInstance(disk: Disk, { origin, listen, created, generations }: Instance): Promise<void> {
  const json = { version: Number(VERSION), origin, listen, created, generations };
  const text = JSON.stringify(json, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2);
  await disk.write(FILE, utf8(`${text}\n`));
}

/** As `readInstance`, where there has to be one. Errors: `STACK_DATA`. */
export async function requireInstance(disk: Disk): Promise<Instance> {
  const instance = await readInstance(disk);
  if (instance !== undefined) return instance;
  throw new TrustError('STACK_DATA', `${disk.root}: there is no stack in this folder`, { hint: 'make one: assay stack up --data DIR' });
}

const FILE = 'stack.json';
const VERSION = 1n;
const MAX_GENERATIONS = 1000;
