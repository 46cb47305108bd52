/** A package of rpm, from its header, and as a package URL. */
import type { Distro, Hash } from '../../../inventory.ts';
import { unreadable } from '../broken-parts.ts';
import { isWord, type SystemPackage } from '../system-package.ts';
import { systemUrl } from '../system-url.ts';
import { type RpmHeader, TAG } from './header.ts';

export interface RpmPackage extends SystemPackage {
  /** Version and release without the epoch, which package URLs keep apart. */
  readonly versionRelease: string;
  readonly epoch: number | undefined;
  /** File name of the source package. */
  readonly sourceRpm: string | undefined;
  readonly files: readonly string[];
}

/** What a package says of others, and what they may say of it: which of its files are required is known after all are read. */
export interface RpmContents {
  readonly requires: readonly string[];
  readonly files: readonly string[];
}

/** @param requiredPaths files that some package requires: those of its own count as provided. Errors: `SBOM_UNREADABLE`. */
export function rpmPackage(header: RpmHeader, { requires, files }: RpmContents, requiredPaths: ReadonlySet<string>): RpmPackage {
  const [name = '', version = '', release = ''] = [header.text(TAG.name), header.text(TAG.version), header.text(TAG.release)];
  const [epoch] = header.numbers(TAG.epoch);
  if (![name, version, release].every(isWord)) throw unreadable('a header has no name, version or release');
  const versionRelease = `${version}-${release}`;
  return {
    name,
    version: epoch === undefined ? versionRelease : `${epoch}:${versionRelease}`,
    versionRelease,
    epoch,
    architecture: header.text(TAG.arch) ?? '',
    sourceRpm: header.text(TAG.sourceRpm),
    licenses: [header.text(TAG.license) ?? ''].filter(Boolean),
    hashes: hashesOf(header),
    supplier: header.text(TAG.vendor),
    provides: [...header.texts(TAG.provideName), ...files.filter((path) => requiredPaths.has(path))],
    requires,
    files,
  };
}

/** Names and paths; conditions in parentheses (rpm's "boolean dependencies") are left out. */
export function requirementsOf(header: RpmHeader): string[] {
  return header.texts(TAG.requireName).filter((name) => !name.startsWith('('));
}

/** Paths, of which the header has folders and names apart. */
export function* filesOf(header: RpmHeader): Generator<string> {
  const folders = header.texts(TAG.dirNames);
  const folderOf = header.numbers(TAG.dirIndexes);
  for (const [i, name] of header.texts(TAG.baseNames).entries()) yield `${folders[folderOf[i] ?? -1] ?? ''}${name}`;
}

export function rpmPurl({ name, versionRelease: version, epoch, architecture, sourceRpm: upstream }: RpmPackage, distro: Distro | undefined): string {
  return systemUrl({ type: 'rpm', vendor: vendorOf(distro), name, version, architecture, upstream, epoch }, distro);
}

/** As package URLs name them: the company of RHEL, one of all openSUSEs. */
function vendorOf(distro: Distro | undefined): string {
  const id = distro?.id.toLowerCase() ?? '';
  if (id === 'rhel') return 'redhat';
  return id.startsWith('opensuse') ? 'opensuse' : id;
}

/** Of the package file without its signature, and of its header, which has the digest of its payload. */
function hashesOf(header: RpmHeader): Hash[] {
  const md5 = header.binary(TAG.sigMd5)?.toString('hex') ?? '';
  const all: Hash[] = [
    { algorithm: 'MD5', value: md5 },
    { algorithm: 'SHA-1', value: header.text(TAG.sha1Header) ?? '' },
    { algorithm: 'SHA-256', value: header.text(TAG.sha256Header) ?? '' },
  ];
  return all.filter(({ algorithm, value }) => value.length === HEX_DIGITS[algorithm] && /^[0-9a-f]*$/.test(value));
}

const HEX_DIGITS: Readonly<Partial<Record<Hash['algorithm'], number>>> = { MD5: 32, 'SHA-1': 40, 'SHA-256': 64 };
