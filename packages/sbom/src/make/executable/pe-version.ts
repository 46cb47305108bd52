/**
 * Windows programs and libraries by their version resources (VS_VERSIONINFO of the Windows API). Images of Linux have them too: Python's installers bring
 * launchers along.
 *
 *   block   length, length of value, kind (2 bytes each), key as UTF-16 to a zero, padding to 4, value, padding to 4, blocks
 *   tree    "VS_VERSION_INFO" > "StringFileInfo" > language > name and value
 */
import type { Catalog, Cataloger } from '../cataloger.ts';
import { FoundPackages } from '../language/found-packages.ts';
import { type Executable, readExecutables, sectionOf } from './binary-format.ts';

export const peVersion: Cataloger = {
  name: 'pe-version',
  finds: 'installed',
  yieldsToOwners: true,
  open: (): Catalog => {
    const found = new FoundPackages('pe-version', 'binary');
    return {
      wants: ({ path, head, isHidden }) => !isHidden && head[0] === 0x4d && head[1] === 0x5a && /\.(?:dll|exe|bpl|DLL|EXE|BPL)$/.test(path),
      read: (file, content, report) => {
        for (const executable of readExecutables(content)) {
          if (executable.isManaged) continue;
          const strings = versionStrings(executable);
          const name = nameOf(strings) || file.path.slice(file.path.lastIndexOf('/') + 1).replace(/\.(?:exe|dll)$/, '');
          found.add(file, { name, version: versionOf(strings), purl: { type: 'generic' } }, report);
        }
      },
      packages: () => found.all(),
    };
  },
};

function versionStrings(executable: Executable): ReadonlyMap<string, string> {
  const strings = new Map<string, string>();
  const section = sectionOf(executable, '.rsrc');
  const bytes = section === undefined ? undefined : executable.bytes(section);
  const key = bytes?.indexOf(ROOT_KEY) ?? -1;
  if (bytes !== undefined && key >= 6) collect(bytes.subarray(key - 6), 0, strings);
  return strings;
}

function collect(block: Buffer, depth: number, strings: Map<string, string>): void {
  if (block.length < 8 || depth > 3) return;
  const length = Math.min(block.readUInt16LE(0), block.length);
  const valueLength = block.readUInt16LE(2);
  const key = utf16(block, 6);
  const value = padded(6 + key.length * 2 + 2);
  if (depth === 3) {
    strings.set(key, utf16(block.subarray(0, length), value));
    return;
  }
  let at = padded(value + valueLength);
  while (at + 6 <= length) {
    const size = block.readUInt16LE(at);
    if (size < 6) return;
    collect(block.subarray(at, Math.min(at + size, length)), depth + 1, strings);
    at = padded(at + size);
  }
}

function utf16(bytes: Buffer, at: number): string {
  let end = at;
  while (end + 1 < bytes.length && bytes.readUInt16LE(end) !== 0) end += 2;
  return bytes.toString('utf16le', at, end);
}

function padded(at: number): number {
  return (at + 3) & ~3;
}

/** Microsoft's own describe the file, and name Windows as the product. */
function nameOf(strings: ReadonlyMap<string, string>): string {
  const value = (key: string): string => (strings.get(key) ?? '').replace(/[\s\xa0]+/g, ' ').trim();
  const isMicrosoft = /microsoft/i.test(`${value('CompanyName')} ${value('ProductName')}`);
  const keys = isMicrosoft
    ? ['FileDescription', 'InternalName', 'OriginalFilename', 'ProductName']
    : ['ProductName', 'FileDescription', 'InternalName', 'OriginalFilename'];
  return keys.map(value).find((name) => name !== '') ?? '';
}

/** Words up to the first without a digit after one with. */
function versionOf(strings: ReadonlyMap<string, string>): string {
  for (const key of ['ProductVersion', 'FileVersion']) {
    const words = (strings.get(key) ?? '').trim().split(/\s+/);
    const numbered = words.findIndex((word) => /\d/.test(word));
    const end = words.findIndex((word, i) => numbered !== -1 && i > numbered && !/\d/.test(word));
    const version = words.slice(0, end === -1 ? words.length : end).join(' ');
    if (version !== '') return version;
  }
  return '';
}

const ROOT_KEY = Buffer.from('VS_VERSION_INFO', 'utf16le');
