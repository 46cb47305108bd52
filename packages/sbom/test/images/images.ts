/**
 * Three images of kinds that people scan, made of what this machine has and of what tools/testbed.sh fetches:
 *
 *   debian   a minimal Debian; above it a layer that upgrades some packages, installs some, Python's among them, and removes one
 *   node     the same base, Node with npm, and an application with the dependencies of this workspace; above it a layer that removes some of them
 *   go       large Go programs over a base that has no package manager
 *
 * Versions are those that the mirror has when the testbed is made: what is found is held against what others find in the same image.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Layer, NewEntry } from '@assay/oci/image';
import { debianLayer, distrolessLayer, openDebs } from './debian-packages.ts';
import { copied } from './files.ts';
import { type Entries, writeImage, writeLayer } from './write-image.ts';

export const IMAGES = ['debian', 'node', 'go'] as const;
export type ImageName = (typeof IMAGES)[number];

/** What is missing to build them, in words; undefined when nothing is. */
export function missingForImages(): string | undefined {
  const missing = [DEBS.base, DEBS.update, ...GO_PROGRAMS.map(programPath)].filter((path) => !existsSync(path));
  return missing.length === 0 ? undefined : `no ${missing.join(', no ')}`;
}

/**
 * Where each lies as an OCI layout, in the testbed; nobody may write there. They take half a minute to build, so they stay until what they are made of
 * changes.
 */
export async function openImages(): Promise<Record<ImageName, string>> {
  const folder = join(TESTBED, `${BUILT}${ingredients()}`);
  if (!existsSync(folder)) {
    const building = mkdtempSync(join(TESTBED, '.building-'));
    await buildImages(building);
    for (const old of readdirSync(TESTBED)) if (old.startsWith(BUILT)) rmSync(join(TESTBED, old), { recursive: true, force: true });
    renameSync(building, folder);
  }
  return Object.fromEntries(IMAGES.map((name) => [name, join(folder, name)])) as Record<ImageName, string>;
}

/** Changes with what the images hold, and with how they are made of it. */
function ingredients(): string {
  const hash = createHash('sha256').update(`${process.version} ${GO_PROGRAMS.map(programPath)} ${NPM_FOLDERS.map((path) => versionIn(join(path, 'npm')))}`);
  for (const folder of [DEBS.base, DEBS.update]) hash.update(readdirSync(folder).toSorted().join());
  for (const name of readdirSync(import.meta.dirname).toSorted()) hash.update(readFileSync(join(import.meta.dirname, name)));
  for (const name of ['package.json', 'package-lock.json']) hash.update(readFileSync(join(ROOT, name)));
  return hash.digest('hex').slice(0, 16);
}

function versionIn(module: string): string {
  const path = join(module, 'package.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version : '';
}

async function buildImages(folder: string): Promise<void> {
  const opened = await openDebs(DEBS.update);
  const [minimal, update] = [[...(await openDebs(DEBS.base, opened)).values()], [...opened.values()]];
  const scratch = join(folder, 'layers');
  mkdirSync(scratch);
  const layer = (name: string, entries: Entries): Promise<Layer> => writeLayer(join(scratch, `${name}.tar.gz`), entries);
  const [bottom, upgrade, node, app, pruned, system, programs] = await Promise.all([
    layer('bottom', debianLayer([], minimal)),
    layer(
      'upgrade',
      debianLayer(
        minimal,
        update.filter(({ name }) => name !== REMOVED),
      ),
    ),
    layer('node', nodeLayer()),
    layer('app', appLayer()),
    layer('pruned', prunedLayer()),
    layer('system', distrolessLayer(update.filter(({ name }) => DISTROLESS.has(name)))),
    layer('programs', goLayer()),
  ]);
  const write = (name: ImageName, layers: readonly Layer[]): Promise<string> => writeImage(join(folder, name), `${name}:test`, layers);
  await write('debian', [bottom, upgrade]);
  await write('node', [bottom, node, app, pruned]);
  await write('go', [system, programs]);
  rmSync(scratch, { recursive: true });
}

/** npm as whatever Node is installed here brings it, if one is: the pinned one has none. */
function* nodeLayer(): Generator<NewEntry, void, void> {
  yield* copied(realpathSync(join(ROOT, 'node_modules/.bin/node')), 'usr/local/bin/node');
  const modules = NPM_FOLDERS.find((path) => existsSync(join(path, 'npm')));
  if (modules !== undefined) yield* copied(modules, 'usr/local/lib/node_modules');
}

/** What `npm ci --omit=dev` would install, but for the Node that is there already. */
function* appLayer(): Generator<NewEntry, void, void> {
  yield* copied(join(ROOT, 'package.json'), 'app/package.json');
  yield* copied(join(ROOT, 'package-lock.json'), 'app/package-lock.json');
  for (const path of dependencies()) yield* copied(join(ROOT, path), `app/${path}`, (below) => !below.startsWith('node_modules'));
}

function* prunedLayer(): Generator<NewEntry, void, void> {
  for (const path of dependencies().slice(0, 3)) yield { header: { name: `app/${dirname(path)}/.wh.${path.slice(path.lastIndexOf('/') + 1)}`, size: 0 } };
}

function dependencies(): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: true; link?: true }> };
  return Object.entries(packages).flatMap(([path, { dev, link }]) => (NODE_MODULE.test(path) && !dev && !link && existsSync(join(ROOT, path)) ? [path] : []));
}

function* goLayer(): Generator<NewEntry, void, void> {
  for (const program of GO_PROGRAMS) yield* copied(programPath(program), `usr/local/bin/${program.name}`);
}

interface Program {
  readonly name: string;
  readonly version: string;
}

function programPath({ name, version }: Program): string {
  return join(TESTBED, `${name}-${version}`, name);
}

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const TESTBED = process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed');
const DEBS = { base: join(TESTBED, 'debian-base-apt/base'), update: join(TESTBED, 'debian-base-apt/update') };
const BUILT = 'sbom-images-';
const NPM_FOLDERS = ['/usr/local/lib/node_modules', '/usr/lib/node_modules'];
const NODE_MODULE = /^node_modules\/(?!node-(?:bin|linux))/;
/** Of those that a minimal Debian has, and that no other needs. */
const REMOVED = 'e2fsprogs';
const DISTROLESS: ReadonlySet<string> = new Set(['base-files', 'ca-certificates', 'libc6', 'libssl3', 'tzdata']);
const GO_PROGRAMS: readonly Program[] = [
  { name: 'cosign', version: '3.1.3' },
  { name: 'crane', version: '0.22.1' },
  { name: 'helm', version: '3.22.0' },
  { name: 'registry', version: '0.22.1' },
];
