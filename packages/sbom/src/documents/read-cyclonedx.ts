/** Reads CycloneDX 1.2 to 1.7 as JSON, of any maker: components, also those within others, in the order in which they stand. */
import { catalogue, type ErrorCode, type JsonObject } from '@assay/core';
import type { Distro, HashAlgorithm, Inventory, Location, Package, Subject } from '../inventory.ts';
import { identityOf } from './identity.ts';
import { objectOf, objectsOf, propertiesOf, refuse, requiredObjects, requiredText, someText, textOf, textsOf } from './loose.ts';
import { countListed, hashOf, type Listed, type Read } from './sbom-document.ts';

/** Errors: `SBOM_PARSE`, `SBOM_LIMIT`. */
export function readCycloneDx(document: JsonObject): Read {
  const version = textOf(document['specVersion']) ?? '';
  if (!/^1\.[2-7]$/.test(version)) return refuse('specVersion', `is ${version === '' ? 'missing' : `"${version}"`}, 1.2 to 1.7 are read`);
  const components: JsonObject[] = [];
  collect(document, '', components);
  const dependsOn = new Map<string, string[]>();
  for (const { ref, dependsOn: others } of objectsOf(document['dependencies'])) {
    if (typeof ref === 'string') dependsOn.set(ref, [...(dependsOn.get(ref) ?? []), ...textsOf(others)]);
  }
  const metadata = objectOf(document['metadata']);
  const system = components.find(({ type }) => type === 'operating-system');
  return {
    version,
    subject: subjectOf(objectOf(metadata['component']), someText(metadata['timestamp'])),
    distro: system === undefined ? undefined : distroOf(system),
    listed: components.map((component) => listedOf(component, dependsOn)),
    unreadable: unreadableOf(propertiesOf(metadata['properties'])),
  };
}

/** The nesting of the text is capped where it is parsed. */
function collect(owner: JsonObject, where: string, into: JsonObject[]): void {
  for (const [i, component] of requiredObjects(owner['components'], `${where}components`).entries()) {
    into.push(component);
    countListed(into.length);
    if (component['components'] !== undefined) collect(component, `${where}components[${i}].`, into);
  }
}

function listedOf(component: JsonObject, dependsOn: ReadonlyMap<string, readonly string[]>): Listed {
  const kind = textOf(component['type']) ?? 'library';
  const ref = someText(component['bom-ref']);
  const purl = someText(component['purl']);
  return {
    ref,
    package: packageOf(component, kind, purl),
    isPackage: kind !== 'operating-system' && (kind !== 'file' || purl !== undefined),
    dependsOn: (ref === undefined ? undefined : dependsOn.get(ref)) ?? [],
  };
}

function packageOf(component: JsonObject, kind: string, purl: string | undefined): Package {
  const said = propertiesOf(component['properties']);
  const version = textOf(component['version']) ?? '';
  const described = { purl, kind, group: someText(component['group']), name: requiredText(component['name'], 'the name of a component'), version };
  const supplier = supplierOf(component);
  return {
    ...identityOf(described, said.get('assay:package:type') ?? said.get('syft:package:type')),
    version,
    licenses: licensesOf(component),
    hashes: objectsOf(component['hashes']).flatMap(({ alg, content }) => hashOf(algorithmOf(textOf(alg)), textOf(content))),
    locations: locationsOf(component, said),
    dependsOn: [],
    ...(supplier !== undefined && { supplier }),
    foundBy: said.get('assay:package:foundBy') ?? said.get('syft:package:foundBy') ?? '',
  };
}

function supplierOf(component: JsonObject): string | undefined {
  const of = (name: string): string | undefined => someText(objectOf(component[name])['name']);
  return of('supplier') ?? of('manufacturer') ?? someText(component['publisher']) ?? someText(component['author']);
}

function licensesOf(component: JsonObject): string[] {
  return objectsOf(component['licenses']).flatMap(({ license, expression }) => {
    const { id, name } = objectOf(license);
    return someText(expression) ?? someText(id) ?? someText(name) ?? [];
  });
}

function algorithmOf(name: string | undefined): HashAlgorithm | undefined {
  return name === 'MD5' || name === 'SHA-1' || name === 'SHA-256' || name === 'SHA-512' ? name : undefined;
}

/** As we write them, as syft does (whose layers are diff IDs), as Trivy does, and as the format itself has them since 1.5. */
function locationsOf(component: JsonObject, said: ReadonlyMap<string, string>): Location[] {
  const found: Location[] = [];
  for (const [prefix, layerName] of [
    ['assay:location', 'layerDigest'],
    ['syft:location', 'layerID'],
  ] as const) {
    for (let i = 0; ; i++) {
      const path = said.get(`${prefix}:${i}:path`);
      if (path === undefined) break;
      found.push(locationOf(path, said.get(`${prefix}:${i}:${layerName}`)));
    }
  }
  const path = said.get('aquasecurity:trivy:FilePath');
  const layer = said.get('aquasecurity:trivy:LayerDigest');
  if (path !== undefined || layer !== undefined) found.push(locationOf(`/${path ?? ''}`, layer));
  if (found.length > 0) return found;
  return objectsOf(objectOf(component['evidence'])['occurrences']).flatMap(({ location }) => (typeof location === 'string' ? [{ path: location }] : []));
}

function locationOf(path: string, layer: string | undefined): Location {
  return layer === undefined ? { path } : { path, layer };
}

function distroOf(component: JsonObject): Distro {
  const id = textOf(component['name']) ?? '';
  return { id, versionId: textOf(component['version']) ?? '', prettyName: someText(component['description']) ?? id };
}

/** syft writes the digest of an image where its version would stand. */
function subjectOf(component: JsonObject, created: string | undefined): Subject {
  const said = propertiesOf(component['properties']).get('assay:subject:kind');
  const kind = said === 'image' || said === 'folder' || said === 'file' ? said : component['type'] === 'container' ? 'image' : 'file';
  const version = textOf(component['version']) ?? '';
  const stated = objectsOf(component['hashes']).find(({ alg }) => alg === 'SHA-256')?.['content'];
  const digest = typeof stated === 'string' ? `sha256:${stated}` : version;
  const isDigest = /^sha256:[0-9a-f]{64}$/.test(digest);
  return {
    kind,
    name: textOf(component['name']) ?? '',
    version: version.startsWith('sha256:') ? '' : version,
    digest: isDigest ? digest : undefined,
    created,
  };
}

function unreadableOf(said: ReadonlyMap<string, string>): Inventory['unreadable'] {
  const all: Inventory['unreadable'][number][] = [];
  for (let i = 0; ; i++) {
    const of = (name: string): string | undefined => said.get(`assay:unreadable:${i}:${name}`);
    const path = of('path');
    if (path === undefined) return all;
    const layer = of('layerDigest');
    all.push({ path, ...(layer !== undefined && { layer }), code: knownCode(of('code')), message: of('message') ?? '' });
  }
}

export function knownCode(text: string | undefined): ErrorCode {
  return text !== undefined && Object.hasOwn(catalogue, text) ? (text as ErrorCode) : 'SBOM_UNREADABLE';
}
