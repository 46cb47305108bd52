/** Reads SPDX 2.2 and 2.3 as JSON, of any maker: packages in the order in which they stand. Files are left out. */
import { type JsonObject, tryParseJsonObject } from '@assay/core';
import type { HashAlgorithm, Inventory, Location, Package, Subject } from '../inventory.ts';
import { identityOf } from './identity.ts';
import { conjuncts } from './licenses.ts';
import { objectsOf, refuse, requiredObjects, requiredText, someText, textOf, textsOf } from './loose.ts';
import { knownCode } from './read-cyclonedx.ts';
import { countListed, hashOf, type Listed, type Read } from './sbom-document.ts';

/** Errors: `SBOM_PARSE`, `SBOM_LIMIT`. */
export function readSpdx(document: JsonObject): Read {
  const version = textOf(document['spdxVersion']) ?? '';
  if (version !== 'SPDX-2.2' && version !== 'SPDX-2.3') return refuse('spdxVersion', `is "${version}", SPDX-2.2 and SPDX-2.3 are read`);
  const packages = requiredObjects(document['packages'], 'packages');
  countListed(packages.length);
  const { described, dependsOn } = relationsOf(document);
  // A document about one thing says so; one that describes all that it lists is about none of them.
  const root = described.size === 1 ? packages.find(({ SPDXID }) => typeof SPDXID === 'string' && described.has(SPDXID)) : undefined;
  const system = packages.find((one) => purposeOf(one) === 'OPERATING-SYSTEM');
  const words = new Map(objectsOf(document['hasExtractedLicensingInfos']).map((one) => [textOf(one['licenseId']) ?? '', wordsOf(one)]));
  const notes = annotationsOf(document, 'unreadable');
  return {
    version: version.slice('SPDX-'.length),
    subject: subjectOf(root, document),
    distro:
      system === undefined
        ? undefined
        : { id: nameOf(system), versionId: textOf(system['versionInfo']) ?? '', prettyName: someText(system['description']) ?? nameOf(system) },
    listed: packages.filter((one) => one !== root).map((one) => listedOf(one, dependsOn, words)),
    unreadable: notes.map(unreadableOf),
  };
}

interface Relations {
  readonly described: ReadonlySet<string>;
  readonly dependsOn: ReadonlyMap<string, readonly string[]>;
}

/** Dependencies are said from either side (SPDX 2.3 section 11). */
function relationsOf(document: JsonObject): Relations {
  const described = new Set(textsOf(document['documentDescribes']));
  const dependsOn = new Map<string, string[]>();
  const add = (from: string, to: string): void => {
    const others = dependsOn.get(from);
    if (others === undefined) dependsOn.set(from, [to]);
    else others.push(to);
  };
  for (const one of objectsOf(document['relationships'])) {
    const [from, kind, to] = [textOf(one['spdxElementId']), textOf(one['relationshipType']), textOf(one['relatedSpdxElement'])];
    if (from === undefined || kind === undefined || to === undefined) continue;
    if (kind === 'DESCRIBES') described.add(to);
    else if (kind === 'DESCRIBED_BY') described.add(from);
    else if (kind === 'DEPENDS_ON') add(from, to);
    else if (/(?:^|_)DEPENDENCY_OF$/.test(kind)) add(to, from);
  }
  return { described, dependsOn };
}

function listedOf(one: JsonObject, dependsOn: Relations['dependsOn'], words: ReadonlyMap<string, string>): Listed {
  const ref = someText(one['SPDXID']);
  return {
    ref,
    package: packageOf(one, words),
    isPackage: purposeOf(one) !== 'OPERATING-SYSTEM',
    dependsOn: (ref === undefined ? undefined : dependsOn.get(ref)) ?? [],
  };
}

