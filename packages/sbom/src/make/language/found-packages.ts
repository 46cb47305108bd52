/**
 * What one run of a cataloger found. Text comes from files that anybody may have written: a name or version that could forge lines of a report is dropped and
 * reported, licences and people lose such characters.
 */
import { quote } from '@assay/core';
import type { Hash, Package, PackageType } from '../../inventory.ts';
import { type PackageUrlParts, packageUrl } from '../../package-url.ts';
import type { FoundFile } from '../cataloger.ts';

export type Report = (message: string) => void;

export interface Found {
  /** Its name and version are those of the package unless they are here. */
  readonly purl: Omit<PackageUrlParts, 'name'> & Partial<Pick<PackageUrlParts, 'name'>>;
  readonly name: string;
  /** Empty when nothing says it. */
  readonly version: string;
  /** Instead of that of the cataloger. */
  readonly type?: PackageType;
  readonly licenses?: readonly string[];
  readonly hashes?: readonly Hash[];
  readonly supplier?: string | undefined;
}

export class FoundPackages {
  readonly #found: Package[] = [];
  readonly #dependsOn = new Map<string, Set<string>>();
  readonly #foundBy: string;
  readonly #type: PackageType;

  constructor(foundBy: string, type: PackageType) {
    this.#foundBy = foundBy;
    this.#type = type;
  }

  /** @returns its purl; nothing when it was dropped, which was reported. */
  add({ path, layer }: Pick<FoundFile, 'path' | 'layer'>, found: Found, report: Report): string | undefined {
    const { name, version, type = this.#type, licenses = [], hashes = [], supplier } = found;
    if (name.trim() === '') return undefined;
    const parts: PackageUrlParts = { name, version, ...found.purl };
    // A scope with nothing behind it is no name.
    if (parts.name === '' || ![name, version, parts.namespace ?? '', parts.subpath ?? '', ...Object.values(parts.qualifiers ?? {})].every(isFit)) {
      report(`package ${quote(name, 80)} ${quote(version, 80)}: name or version is not one`);
      return undefined;
    }
    const purl = packageUrl(parts);
    this.#found.push({
      purl,
      type,
      name,
      version,
      licenses: licenses.map(onOneLine).filter((license) => license !== ''),
      hashes,
      locations: [{ path, ...(layer !== undefined && { layer }) }],
      dependsOn: [],
      ...(supplier !== undefined && onOneLine(supplier) !== '' && { supplier: onOneLine(supplier) }),
      foundBy: this.#foundBy,
    });
    return purl;
  }

  /** Either may be nothing: a package that was dropped, or is not there. */
  depend(purl: string | undefined, on: string | undefined): void {
    if (purl === undefined || on === undefined) return;
    const before = this.#dependsOn.get(purl);
    if (before === undefined) this.#dependsOn.set(purl, new Set([on]));
    else before.add(on);
  }

  all(): Package[] {
    return this.#found.map((one) => {
      const dependsOn = this.#dependsOn.get(one.purl);
      // Once for each purl is enough: those of one purl are merged.
      this.#dependsOn.delete(one.purl);
      return dependsOn === undefined ? one : { ...one, dependsOn: [...dependsOn] };
    });
  }
}

function isFit(text: string): boolean {
  return text.length <= MAX_CHARACTERS && !UNFIT.test(text);
}

/** Cut, since some put whole licences where their names belong. */
function onOneLine(text: string): string {
  return text.replace(UNFIT_ALL, ' ').replace(/ {2,}/g, ' ').trim().slice(0, MAX_CHARACTERS);
}

const MAX_CHARACTERS = 512;
/** Control, bidirectional, zero-width and unpaired characters, and separators of lines. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const UNFIT_ALL = new RegExp(UNFIT, 'gu');
