/** A TUF repository in a folder of its own, and our own client in front of it: one that follows it, and any number that begin anew. */
import { makeTufKey, type TufKey } from '@assay/make';
import type { HttpClient } from '@assay/net';
import { fetchTarget } from '@assay/trust';
import { Hono } from 'hono';
import { pino } from 'pino';
import type { Disk } from '../src/store/disk.ts';
import { openDisk } from '../src/store/disk.ts';
import { openTufRepository, type TufKeys, type TufService, type TufTarget } from '../src/tuf/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const MIRROR = 'http://127.0.0.1:4100/tuf';
export const NOW = new Date('2026-08-25T00:00:00Z');
export const DAY_MS = 86_400_000;

export function makeKeys({ root = 3, targets = 1 }: { root?: number; targets?: number } = {}): TufKeys {
  const make = (count: number): TufKey[] => Array.from({ length: count }, () => makeTufKey('ecdsa'));
  return { root: make(root), targets: make(targets), online: makeTufKey('ecdsa') };
}

/** The targets of every publication here: one that changes, and one for older clients. */
export function targetsOf(text: string): TufTarget[] {
  return [
    { name: 'trusted_root.json', bytes: Buffer.from(text) },
    { name: 'fulcio.crt.pem', bytes: Buffer.from('a certificate'), custom: { sigstore: { usage: 'Fulcio', status: 'Active', uri: 'http://127.0.0.1' } } },
  ];
}

export interface TufScene {
  readonly folder: string;
  readonly keys: TufKeys;
  readonly tuf: TufService;
  /** The time of the repository and of its clients. */
  now: Date;
  /** Closes it and opens it again. */
  restart(options?: OpenOptions): Promise<void>;
  /** What a client gets that knows this root, or that has followed so far. Throws what it throws. */
  fresh(root: Uint8Array, name?: string): Promise<string>;
  follow(): Promise<string>;
  /** Everything that is served at that path; undefined for 404. */
  served(path: string): Promise<Uint8Array | undefined>;
}

export interface OpenOptions {
  readonly disk?: Disk;
  readonly keys?: TufKeys;
  readonly otherKeys?: readonly TufKey[];
}

export async function openTufScene({ folder = temporaryFolder(), keys = makeKeys(), ...options }: OpenOptions & { folder?: string } = {}): Promise<TufScene> {
  const followed = temporaryFolder();
  let firstRoot: Uint8Array | undefined;
  const open = ({ disk = openDisk(folder), ...rest }: OpenOptions): Promise<TufService> =>
    openTufRepository({ disk, clock: () => scene.now, baseUrl: MIRROR, log: pino({ level: 'silent' }), keys, ...rest });
  const get = (name: string, cacheDir: string, initialRoot: Uint8Array) =>
    fetchTarget(name, { http: clientOf(scene.tuf), now: scene.now, cacheDir, tufMirror: MIRROR, initialRoot, requireFresh: true, maxAgeMs: 0 });
  const scene: TufScene = {
    folder,
    keys,
    now: NOW,
    tuf: undefined as unknown as TufService,
    restart: async (again = options) => {
      await scene.tuf.close();
      Object.assign(scene, { tuf: await open(again) });
    },
    fresh: async (root, name = 'trusted_root.json') => textOf((await get(name, temporaryFolder(), root)).bytes),
    follow: async () => {
      firstRoot ??= scene.tuf.root();
      return textOf((await get('trusted_root.json', followed, firstRoot)).bytes);
    },
    served: (path) => ask(scene.tuf, path),
  };
  return Object.assign(scene, { tuf: await open(options) });
}

/** Without a socket. */
function clientOf(tuf: TufService): HttpClient {
  const mounted = new Hono().route('/tuf', tuf.app);
  return {
    request: async (url) => {
      const response = await mounted.fetch(new Request(url));
      const body = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, headers: Object.fromEntries(response.headers), url: String(url), body };
    },
    stream: () => Promise.reject(new Error('nothing of TUF is streamed')),
    close: () => undefined,
  };
}

async function ask(tuf: TufService, path: string): Promise<Uint8Array | undefined> {
  const response = await tuf.app.fetch(new Request(`http://127.0.0.1/${path}`));
  return response.status === 404 ? undefined : new Uint8Array(await response.arrayBuffer());
}

export interface Metadata {
  readonly signatures: { readonly keyid: string; readonly sig: string }[];
  readonly signed: { readonly version: number; readonly expires: string; readonly [member: string]: unknown };
}

export function parse(bytes: Uint8Array | undefined): Metadata {
  return JSON.parse(textOf(bytes ?? new Uint8Array(0))) as Metadata;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
