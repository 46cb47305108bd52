/** A Rekor v2 log in memory that is followed, and may be exchanged for another one between two rounds. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exactly, isTrustError, type LogInstance, type TrustError } from '@assay/core';
import type { HttpClient, HttpResponse } from '@assay/net';
import { createInstance, type Handler, type Instance, rekorV2Stub, rekorV2Tiles, type SignOptions, type TileFault } from '@assay/testkit';
import { type FollowOptions, followLog, type LogEvent, openLog, type Watch } from '../src/monitor/index.ts';
import { scratchFolder } from './key-context.ts';
import { ARTIFACT, trustedRootOf } from './services.ts';

export const ALICE: SignOptions = { identity: { type: 'email', value: 'alice@example.com' }, oidcIssuer: 'https://issuer.example' };
export const BOB: SignOptions = { identity: { type: 'email', value: 'bob@example.com' }, oidcIssuer: 'https://issuer.example' };
export const NOBODY: Watch = { identities: [], issuers: [], keys: [], digests: [] };
export const WATCH_ALICE: Watch = { ...NOBODY, identities: [exactly('alice@example.com')] };

export class FollowedLog {
  readonly instance: Instance;
  readonly stateFile = join(scratchFolder(), 'log.checkpoint');
  /** Who answers. */
  handler: Handler;
  /** Paths, in the order in which they were asked for. */
  readonly asked: string[] = [];
  logs: readonly LogInstance[];

  constructor(before = 11) {
    this.instance = createInstance({ fillers: { before, after: 0 } });
    this.handler = rekorV2Tiles(this.instance, rekorV2Stub(this.instance));
    this.logs = logsOf(this.instance);
  }

  get size(): number {
    return this.instance.rekorV2.tree.size;
  }

  /** Puts a signing of the artifact on record; returns its index. */
  sign(options: SignOptions): bigint {
    return signIn(this.instance, options);
  }

  lie(fault: TileFault): void {
    this.handler = rekorV2Tiles(this.instance, rekorV2Stub(this.instance), fault);
  }

  /** Answered by another instance from now on, whose log has the same name and key. */
  replaceBy(other: Instance): void {
    Object.defineProperty(other.rekorV2, 'key', { value: this.instance.rekorV2.key });
    this.handler = rekorV2Tiles(other, rekorV2Stub(other));
  }

  /** One round. */
  async follow(options: Partial<FollowOptions> = {}): Promise<LogEvent[]> {
    const place = { url: 'http://log.test', http: this.#http(), logs: this.logs };
    const events: LogEvent[] = [];
    const following = followLog(place, await openLog(place), { stateFile: this.stateFile, watch: WATCH_ALICE, sleep: async () => undefined, ...options });
    for await (const event of following) events.push(event);
    return events;
  }

  async refusal(options: Partial<FollowOptions> = {}): Promise<TrustError> {
    try {
      const events = await this.follow(options);
      throw new Error(`accepted: ${events.map(({ kind }) => kind).join(', ')}`);
    } catch (error) {
      if (isTrustError(error)) return error;
      throw error;
    }
  }

  get state(): string {
    return readFileSync(this.stateFile, 'utf8');
  }

  /** What lies beside the state. */
  get others(): string[] {
    return readdirSync(dirname(this.stateFile)).filter((name) => name !== 'log.checkpoint');
  }

  #http(): HttpClient {
    return httpOver(async (request) => {
      this.asked.push(new URL(request.url).pathname);
      return this.handler(request);
    });
  }
}

export function signIn(instance: Instance, options: SignOptions): bigint {
  const { expected } = instance.sign(ARTIFACT, { ...options, log: 'v2' });
  return expected.logIndexes[0] as bigint;
}

export function logsOf(instance: Instance): readonly LogInstance[] {
  return trustedRootOf(instance).logs.filter(({ baseUrl }) => baseUrl === instance.rekorV2.baseUrl);
}

/** A client without sockets: there are thousands of requests to make. */
export function httpOver(handler: Handler): HttpClient {
  const request = async (
    url: string | URL,
    options: { method?: string; headers?: Readonly<Record<string, string>>; body?: unknown } = {},
  ): Promise<HttpResponse> => {
    const { method = 'GET', headers = {}, body } = options;
    const response = await handler(new Request(url, { method, headers, ...(typeof body === 'string' && { body }) }));
    return { status: response.status, headers: Object.fromEntries(response.headers), url: String(url), body: new Uint8Array(await response.arrayBuffer()) };
  };
  return { request, stream: () => Promise.reject(new Error('not needed')), close: () => undefined };
}
