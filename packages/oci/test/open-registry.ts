/** A registry of the testkit, and our client in front of it that neither waits nor dices. Both end with the test. */
import { createHttpClient, type HttpClient, type HttpClientOptions } from '@assay/net';
import { type RegistryContent, type RegistryOptions as ServeOptions, serveRegistry, type TestRegistry } from '@assay/testkit';
import { onTestFinished } from 'vitest';
import { openRegistries, type Registries, type RegistryOptions } from '../src/registry/registry.ts';
import type { RepositoryClient } from '../src/registry/repository.ts';

export interface OpenOptions extends Omit<RegistryOptions, 'http'> {
  readonly http?: HttpClientOptions;
}

export interface Opened {
  readonly registry: TestRegistry;
  readonly content: RegistryContent;
  readonly host: string;
  readonly registries: Registries;
  /** Milliseconds, one for each wait that was asked for. */
  readonly waits: readonly number[];
  repository(name?: string): RepositoryClient;
  /** What was asked so far, as `stepOf` shortens it. */
  steps(): string[];
  /** Forgets what was asked so far. */
  forget(): void;
}

export async function openRegistry(serve: ServeOptions = {}, options: OpenOptions = {}): Promise<Opened> {
  const registry = await serveRegistry(serve);
  onTestFinished(() => registry.close());
  const { registries, waits } = openClient(options);
  return {
    registry,
    content: registry.content,
    host: registry.host,
    registries,
    waits,
    repository: (name = 'app') => registries.repository({ registry: registry.host, repository: name }),
    steps: () => registry.requests.map(stepOf),
    forget: () => registry.reset(),
  };
}

export function openClient({ http: httpOptions, ...options }: OpenOptions = {}): { registries: Registries; http: HttpClient; waits: number[] } {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  const http = createHttpClient({ sleep, random: () => 1, ...httpOptions });
  onTestFinished(() => http.close());
  return { registries: openRegistries({ http, sleep, ...options }), http, waits };
}

/** `GET app/manifests/DIGEST`: without what differs from run to run. */
export function stepOf({ method, path }: { readonly method: string; readonly path: string }): string {
  const short = path
    .replace(/^\/v2\//, '')
    .replace(/(blobs\/uploads\/)[0-9a-f-]{36}/, '$1ID')
    .replace(/sha256([:-])[0-9a-f]{64}/g, (_, joint: string) => (joint === ':' ? 'DIGEST' : 'sha256-HEX'))
    .replace(/\?.*$/, '');
  return `${method} ${short}`;
}

export async function drained(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
