/**
 * `/var/lib/rpmmanifest/container-manifest-2`: what distroless images of Azure Linux list instead of a database. One line for each package, ten fields
 * divided by tabs: NAME, VERSION-RELEASE, INSTALLTIME, BUILDTIME, VENDOR, EPOCH, SIZE, ARCH, EPOCHNUM, SOURCERPM; `(none)` is nothing.
 */
import { quote } from '@assay/core';
import type { Report } from '../broken-parts.ts';
import { linesOf, reportCutLine } from '../lines.ts';
import { isWord } from '../system-package.ts';
import type { RpmPackage } from './rpm-package.ts';

/** Lines that are none are reported, and the rest goes on. */
export function* manifestPackages(content: Uint8Array, report: Report): Generator<RpmPackage, void, void> {
  for (const line of linesOf(content, report)) {
    if (line === '') continue;
    const fields = line.split('\t', FIELDS).map(something);
    const [name = '', versionRelease = '', , , vendor, epoch, , architecture, epochNumber, sourceRpm] = fields;
    if (fields.length < FIELDS || !isWord(name) || !/^[^\s-]+-[^\s-]+$/.test(versionRelease) || !isWord(versionRelease)) {
      report(`is no line of a package: ${quote(line, 80)}`);
      continue;
    }
    const number = epoch !== undefined && /^\d+$/.test(epochNumber ?? '') ? Number(epochNumber) : undefined;
    yield {
      name,
      version: number === undefined ? versionRelease : `${number}:${versionRelease}`,
      versionRelease,
      epoch: number,
      architecture: architecture ?? '',
      sourceRpm,
      licenses: [],
      hashes: [],
      supplier: vendor,
      provides: [],
      requires: [],
      files: [],
    };
  }
  reportCutLine(content, report);
}

function something(field: string): string | undefined {
  return field === '(none)' || field === '' ? undefined : field;
}

const FIELDS = 10;
