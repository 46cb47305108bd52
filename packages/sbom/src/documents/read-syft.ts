/** Reads syft's own JSON (`syft -o json`): artifacts in the order in which they stand. */
import type { JsonObject } from '@assay/core';
import type { Distro, Location, Package, Subject } from '../inventory.ts';
import { identityOf } from './identity.ts';
import { objectOf, objectsOf, requiredObjects, requiredText, someText, textOf } from './loose.ts';
import { countListed, type Listed, type Read } from './sbom-document.ts';

/** Errors: `SBOM_PARSE`, `SBOM_LIMIT`. */
export function readSyft(document: JsonObject): Read {
  const artifacts = requiredObjects(document['artifacts'], 'artifacts');
  countListed(artifacts.length);
  const dependsOn = new Map<string, string[]>();
  for (const { parent, child, type } of objectsOf(document['artifactRelationships'])) {
    // The parent is the dependency: it is `dependency-of` the child.
    if (type === 'dependency-of' && typeof parent === 'string' && typeof child === 'string') dependsOn.set(child, [...(dependsOn.get(child) ?? []), parent]);
  }
  return {
    version: textOf(objectOf(document['schema'])['version']) ?? '',
    subject: subjectOf(objectOf(document['source'])),
    distro: distroOf(objectOf(document['distro'])),
    listed: artifacts.map((artifact) => listedOf(artifact, dependsOn)),
    unreadable: [],
  };
}

function listedOf(artifact: JsonObject, dependsOn: ReadonlyMap<string, readonly string[]>): Listed {
  const ref = someText(artifact['id']);
  return { ref, package: packageOf(artifact), isPackage: true, dependsOn: (ref === undefined ? undefined : dependsOn.get(ref)) ?? [] };
}

function packageOf(artifact: JsonObject): Package {
  const type = textOf(artifact['type']) ?? '';
  const version = textOf(artifact['version']) ?? '';
  const described = { purl: someText(artifact['purl']), kind: type || 'library', name: requiredText(artifact['name'], 'the name of an artifact'), version };
  return {
    ...identityOf(described, type),
    version,
    licenses: objectsOf(artifact['licenses']).flatMap(({ spdxExpression, value }) => someText(spdxExpression) ?? someText(value) ?? []),
    hashes: [],
    locations: objectsOf(artifact['locations']).flatMap(({ path, layerID }): Location[] => {
      if (typeof path !== 'string') return [];
      return [typeof layerID === 'string' ? { path, layer: layerID } : { path }];
    }),
    dependsOn: [],
    foundBy: textOf(artifact['foundBy']) ?? '',
  };
}

function distroOf(distro: JsonObject): Distro | undefined {
  const id = someText(distro['id']);
  return id === undefined ? undefined : { id, versionId: textOf(distro['versionID']) ?? '', prettyName: someText(distro['prettyName']) ?? id };
}

function subjectOf(source: JsonObject): Subject {
  const type = textOf(source['type']);
  const digest = someText(objectOf(source['metadata'])['manifestDigest']);
  return {
    kind: type === 'image' ? 'image' : type === 'directory' ? 'folder' : 'file',
    name: textOf(source['name']) ?? '',
    version: textOf(source['version'])?.startsWith('sha256:') === true ? '' : (textOf(source['version']) ?? ''),
    digest: digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined,
    created: undefined,
  };
}
