/**
 * Licences in `/usr/share/doc/NAME/copyright`. Machine-readable ones (DEP-5, copyright-format 1.0) begin with `Format:` and name them in `License:` fields;
 * the others are prose, of which only the paths of `/usr/share/common-licenses` can be told.
 */
import { linesOf } from './lines.ts';

/** Sorted; SPDX where the short name means the same. */
export function licensesOfCopyright(content: Uint8Array): string[] {
  const found = new Set<string>();
  let isMachineReadable: boolean | undefined;
  for (const line of linesOf(content, () => undefined)) {
    if (line.trim() === '') continue;
    isMachineReadable ??= /^Format(-Specification)?:/i.test(line);
    if (isMachineReadable) {
      const license = /^License:\s*(\S.*)$/i.exec(line)?.[1];
      if (license !== undefined && license.length <= MAX_LENGTH) found.add(spdxOf(license.trim()));
    } else {
      for (const [, license = ''] of line.matchAll(COMMON_LICENSE)) found.add(license);
    }
    if (found.size >= MAX_LICENSES) break;
  }
  return [...found].sort();
}

/** Section 7.2: `A or B`, `A and B`. A comma changes what binds first, and an exception has no short name: such stay as they are. */
function spdxOf(license: string): string {
  if (/,|\bwith\b/i.test(license)) return license;
  const words = license.split(/\s+(and|or)\s+/i);
  if (words.some((word, i) => i % 2 === 0 && /\s/.test(word))) return license;
  return words.map((word, i) => (i % 2 === 1 ? word.toUpperCase() : idOf(word))).join(' ');
}

/** Section 7.1. `GPL-2` there is that version only. */
function idOf(name: string): string {
  const { family, major, minor = '0', later } = /^(?<family>A?GPL|LGPL|GFDL)-(?<major>\d)(\.(?<minor>\d))?(\.0)?(?<later>\+)?$/i.exec(name)?.groups ?? {};
  if (family !== undefined) return `${family.toUpperCase()}-${major}.${minor}-${later === undefined ? 'only' : 'or-later'}`;
  return SHORT_NAMES.get(name.toLowerCase()) ?? name;
}

const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['expat', 'MIT'],
  ['bsd-2-clause', 'BSD-2-Clause'],
  ['bsd-3-clause', 'BSD-3-Clause'],
  ['bsd-4-clause', 'BSD-4-Clause'],
  ['apache-2', 'Apache-2.0'],
  ['mpl-2', 'MPL-2.0'],
  ['zlib', 'Zlib'],
  ['cc0', 'CC0-1.0'],
]);
const COMMON_LICENSE = /\/usr\/share\/common-licenses\/([0-9A-Za-z][0-9A-Za-z_.-]*[0-9A-Za-z])/g;
const MAX_LICENSES = 200;
const MAX_LENGTH = 400;
