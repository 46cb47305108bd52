/** A registry in a folder of its own, asked without a socket or over one; what it asks of the disk may fail in named ways. */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { openRegistry, type RegistryOptions } from '../src/registry/registry.ts';
import type { Service } from '../src/service.ts';
import { type Disk, openDisk } from '../src/store/disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

export { temporaryFolder };

export const NOW = new Date('2026-08-25T00:00:00Z');
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json';

export interface SceneOptions extends RegistryOptions {
  readonly folder?: string;
  readonly disk?: Disk;
  readonly clock?: () => Date;
}

export interface Scene {
  readonly folder: string;
  readonly registry: Service;
  at(path: string, init?: RequestInit): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly text: string;
}

export async function openScene({ folder = temporaryFolder(), ...options }: SceneOptions = {}): Promise<Scene> {
  const context = { disk: openDisk(folder), clock: () => NOW, baseUrl: 'http://127.0.0.1', log: pino({ level: 'silent' }) };
  const registry = await openRegistry({ ...context, ...options });
  return { folder, registry, at: (path, init) => ask(registry, path, init) };
}

export async function ask({ app }: Service, path: string, init: RequestInit = {}): Promise<Answer> {
  const request = new Request(`http://127.0.0.1${path}`, { ...init, ...(init.body instanceof ReadableStream && { duplex: 'half' }) } as RequestInit);
  const response = await app.fetch(request);
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: Object.fromEntries(response.headers), body, text: Buffer.from(body).toString() };
}

export function codesOf({ text }: Answer): string[] {
  return (JSON.parse(text) as { errors: { code: string }[] }).errors.map(({ code }) => code);
}

export function digestOf(bytes: Uint8Array | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Pushes it at once. */
export async function putBlob({ at }: Pick<Scene, 'at'>, repository: string, content: string | Uint8Array): Promise<Placed> {
  const digest = digestOf(content);
  const answer = await at(`/v2/${repository}/blobs/uploads/?digest=${digest}`, { method: 'POST', body: content as BodyInit });
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return { mediaType: 'application/octet-stream', digest, size: content.length };
}

export interface Placed {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface ImageOptions {
  readonly reference?: string;
  readonly layer?: string;
  readonly more?: object;
}

/** An image of one layer, by tag or by digest. */
export async function putImage(scene: Pick<Scene, 'at'>, repository: string, { reference, layer = 'layer', more = {} }: ImageOptions = {}): Promise<Placed> {
  const config = { ...(await putBlob(scene, repository, '{}')), mediaType: 'application/vnd.oci.image.config.v1+json' };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [await putBlob(scene, repository, layer)], ...more });
  const digest = digestOf(manifest);
  const answer = await putManifest(scene, repository, reference ?? digest, manifest);
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return { mediaType: OCI_MANIFEST, digest, size: manifest.length };
}

export function putManifest(scene: Pick<Scene, 'at'>, repository: string, reference: string, body: string | Uint8Array, type = OCI_MANIFEST): Promise<Answer> {
  return scene.at(`/v2/${repository}/manifests/${reference}`, { method: 'PUT', headers: { 'Content-Type': type }, body: body as BodyInit });
}

/** In pieces, and at the end it breaks when told so. */
export function streamOf(pieces: readonly Uint8Array[], end: 'whole' | 'broken' = 'whole'): ReadableStream<Uint8Array> {
  const rest = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = rest.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (end === 'whole') controller.close();
      else controller.error(new Error('the connection broke'));
    },
  });
}

/** Every file below a folder, by relative path. */
export function filesBelow(folder: string): string[] {
  const paths = (readdirSync(folder, { recursive: true }) as string[]).map((path) => join(folder, path));
  return paths
    .filter((path) => statSync(path).isFile())
    .map((path) => relative(folder, path))
    .sort();
}

/** The app on a free port of this machine, as the process serves it. */
export async function serveApp(app: Hono): Promise<{ readonly url: string; readonly host: string; close(): Promise<void> }> {
  const server = createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