function packageOf(one: JsonObject, words: ReadonlyMap<string, string>): Package {
  const purl = objectsOf(one['externalRefs']).find(({ referenceType }) => referenceType === 'purl')?.['referenceLocator'];
  const version = textOf(one['versionInfo']) ?? '';
  const [note = {}] = annotationsOf(one, 'package');
  const described = { purl: someText(purl), kind: (purposeOf(one) ?? 'library').toLowerCase(), name: nameOf(one), version };
  const supplier = supplierOf(one);
  return {
    ...identityOf(described, textOf(note['type'])),
    version,
    licenses: licensesOf(one, words),
    hashes: objectsOf(one['checksums']).flatMap(({ algorithm, checksumValue }) => hashOf(ALGORITHMS.get(textOf(algorithm) ?? ''), textOf(checksumValue))),
    locations: objectsOf(note['locations']).flatMap(locationOf),
    dependsOn: [],
    ...(supplier !== undefined && { supplier }),
    foundBy: textOf(note['foundBy']) ?? '',
  };
}

function locationOf({ path, layer }: JsonObject): Location[] {
  if (typeof path !== 'string') return [];
  return [typeof layer === 'string' ? { path, layer } : { path }];
}

function nameOf(one: JsonObject): string {
  return requiredText(one['name'], 'the name of a package');
}

function purposeOf(one: JsonObject): string | undefined {
  return someText(one['primaryPackagePurpose'])?.replaceAll('_', '-');
}

/** What was declared, else what somebody has concluded. */
function licensesOf(one: JsonObject, words: ReadonlyMap<string, string>): string[] {
  const said = [one['licenseDeclared'], one['licenseConcluded']].map(someText).find((text) => text !== undefined && !NOTHING.has(text));
  return said === undefined ? [] : conjuncts(said).map((part) => words.get(part) ?? part);
}

function wordsOf(one: JsonObject): string {
  return someText(one['name']) ?? someText(one['extractedText']) ?? textOf(one['licenseId']) ?? '';
}

function supplierOf(one: JsonObject): string | undefined {
  const said = someText(one['supplier']) ?? someText(one['originator']);
  if (said === undefined || NOTHING.has(said)) return undefined;
  return said.replace(/^(?:Organization|Person): /, '').replace(/ \(([^()]*@[^()]*)\)$/, ' <$1>') || undefined;
}

/** Of ours: a word, and what is said in JSON. */
function annotationsOf(owner: JsonObject, word: string): JsonObject[] {
  const start = `assay:${word} `;
  return objectsOf(owner['annotations']).flatMap(({ comment }): JsonObject[] => {
    if (typeof comment !== 'string' || !comment.startsWith(start)) return [];
    const said = tryParseJsonObject(comment.slice(start.length));
    return said === undefined ? [] : [said];
  });
}

function subjectOf(root: JsonObject | undefined, document: JsonObject): Subject {
  const created = createdOf(document);
  if (root === undefined) return { kind: 'file', name: textOf(document['name']) ?? '', version: '', digest: undefined, created };
  const said = textOf(annotationsOf(root, 'subject')[0]?.['kind']);
  const kind = said === 'image' || said === 'folder' || said === 'file' ? said : purposeOf(root) === 'CONTAINER' ? 'image' : 'file';
  const version = textOf(root['versionInfo']) ?? '';
  const sha256 = objectsOf(root['checksums']).find(({ algorithm }) => algorithm === 'SHA256')?.['checksumValue'];
  const digest = typeof sha256 === 'string' ? `sha256:${sha256}` : version;
  return {
    kind,
    name: nameOf(root),
    version: version.startsWith('sha256:') ? '' : version,
    digest: /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined,
    created,
  };
}

function createdOf(document: JsonObject): string | undefined {
  const info = document['creationInfo'];
  const created = typeof info === 'object' && info !== null && 'created' in info ? textOf(info['created']) : undefined;
  return created === undefined || created.startsWith('1970-01-01') ? undefined : created;
}

function unreadableOf({ path, layer, code, message }: JsonObject): Inventory['unreadable'][number] {
  return {
    path: textOf(path) ?? '',
    ...(typeof layer === 'string' && { layer }),
    code: knownCode(textOf(code)),
    message: textOf(message) ?? '',
  };
}

const NOTHING = new Set(['NOASSERTION', 'NONE']);
const ALGORITHMS: ReadonlyMap<string, HashAlgorithm> = new Map([
  ['MD5', 'MD5'],
  ['SHA1', 'SHA-1'],
  ['SHA256', 'SHA-256'],
  ['SHA512', 'SHA-512'],
]);
