/** The registries of the field, each started on a free port of this machine and stopped with the test; absent elsewhere. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../../net/test/temporary-folder.ts';

export interface RealRegistry {
  readonly name: string;
  /** Empty when it is not there. */
  readonly path: string;
  readonly argv: (config: string) => readonly string[];
  /** Where its log says on which port it listens. */
  readonly listening: RegExp;
}

/** Neither lists referrers itself: both show what happens under the fallback tag. */
export const REAL_REGISTRIES: Readonly<Record<'goContainerRegistry' | 'distribution', RealRegistry>> = {
  goContainerRegistry: {
    name: "go-containerregistry's registry 0.22.1",
    path: existing([join(process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed'), 'registry-0.22.1/registry')]),
    argv: () => ['-port', '0'],
    listening: /serving on port (\d+)/,
  },
  distribution: {
    name: "Debian's docker-registry (distribution 2.8)",
    path: existing((process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'docker-registry'))),
    argv: (config) => ['serve', config],
    listening: /listening on 127\.0\.0\.1:(\d+)/,
  },
};

function existing(places: readonly string[]): string {
  return places.find((place) => existsSync(place)) ?? '';
}

export interface StartOptions {
  /** A line of an htpasswd file; for distribution alone. */
  readonly login?: string;
}

/** `127.0.0.1:PORT` */
export async function startRegistry({ path, argv, listening }: RealRegistry, { login }: StartOptions = {}): Promise<string> {
  const folder = temporaryFolder();
  const config = join(folder, 'config.json'); // JSON is YAML
  const passwords = join(folder, 'htpasswd');
  if (login !== undefined) writeFileSync(passwords, `${login}\n`);
  const auth = login === undefined ? {} : { auth: { htpasswd: { realm: 'registry', path: passwords } } };
  writeFileSync(config, JSON.stringify({ version: 0.1, storage: { inmemory: {}, delete: { enabled: true } }, http: { addr: '127.0.0.1:0' }, ...auth }));
  const child = spawn(path, argv(config), { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin', HOME: folder } });
  onTestFinished(() => stop(child));
  return `127.0.0.1:${await portOf(child, listening)}`;
}

function portOf(child: ChildProcess, listening: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    const read = (chunk: Buffer): void => {
      log += chunk.toString();
      const port = listening.exec(log)?.[1];
      if (port !== undefined) resolve(port);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the registry ended: ${log}`)));
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
