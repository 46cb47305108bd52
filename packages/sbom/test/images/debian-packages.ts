/** `.deb` files as dpkg would unpack and record them (deb(5), dpkg(1)), without dpkg's database of this machine, and without root. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { sourceOf } from '@assay/oci';
import { type NewEntry, readTar, type TarHeader } from '@assay/oci/image';

export interface Deb {
  readonly name: string;
  /** As dpkg names its files in `info`: packages that can be there for several architectures say for which. */
  readonly infoName: string;
  /** The stanza of its control file. */
  readonly control: string;
  /** `md5sums`, `conffiles`, scripts. */
  readonly members: ReadonlyMap<string, Uint8Array>;
  readonly files: readonly DebFile[];
}

interface DebFile {
  readonly header: TarHeader;
  readonly content: Uint8Array;
}

/** All of a folder, by the names of their files; those of `opened` are not opened again. */
export async function openDebs(folder: string, opened: ReadonlyMap<string, Deb> = new Map()): Promise<Map<string, Deb>> {
  const debs = new Map<string, Deb>();
  for (const file of readdirSync(folder).toSorted()) {
    if (file.endsWith('.deb')) debs.set(file, opened.get(file) ?? (await openDeb(join(folder, file))));
  }
  return debs;
}

async function openDeb(path: string): Promise<Deb> {
  const members = new Map((await filesOf(path, '--ctrl-tarfile')).map(({ header, content }) => [relative(header.name), content]));
  const control = Buffer.from(members.get('control') ?? []).toString();
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1] ?? '';
  const name = field('Package');
  const infoName = field('Multi-Arch') === 'same' ? `${name}:${field('Architecture')}` : name;
  return { name, infoName, control: `${control.trimEnd()}\n`, members, files: await filesOf(path, '--fsys-tarfile') };
}

