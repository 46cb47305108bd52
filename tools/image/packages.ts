/**
 * Debian's packages with the shared libraries that Node is linked to. `packages.lock` pins them, one a line: NAME VERSION ARCHITECTURE SHA256.
 *
 * They come from the apt sources of this machine, for whatever architecture: apt gets a state of its own, so the machine's stays as it is.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { sourceOf } from '@assay/oci';
import { readTar } from '@assay/oci/image';
import { cachedPath, inScratch, isCached, keep, type Pin } from './fetched.ts';
import { type ImagePlatform, PLATFORMS } from './platforms.ts';
import { run, runForBytes } from './run.ts';
import type { Node, Tree } from './tree.ts';

export const PACKAGES_LOCK: string = join(import.meta.dirname, 'packages.lock');

interface LockedPackage extends Pin {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** Libraries, what their licences ask for, and the records by which scanners know them. */
export async function libraries({ architecture }: ImagePlatform, lock: string = PACKAGES_LOCK): Promise<Tree> {
  const wanted = lockedPackages(lock).filter((one) => one.architecture === architecture);
  await fetchPackages(
    wanted.filter((one) => !isCached(one)),
    architecture,
  );
  const trees = await Promise.all(wanted.map(unpack));
  const tree = new Map(trees.flatMap((one) => [...one]));
  const missing = LIBRARIES.filter((name) => ![...tree.keys()].some((path) => path.endsWith(`/${name}`)));
  if (missing.length > 0) throw new Error(`no package of tools/image/packages.lock holds ${missing.join(', ')} for ${architecture}`);
  return tree;
}

/** Writes the lock file anew, with what apt would install now. */
export async function refreshLock(lock: string = PACKAGES_LOCK): Promise<void> {
  const lines: string[] = [];
  for (const { architecture } of PLATFORMS) {
    await withApt(architecture, (apt) => {
      const uris = apt(['download', '--print-uris', ...NAMES]);
      const found = [...uris.matchAll(/^'\S+' (\S+)_(\S+)_\S+\.deb \d+ SHA256:([0-9a-f]{64})$/gm)];
      if (found.length !== NAMES.length) throw new Error(`apt does not know all of ${NAMES.join(', ')} for ${architecture}:\n${uris}`);
      for (const [, name, version = '', sha256] of found) lines.push(`${name} ${decodeURIComponent(version)} ${architecture} ${sha256}`);
    });
  }
  writeFileSync(lock, `${HEAD}${lines.toSorted().join('\n')}\n`);
}

function lockedPackages(lock: string): LockedPackage[] {
  const lines = readFileSync(lock, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [name, version, architecture, hash, ...rest] = line.split(' ');
    if (!name || !version || !architecture || !hash?.match(/^[0-9a-f]{64}$/) || rest.length > 0)
      throw new Error(`tools/image/packages.lock: malformed: ${line}`);
    // A colon in a version stands behind the epoch; file systems elsewhere know none.
    return { name, version, architecture, hash, algorithm: 'sha256', fileName: `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb` };
  });
}

async function fetchPackages(packages: readonly LockedPackage[], architecture: string): Promise<void> {
  if (packages.length === 0) return;
  await withApt(architecture, (apt, folder) => {
    apt(['download', ...packages.map(({ name, version }) => `${name}=${version}`)], HINT);
    for (const one of packages) {
      const file = readdirSync(folder).find((name) => name.startsWith(`${one.name}_`) && name.endsWith('.deb'));
      if (file === undefined) throw new Error(`apt has fetched no ${one.name}`);
      keep(join(folder, file), one);
    }
  });
}

type Apt = (argv: readonly string[], hint?: string) => string;

/** apt for another architecture, say, without telling dpkg of it; in a folder where downloads end up. */
function withApt(architecture: string, work: (apt: Apt, folder: string) => void): Promise<void> {
  return inScratch(async (folder) => {
    for (const path of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, 'status'), '');
    const settings = {
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
      'APT::Sandbox::User': 'root', // the folder is ours, not that of apt's own user
      'Acquire::Languages': 'none',
      'Dir::State': join(folder, 'state'),
      'Dir::State::status': join(folder, 'status'),
      'Dir::Cache': join(folder, 'cache'),
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const apt: Apt = (argv, hint) => run('apt-get', ['-qq', ...options, ...argv], { cwd: folder, ...(hint !== undefined && { hint }) });
    apt(['update']);
    work(apt, folder);
  });
}

async function unpack(one: LockedPackage): Promise<Tree> {
  const path = cachedPath(one);
  const tar = runForBytes('dpkg-deb', ['--fsys-tarfile', path], { cwd: '/' });
  const tree = new Map<string, Node>();
  for await (const { header, content } of readTar(sourceOf(tar).open(), one.fileName)) {
    const name = header.name.replace(/^\.\//, '');
    if (!isKept(name)) continue;
    if (header.type === 'symlink') tree.set(name, { type: 'link', target: header.linkname });
    if (header.type === 'file') tree.set(name, { type: 'file', content: await buffer(content), executable: (header.mode & 0o100) !== 0 });
  }
  tree.set(`var/lib/dpkg/status.d/${one.name}`, { type: 'file', content: runForBytes('dpkg-deb', ['--field', path], { cwd: '/' }) });
  return tree;
}

function isKept(path: string): boolean {
  const isLibrary = /^(?:usr\/)?lib(?:64)?\//.test(path) && LIBRARIES.some((name) => path.endsWith(`/${name}`) || path.includes(`/${name}.`));
  return isLibrary || LOADER.test(path) || DOCUMENTS.test(path);
}

const HEAD = `# Written by \`npm run image -- --refresh-packages\`, from the apt sources of Debian 12: name, version, architecture, SHA-256.
`;
const HINT =
  'The versions in tools/image/packages.lock are those of Debian 12; its mirrors keep only the newest. If they have moved on, run ' +
  '`npm run image -- --refresh-packages`, see what has changed, and commit it.';

/** gcc-12-base has the licence of the two in front of it. */
const NAMES = ['base-files', 'gcc-12-base', 'libc6', 'libgcc-s1', 'libstdc++6'];

/** What Node says it needs, on every platform; the C library finds names of hosts without more. */
const LIBRARIES = ['libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libm.so.6', 'libpthread.so.0', 'libstdc++.so.6'];
const LOADER = /^lib(?:64)?\/(?:[^/]+\/)?ld-linux-[^/]+$/;
const DOCUMENTS = /^(?:(?:etc|usr\/lib)\/os-release|usr\/share\/common-licenses\/.+|usr\/share\/doc\/[^/]+(?:\/copyright)?)$/;
