/**
 * Where crane's tests play: an empty registry, and a folder with layers as the working folder. The layers are compressed by hand, without compression:
 * any zlib would do, but not every zlib makes the same bytes, and here digests are compared.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type NewEntry, writeTar } from '@assay/oci/image';
import { serveRegistry, type TestRegistry } from '@assay/testkit';
import { runOf } from './child-run.ts';
import type { Run, Scratch } from './run-cli.ts';

export interface CraneScene {
  readonly registry: TestRegistry;
  readonly scratch: Scratch;
}

export async function openCraneScene(scratch: Scratch): Promise<CraneScene> {
  const registry = await serveRegistry();
  const layers: Record<string, Files> = {
    'l1.tar': { 'etc/': '', 'etc/hello': 'hello\n' },
    'l2.tar': { 'etc/': '', 'etc/two': 'two\n', 'etc/.wh.hello': '' },
    'twice.tar': { a: 'one\n', './b': 'two\n', b: 'three\n' },
  };
  for (const [name, files] of Object.entries(layers)) {
    const tar = await tarOf(files);
    scratch.write(name, tar);
    scratch.write(`${name}.gz`, storedGzip(tar));
  }
  return { registry, scratch };
}

export type Files = Readonly<Record<string, string>>;

/** Names that end in a slash are folders. */
export async function tarOf(files: Files): Promise<Buffer> {
  const entries = async function* (): AsyncGenerator<NewEntry, void, void> {
    for (const [name, body] of Object.entries(files)) {
      const bytes = Buffer.from(body);
      if (name.endsWith('/')) yield { header: { name, size: 0, type: 'directory', mode: 0o755 } };
      else yield { header: { name, size: bytes.length }, content: once(bytes) };
    }
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(entries())) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

/** RFC 1952 around blocks of RFC 1951, section 3.2.4. */
export function storedGzip(bytes: Uint8Array): Buffer {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 0xffff) {
    const block = bytes.subarray(at, at + 0xffff);
    const head = Buffer.alloc(5, at + 0xffff >= bytes.length ? 1 : 0);
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(block.length ^ 0xffff, 3);
    blocks.push(head, block);
  }
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(bytes), 0);
  tail.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]), ...blocks, tail]);
}

export const CRANE_VERSION = '0.22.1';

/** Path of the real crane, or empty. */
export function findCrane(): string {
  return findTool('crane', ['version'], CRANE_VERSION);
}

/** The in-memory registry that comes with it, or empty. */
export function findRegistry(): string {
  return findTool('registry', undefined, CRANE_VERSION);
}

function findTool(name: string, versionArgs: readonly string[] | undefined, version: string): string {
  const testbed = process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed');
  const own = join(testbed, `${name}-${version}`, name);
  if (existsSync(own)) return own;
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  return versionArgs === undefined ? '' : (onPath.find((place) => existsSync(place) && says(place, versionArgs, version)) ?? '');
}

function says(place: string, args: readonly string[], version: string): boolean {
  try {
    return execFileSync(place, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).includes(version);
  } catch {
    return false;
  }
}

/** No proxy of the user's takes part. */
export function runRealCrane(path: string, argv: readonly string[], home: string): Promise<Run> {
  return runOf(spawn(path, argv, { env: { HOME: home, NO_PROXY: '127.0.0.1' }, timeout: 60_000 }));
}

/** What changes from run to run: times, the port, and the order of what happens at once. */
export function steady({ status, stdout, stderr }: Run, host: string): Run {
  const clean = (text: string) => text.replaceAll(host, '$R').replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /gm, 'TIME ');
  const isBlob = (line: string | undefined) => line !== undefined && / blob: /.test(line);
  const sorted: string[] = [];
  for (const line of clean(stderr).split('\n')) {
    let place = sorted.length;
    while (isBlob(line) && isBlob(sorted[place - 1]) && (sorted[place - 1] as string) > line) place -= 1;
    sorted.splice(place, 0, line);
  }
  // A transcript cannot say that the last line has no end.
  return { status, stdout: clean(stdout).replace(/([^\n])$/, '$1\n'), stderr: sorted.join('\n') };
}
