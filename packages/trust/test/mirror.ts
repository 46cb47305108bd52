/** TUF mirrors for tests: a repository made on the spot, served on the loopback interface, and a folder for its cache. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { makeTufRepository, type TufRepository, type TufRepositoryOptions } from '@assay/make';
import { onTestFinished } from 'vitest';
import { type Loopback, serve } from '../../net/test/loopback.ts';

export const NOW = new Date('2026-08-25T00:00:00Z');
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

export function later(ms: number): Date {
  return new Date(NOW.getTime() + ms);
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

export function repositoryWithRoot(options: Partial<TufRepositoryOptions> = {}): TufRepository {
  return makeTufRepository({ now: NOW, targets: { 'trusted_root.json': bytes('root 1') }, ...options });
}

export interface Mirror extends Loopback {
  readonly repository: TufRepository;
  /** What happens to requests: served, answered with 503, or left without an answer. */
  mode: 'up' | 'down' | 'silent';
}

export async function mirrorOf(repository: TufRepository): Promise<Mirror> {
  const server = await serve((request, response) => {
    if (mirror.mode === 'silent') return;
    if (mirror.mode === 'down') return void response.writeHead(503).end();
    const content = repository.files.get((request.url ?? '').slice(1));
    if (content === undefined) response.writeHead(404).end();
    else response.end(content);
  });
  const mirror: Mirror = { ...server, repository, mode: 'up' };
  return mirror;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assay-trust-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below a folder, by relative path. */
export function filesBelow(folder: string, skip: readonly string[] = []): Record<string, string> {
  const paths = (readdirSync(folder, { recursive: true }) as string[]).map((path) => join(folder, path));
  const files = paths.filter((path) => statSync(path).isFile() && !skip.some((name) => path.endsWith(name)));
  return Object.fromEntries(files.sort().map((path) => [relative(folder, path), readFileSync(path, 'latin1')]));
}
