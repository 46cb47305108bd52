/** The package as users get it: built, installed into an empty folder, and started as a process. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPackage } from '../tools/build.ts';

export interface Published {
  readonly folder: string;
  /** The installed `assay`. */
  readonly assay: string;
  /** With the pinned Node first on PATH, and a home of its own: nothing of the user's is read or written. */
  readonly env: NodeJS.ProcessEnv;
  remove(): void;
}

export async function installPublished(): Promise<Published> {
  const { tarball } = await buildPackage();
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  execFileSync('npm', ['install', '--prefix', folder, '--offline', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error', tarball], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { ASSAY_TRUST: _trust, NODE_OPTIONS: _options, ...rest } = process.env;
  const env = { ...rest, HOME: home, XDG_CACHE_HOME: join(home, '.cache'), PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` };
  return { folder, assay: join(folder, 'node_modules/.bin/assay'), env, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs to the end and returns milliseconds. Anything but success is a broken benchmark, told in full. */
export function timeProcess(command: string, args: readonly string[], env: NodeJS.ProcessEnv): number {
  const start = performance.now();
  const { status, error, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  const duration = performance.now() - start;
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}\nended with status ${status}${error === undefined ? '' : ` (${error.message})`}\n${stdout}${stderr}`);
  return duration;
}

/** Peak resident memory in bytes of one run of ours, as the process itself reads it when it ends. */
export function peakMemory(published: Published, args: readonly string[]): number {
  const result = join(published.folder, 'peak');
  const preload = fileURLToPath(new URL('report-memory.mjs', import.meta.url));
  const env = { ...published.env, NODE_OPTIONS: `--import=${preload}`, ASSAY_BENCH_PEAK: result };
  timeProcess(published.assay, args, env);
  return Number(readFileSync(result, 'utf8'));
}

export interface Peer {
  readonly path: string;
  readonly version: string;
}

/** cosign from the testbed's cache, else from PATH. */
export function findCosign(): Peer | undefined {
  const testbed = process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed');
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'cosign'));
  const path = [join(testbed, `cosign-${COSIGN}/cosign`), ...onPath].find((candidate) => existsSync(candidate));
  if (path === undefined) return undefined;
  const { stdout, stderr } = spawnSync(path, ['version'], { encoding: 'utf8' });
  return { path, version: /GitVersion:\s*v?(\S+)/.exec(stdout + stderr)?.[1] ?? 'of unknown version' };
}

const COSIGN = '3.1.3';
