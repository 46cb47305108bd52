/**
 * `.note.package` of ELF files (systemd's "Package Metadata for Executable Files"): what a distribution built, also where its database is not in the image.
 *
 *   sizes of owner and content, type (4 bytes each), "FDO\0", JSON { type, os?, osVersion?, name, version, architecture?, osCpe? }
 */
import type { PackageType } from '../../inventory.ts';
import type { Catalog, Cataloger } from '../cataloger.ts';
import { parseJsonDocument, textOf } from '../language/documents.ts';
import { FoundPackages, type Report } from '../language/found-packages.ts';
import { type Executable, looksExecutable, readExecutables, sectionOf } from './binary-format.ts';

export const packageNote: Cataloger = {
  name: 'elf-package-note',
  finds: 'installed',
  yieldsToOwners: true,
  open: (): Catalog => {
    const found = new FoundPackages('elf-package-note', 'binary');
    return {
      wants: ({ head, isHidden }) => !isHidden && looksExecutable(head),
      read: (file, content, report) => {
        for (const executable of readExecutables(content)) addNote(found, file, executable, report);
      },
      packages: () => found.all(),
    };
  },
};

function addNote(found: FoundPackages, file: Parameters<FoundPackages['add']>[0], executable: Executable, report: Report): void {
  const section = executable.format === 'elf' ? sectionOf(executable, '.note.package') : undefined;
  if (section === undefined) return;
  const bytes = executable.bytes(section);
  const start = bytes.indexOf('{');
  const end = bytes.lastIndexOf('}');
  if (start === -1 || end < start || end - start > MAX_JSON_BYTES) return;
  const note = parseJsonDocument(bytes.subarray(start, end + 1));
  const [name, version, kind, os] = [textOf(note, 'name'), textOf(note, 'version'), textOf(note, 'type'), textOf(note, 'os')];
  if (name === '' || version === '') return;
  const type = SYSTEMS.get(kind);
  const release = [os, textOf(note, 'osVersion')].filter((part) => part !== '').join('-');
  const purl = {
    type: type ?? 'generic',
    ...(os !== '' && { namespace: os }),
    ...(release !== '' && { qualifiers: { distro: release } }),
  };
  found.add(file, { name, version, purl, ...(type !== undefined && { type }) }, report);
}

const SYSTEMS: ReadonlyMap<string, PackageType & ('apk' | 'deb' | 'rpm')> = new Map([
  ['apk', 'apk'],
  ['deb', 'deb'],
  ['rpm', 'rpm'],
]);
const MAX_JSON_BYTES = 64 * 1024;
