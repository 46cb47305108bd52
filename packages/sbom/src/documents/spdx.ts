/**
 * SPDX 2.3 as JSON (spdx.github.io/spdx-spec/v2.3).
 *
 *   packages[]       the subject, the distribution (`OPERATING_SYSTEM`), and what was found; no files are listed (`filesAnalyzed` false)
 *   relationships[]  DOCUMENT DESCRIBES subject, subject CONTAINS package, package DEPENDS_ON package
 *   annotations[]    what the format has no place for, as a word and JSON: `assay:package {…}` has kind, cataloger, and locations with their layers;
 *                    `assay:subject {…}` its kind; `assay:unreadable {…}`, on the document, what could not be read, and why
 *
 * Identifiers are made of names and package URLs, the namespace of the content. The format demands a time: without one it is 1970.
 */
import { createHash } from 'node:crypto';
import { utf8 } from '@assay/core';
import type { Distro, Hash, HashAlgorithm, Inventory, Package, PackageType, Subject } from '../inventory.ts';
import { contentUuid } from './content-uuid.ts';
import { conjunctionOf, spdxExpression } from './licenses.ts';
import { DEFAULT_TOOL, type DocumentOptions, timeOf } from './options.ts';

/** The same inventory gives the same bytes. */
export function encodeSpdx(inventory: Inventory, options: DocumentOptions = {}): Uint8Array {
  const { subject, distro, packages, unreadable } = inventory;
  const { name: toolName, version: toolVersion } = options.tool ?? DEFAULT_TOOL;
  const maker = `Tool: ${toolName}${toolVersion === undefined ? '' : `-${toolVersion}`}`;
  const created = (timeOf(inventory, options) ?? new Date(0)).toISOString().replace(/\.\d+Z$/, 'Z');
  const annotate: Annotate = (word, said) => ({
    annotationDate: created,
    annotationType: 'OTHER',
    annotator: maker,
    comment: `assay:${word} ${JSON.stringify(said)}`,
  });
  const words = new Words();
  const root = subjectEntry(subject, annotate);
  const ids = new Map(packages.map((one) => [one.purl, packageId(one)]));
  const parts = [...(distro === undefined ? [] : [distroEntry(distro)]), ...packages.map((one) => packageEntry(one, words, annotate))];
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name: subject.name,
    creationInfo: { created, creators: [maker] },
    ...(unreadable.length > 0 && { annotations: unreadable.map((one) => annotate('unreadable', one)) }),
    packages: [root, ...parts],
    ...(words.used.length > 0 && { hasExtractedLicensingInfos: words.used }),
    relationships: [
      relationship(DOCUMENT, 'DESCRIBES', root.SPDXID),
      ...parts.map(({ SPDXID }) => relationship(root.SPDXID, 'CONTAINS', SPDXID)),
      ...packages.flatMap((one) => one.dependsOn.flatMap((other) => dependency(packageId(one), ids.get(other)))),
    ],
  };
  const documentNamespace = `https://assay.dev/spdx/${idText(subject.name)}-${contentUuid(JSON.stringify(document))}`;
  return utf8(`${JSON.stringify({ ...document, documentNamespace }, null, 2)}\n`);
}

interface Annotation {
  readonly annotationDate: string;
  readonly annotationType: 'OTHER';
  readonly annotator: string;
  readonly comment: string;
}

type Annotate = (word: string, said: object) => Annotation;

function relationship(spdxElementId: string, relationshipType: 'DESCRIBES' | 'CONTAINS' | 'DEPENDS_ON', relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

function dependency(from: string, to: string | undefined) {
  return to === undefined ? [] : [relationship(from, 'DEPENDS_ON', to)];
}

function subjectEntry({ kind, name, version, digest }: Subject, annotate: Annotate) {
  const sha256 = digest?.startsWith('sha256:') ? digest.slice('sha256:'.length) : undefined;
  return {
    SPDXID: `SPDXRef-DocumentRoot-${kind}-${idText(name)}`,
    name,
    ...(version !== '' && { versionInfo: version }),
    ...NOTHING_SAID,
    licenseDeclared: NOASSERTION,
    primaryPackagePurpose: kind === 'image' ? 'CONTAINER' : 'FILE',
    ...(sha256 !== undefined && { checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }] }),
    annotations: [annotate('subject', { kind })],
  };
}

function distroEntry({ id, versionId, prettyName }: Distro) {
  return {
    SPDXID: `SPDXRef-OperatingSystem-${idText(id)}`,
    name: id,
    ...(versionId !== '' && { versionInfo: versionId }),
    description: prettyName,
    ...NOTHING_SAID,
    licenseDeclared: NOASSERTION,
    // As the schema spells it; the text of the standard has a dash.
    primaryPackagePurpose: 'OPERATING_SYSTEM',
  };
}

function packageEntry(one: Package, words: Words, annotate: Annotate) {
  const { purl, type, name, version, licenses, hashes, locations, supplier, foundBy } = one;
  return {
    SPDXID: packageId(one),
    name,
    ...(version !== '' && { versionInfo: version }),
    ...(supplier !== undefined && { supplier: `Organization: ${supplier.replace(/ <([^<>]*@[^<>]*)>$/, ' ($1)')}` }),
    ...NOTHING_SAID,
    licenseDeclared: conjunctionOf(licenses.map((license) => spdxExpression(license) ?? words.reference(license))) ?? NOASSERTION,
    ...(hashes.length > 0 && { checksums: hashes.map(checksum) }),
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    annotations: [annotate('package', { type, foundBy, locations })],
  };
}

function checksum({ algorithm, value }: Hash) {
  return { algorithm: CHECKSUMS[algorithm], checksumValue: value };
}

/** Licences in words of their own, each once (annex D: `LicenseRef-`, letters, digits, `.` and `-`). */
class Words {
  readonly used: { licenseId: string; name: string; extractedText: string }[] = [];
  readonly #ids = new Map<string, string>();

  reference(words: string): string {
    const known = this.#ids.get(words);
    if (known !== undefined) return known;
    const licenseId = `LicenseRef-${idText(words)}${/^[A-Za-z0-9.-]{1,64}$/.test(words) ? '' : `-${shortHash(words)}`}`;
    this.#ids.set(words, licenseId);
    this.used.push({ licenseId, name: words, extractedText: words });
    return licenseId;
  }
}

function packageId({ type, name, purl }: { readonly type: PackageType; readonly name: string; readonly purl: string }): string {
  return `SPDXRef-Package-${type}-${idText(name)}-${shortHash(purl)}`;
}

/** Letters, digits, `.` and `-` alone (section 3.2 of the specification). */
function idText(text: string): string {
  return text.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 64);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

const DOCUMENT = 'SPDXRef-DOCUMENT';
const NOASSERTION = 'NOASSERTION';
const NOTHING_SAID = { downloadLocation: NOASSERTION, filesAnalyzed: false, licenseConcluded: NOASSERTION, copyrightText: NOASSERTION } as const;
const CHECKSUMS: Readonly<Record<HashAlgorithm, string>> = { MD5: 'MD5', 'SHA-1': 'SHA1', 'SHA-256': 'SHA256', 'SHA-512': 'SHA512' };