async function filesOf(path: string, part: '--ctrl-tarfile' | '--fsys-tarfile'): Promise<DebFile[]> {
  const { status, stdout, stderr } = spawnSync('dpkg-deb', [part, path], { maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`dpkg-deb ${part} ${path}: ${stderr}`);
  const files: DebFile[] = [];
  for await (const { header, content } of readTar(sourceOf(stdout).open(), basename(path))) files.push({ header, content: await buffer(content) });
  return files;
}

/**
 * A layer in which dpkg has made `after` of `before`: what is new, the database as it is then, and whiteouts for what has gone.
 * A layer at the bottom comes after nothing, and has the links that join `/bin` and `/usr/bin`.
 */
export async function* debianLayer(before: readonly Deb[], after: readonly Deb[]): AsyncGenerator<NewEntry, void, void> {
  const [old, now] = [placesOf(before), placesOf(after)];
  if (before.length === 0) yield* MERGED.map((name) => ({ header: { name, type: 'symlink', size: 0, mode: 0o777, linkname: `usr/${name}` } }) as const);
  const seen = new Set<string>();
  for (const deb of after.filter((one) => !before.includes(one))) {
    for (const file of [...deb.files.map(unpacked), ...infoFiles(deb)]) {
      if (!seen.has(file.header.name)) yield entryOf(file);
      seen.add(file.header.name);
    }
  }
  // Without it dpkg knows no architecture in the names of these files.
  if (before.length === 0) yield entryOf(textFile(`${ADMIN}/info/format`, '1\n'));
  yield entryOf(textFile(`${ADMIN}/status`, after.map(stanza).join('\n')));
  if (before.length > 0) yield entryOf(textFile(`${ADMIN}/status-old`, before.map(stanza).join('\n')));
  yield* whiteouts([...old].filter((path) => !now.has(path)));
}

/** The record that images without dpkg have: a file for each package. */
export function* distrolessLayer(debs: readonly Deb[]): Generator<NewEntry, void, void> {
  const seen = new Set<string>(MERGED);
  yield* MERGED.map((name) => ({ header: { name, type: 'symlink', size: 0, mode: 0o777, linkname: `usr/${name}` } }) as const);
  for (const { name, control, members, files } of debs) {
    const sums = members.get('md5sums');
    const records = [textFile(`${ADMIN}/status.d/${name}`, control), ...(sums === undefined ? [] : [file(`${ADMIN}/status.d/${name}.md5sums`, sums)])];
    for (const one of [...files.map(unpacked), ...records]) {
      if (!seen.has(one.header.name)) yield entryOf(one);
      seen.add(one.header.name);
    }
  }
}

interface NewFile {
  readonly header: NewEntry['header'];
  readonly content: Uint8Array;
}

function unpacked({ header, content }: DebFile): NewFile {
  const linkname = header.type === 'link' ? place(header.linkname) : header.linkname;
  return { header: { ...header, name: place(header.name), linkname }, content };
}

function infoFiles(deb: Deb): NewFile[] {
  const listed = deb.files.map(({ header }) => `/${relative(header.name)}`.replace(/^\/$/, '/.'));
  const members = [...deb.members].filter(([name]) => name !== 'control' && name !== '.');
  return [textFile(infoPath(deb, 'list'), `${listed.join('\n')}\n`), ...members.map(([name, content]) => file(infoPath(deb, name), content))];
}

/** With the sums of its configuration files, as they were installed. */
function stanza(deb: Deb): string {
  const [first = '', ...rest] = deb.control.trimEnd().split('\n');
  const names = Buffer.from(deb.members.get('conffiles') ?? [])
    .toString()
    .split('\n')
    .filter((name) => name.startsWith('/'));
  const sum = (name: string): string => {
    const content = deb.files.find(({ header }) => `/${relative(header.name)}` === name)?.content ?? new Uint8Array(0);
    return createHash('md5').update(content).digest('hex');
  };
  const conffiles = names.length === 0 ? [] : ['Conffiles:', ...names.map((name) => ` ${name} ${sum(name)}`)];
  const described = rest.findIndex((line) => line.startsWith('Description:'));
  return `${[first, 'Status: install ok installed', ...rest.slice(0, described), ...conffiles, ...rest.slice(described)].join('\n')}\n`;
}

/** Every path that `debs` make. */
function placesOf(debs: readonly Deb[]): Set<string> {
  return new Set(debs.flatMap((deb) => [...deb.files.map(unpacked), ...infoFiles(deb)].map(({ header }) => header.name.replace(/\/$/, ''))));
}

/** One for the topmost of what has gone: what lies below goes with it. */
function* whiteouts(gone: readonly string[]): Generator<NewEntry, void, void> {
  const all = new Set(gone);
  for (const path of gone) {
    const cut = path.lastIndexOf('/');
    if (!all.has(path.slice(0, cut))) yield { header: { name: `${path.slice(0, cut)}/.wh.${path.slice(cut + 1)}`, size: 0 } };
  }
}

function entryOf({ header, content }: NewFile): NewEntry {
  return content.length === 0 ? { header: { ...header, size: 0 } } : { header, content: sourceOf(content).open() };
}

function textFile(name: string, text: string): NewFile {
  return file(name, Buffer.from(text));
}

function file(name: string, content: Uint8Array): NewFile {
  return { header: { name, size: content.length, mode: 0o644 }, content };
}

function infoPath({ infoName }: Deb, member: string): string {
  return `${ADMIN}/info/${infoName}.${member}`;
}

/** Where a path of a package ends up: what is below `bin` lies below `usr/bin`. Folders keep the slash at their end. */
function place(name: string): string {
  const path = name.replace(/^\.\//, '');
  return MERGED.some((link) => path.startsWith(`${link}/`)) ? `usr/${path}` : path === '' ? './' : path;
}

function relative(name: string): string {
  return name.replace(/^\.\//, '').replace(/\/$/, '');
}

const ADMIN = 'var/lib/dpkg';
const MERGED = ['bin', 'lib', 'lib64', 'sbin'];
