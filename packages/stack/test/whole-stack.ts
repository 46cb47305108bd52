/** A whole stack in this process, on a socket of its own, asked byte for byte as a client may ask. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import type { Json } from '@assay/core';
import { pino } from 'pino';
import type { Clock } from '../src/service.ts';
import { type Stack, startStack } from '../src/stack.ts';
import { jsonOf } from './json-of.ts';

export interface WholeStack {
  readonly folder: string;
  readonly stack: Stack;
  readonly origin: string;
  /** What it has logged of warnings and errors. */
  readonly complaints: string[];
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** Everything in its folder, as one digest; the lock and the log's own index of searches aside. */
  state(): string;
  /** What its services count, as `/metrics` tells it. */
  count(name: string): Promise<number>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined for what is not JSON. */
  readonly json: Json | undefined;
}

/** The caller closes it. */
export async function openWholeStack(folder: string, clock?: Clock): Promise<WholeStack> {
  const complaints: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => complaints.push(line) });
  const stack = await startStack({ directory: folder, log, ...(clock !== undefined && { clock }) });
  const { origin } = stack.endpoints;
  const ask = (path: string, options: AskOptions = {}): Promise<Answer> => askAt(origin, path, options);
  return {
    folder,
    stack,
    origin,
    complaints,
    ask,
    state: () => digestOfFolder(folder),
    count: async (name) => {
      const [, value] = new RegExp(`^assay_${name} (\\S+)$`, 'm').exec((await ask('/metrics')).text) ?? [];
      if (value === undefined) throw new Error(`there is no metric assay_${name}`);
      return Number(value);
    },
  };
}

/** The path goes as it is: nothing is made canonical, as `fetch` would. */
export function askAt(origin: string, path: string, { method = 'GET', headers = {}, body }: AskOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const asking = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: jsonOf(text) }));
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

function digestOfFolder(folder: string): string {
  const hash = createHash('sha256');
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('lock') && !entry.name.startsWith('search'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const name of names) hash.update(`${name}\n`).update(createHash('sha256').update(readFileSync(name)).digest());
  return hash.digest('hex');
}
