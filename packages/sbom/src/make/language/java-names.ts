/**
 * What a Java archive is called when no `pom.properties` says it: by its manifest, else by the name of its file. The order is that of syft, whose counts people
 * compare with.
 */
import { type JavaManifest, manifestValue } from './java-manifest.ts';

export interface ArchiveName {
  readonly name: string;
  readonly version: string;
}

/** `my-http2-server-5.0.jar`: words that begin with a letter are the name, what begins with a digit, `build1` or `rc1` is the version. */
export function parseArchiveName(path: string): ArchiveName {
  const base = path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
  if (base.length > MAX_CHARACTERS) return { name: '', version: '' };
  const parts = base.split('-');
  for (let i = 1; i < parts.length; i++) {
    const version = parts.slice(i).join('-');
    if (VERSION.test(version) && areWords(parts.slice(0, i))) return { name: parts.slice(0, i).join('-'), version };
  }
  if (!areWords(parts)) return { name: '', version: '' };
  // `name_1.0`, `name.1.0`
  for (const { index } of base.matchAll(/[._-]/g)) {
    const version = base.slice(index + 1);
    if (LATE_VERSION.test(version)) return { name: base.slice(0, index), version };
  }
  return { name: base, version: '' };
}

export function selectName(manifest: JavaManifest, archive: ArchiveName): string {
  const main = (name: string): string => manifest.main.get(name) ?? '';
  return (
    nameOfBundle(manifest) ||
    withoutGroup(archive.name) ||
    ['Name', 'Bundle-Name', 'Short-Name', 'Extension-Name', 'Implementation-Title'].map(main).find(Boolean) ||
    ''
  );
}

export function selectVersion(manifest: JavaManifest, archive: ArchiveName): string {
  const names = ['Implementation-Version', 'Specification-Version', 'Plugin-Version', 'Bundle-Version'];
  return archive.version || names.map((name) => manifestValue(manifest, name)).find(Boolean) || '';
}

/** Symbolic names of Maven's bundle plugin are of group and artifact. */
function nameOfBundle({ main }: JavaManifest): string {
  const symbolicName = main.get('Bundle-SymbolicName') ?? '';
  if (!(main.get('Created-By') ?? '').includes('Apache Maven Bundle Plugin') || symbolicName === main.get('Implementation-Vendor-Id')) return '';
  return symbolicName.split('.').at(-1) ?? '';
}

/** `com.example.library` is mostly group and artifact; Eclipse's artifacts are called so. */
function withoutGroup(name: string): string {
  const parts = name.split('.');
  return name.startsWith('org.eclipse.') || !parts.every((part) => IDENTIFIER.test(part)) ? name : (parts.at(-1) ?? '');
}

/** What looks like the name of a group in a manifest, the first in the order of letters. */
export function groupOfManifest({ main, sections }: JavaManifest): string {
  for (const fields of [GROUP_FIELDS, LATE_GROUP_FIELDS]) {
    const groups = fields
      .flatMap((field) => [main, ...sections].map((section) => section.get(field) ?? ''))
      .filter((value) => /^(?:com|org|net|io|be)\./.test(value))
      .map((value) => (value.split(/[;#]/)[0] ?? '').trim())
      .sort();
    if (groups[0] !== undefined) return groups[0];
  }
  return '';
}

/** The last may be empty. */
function areWords(parts: readonly string[]): boolean {
  return parts.every((part, i) => /^[A-Za-z][\w.]*$/.test(part) || (part === '' && i > 0 && i === parts.length - 1));
}

const VERSION = /^(?:\d.*|build\d+.*|rc?\d+)$/i;
const LATE_VERSION = /^(?:\d.*|build\d+.*|rc?\d+)$/;
const IDENTIFIER = /^[\p{L}\p{Nl}\p{Sc}\p{Pc}]/u;
const MAX_CHARACTERS = 512;
const GROUP_FIELDS = [
  ...['Group-Id', 'Bundle-SymbolicName', 'Extension-Name', 'Specification-Vendor'],
  ...['Implementation-Vendor', 'Implementation-Vendor-Id', 'Implementation-Title', 'Bundle-Activator'],
];
const LATE_GROUP_FIELDS = ['Automatic-Module-Name', 'Main-Class', 'Package'];
