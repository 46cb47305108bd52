/**
 * CycloneDX 1.6 as JSON (ECMA-424).
 *
 *   metadata.component      the subject; an image has a package URL of its own, `pkg:oci/NAME@DIGEST?repository_url=…&tag=…`
 *   components[]            packages in the order of the inventory, the package URL as `bom-ref`; the distribution as `operating-system`
 *   properties              what the format has no place for, `assay:…`: kinds, catalogers, and locations as `assay:location:N:path` and `…:layerDigest`
 *   dependencies[]          of those packages alone whose ecosystem says them: the others' are not known, which is not the same as none
 *   compositions[]          `incomplete` when something could not be read; what, and why, stands in `assay:unreadable:N:…`
 *
 * The serial number is derived from the content.
 */
import { utf8 } from '@assay/core';
import { ComponentType, HashAlgorithm } from '@cyclonedx/cyclonedx-library/Enums';
import {
  Bom,
  Component,
  ComponentRepository,
  HashDictionary,
  LicenseExpression,
  LicenseRepository,
  Metadata,
  NamedLicense,
  OrganizationalEntity,
  Property,
  PropertyRepository,
  SpdxLicense,
  Tools,
} from '@cyclonedx/cyclonedx-library/Models';
import { JSON as CycloneDxJson, JsonSerializer, type Types } from '@cyclonedx/cyclonedx-library/Serialize';
import { Spec1dot6 } from '@cyclonedx/cyclonedx-library/Spec';
import type { Distro, Hash, Inventory, Package, Subject, Unreadable } from '../inventory.ts';
import { packageUrl, parsePurl } from '../package-url.ts';
import { contentUuid } from './content-uuid.ts';
import { isSingleLicense, spdxExpression } from './licenses.ts';
import { DEFAULT_TOOL, type DocumentOptions, timeOf } from './options.ts';

/** The same inventory gives the same bytes. */
export function encodeCycloneDx(inventory: Inventory, options: DocumentOptions = {}): Uint8Array {
  const bom = bomOf(inventory, options);
  const serializer = new InventorySerializer(inventory);
  bom.serialNumber = `urn:uuid:${contentUuid(serializer.serialize(bom))}`;
  return utf8(`${serializer.serialize(bom, { space: 2 })}\n`);
}

type Normalized = CycloneDxJson.Types.Normalized.Bom;

/** What the library's models have no place for. */
class InventorySerializer extends JsonSerializer {
  readonly #inventory: Inventory;

  constructor(inventory: Inventory) {
    super(new CycloneDxJson.Normalize.Factory(Spec1dot6));
    this.#inventory = inventory;
  }

  protected override _normalize(bom: Bom, options?: Types.NormalizerOptions): Normalized {
    const { packages, unreadable } = this.#inventory;
    const normalized = super._normalize(bom, options);
    const { metadata, components = [], dependencies = [] } = normalized;
    const whole = {
      ...normalized,
      // A package that lies in several places may have several hashes of one kind.
      components: components.map((one, i) => ({ ...one, ...hashesOf(packages[i]?.hashes ?? []) })),
      dependencies: dependencies.filter(({ dependsOn }) => dependsOn !== undefined),
    };
    const ref = metadata?.component?.['bom-ref'];
    return unreadable.length === 0 || ref === undefined ? whole : Object.assign(whole, { compositions: [{ aggregate: 'incomplete', assemblies: [ref] }] });
  }
}

function hashesOf(hashes: readonly Hash[]): { hashes?: { alg: HashAlgorithm; content: string }[] } {
  return hashes.length === 0 ? {} : { hashes: hashes.map(({ algorithm, value }) => ({ alg: HashAlgorithm[algorithm], content: value })) };
}

function bomOf(inventory: Inventory, options: DocumentOptions): Bom {
  const { subject, distro, packages, unreadable } = inventory;
  const components = new Map(packages.map((one) => [one.purl, packageComponent(one)]));
  for (const { purl, dependsOn } of packages) {
    const refs = dependsOn.flatMap((other) => components.get(other)?.bomRef ?? []);
    for (const ref of refs) components.get(purl)?.dependencies.add(ref);
  }
  return new Bom({
    metadata: metadataOf(subject, unreadable, inventory, options),
    components: new ComponentRepository([...components.values(), ...(distro === undefined ? [] : [distroComponent(distro)])]),
  });
}

function metadataOf(subject: Subject, unreadable: readonly Unreadable[], inventory: Inventory, options: DocumentOptions): Metadata {
  const { name, version } = options.tool ?? DEFAULT_TOOL;
  const timestamp = timeOf(inventory, options);
  return new Metadata({
    tools: new Tools({ components: new ComponentRepository([new Component(ComponentType.Application, name, { ...(version !== undefined && { version }) })]) }),
    component: subjectComponent(subject),
    ...(timestamp !== undefined && { timestamp }),
    properties: propertiesOf(
      unreadable.flatMap(({ path, layer, code, message }, i) => [
        [`assay:unreadable:${i}:path`, path],
        [`assay:unreadable:${i}:layerDigest`, layer],
        [`assay:unreadable:${i}:code`, code],
        [`assay:unreadable:${i}:message`, message],
      ]),
    ),
  });
}

function subjectComponent({ kind, name, version, digest }: Subject): Component {
  const purl = kind === 'image' && digest !== undefined ? imagePurl(name, version, digest) : undefined;
  return new Component(kind === 'image' ? ComponentType.Container : ComponentType.File, name, {
    bomRef: purl ?? `subject:${name}${digest === undefined ? '' : `@${digest}`}`,
    version,
    ...(purl !== undefined && { purl }),
    ...(digest?.startsWith('sha256:') && { hashes: new HashDictionary([[HashAlgorithm['SHA-256'], digest.slice('sha256:'.length)]]) }),
    properties: propertiesOf([['assay:subject:kind', kind]]),
  });
}

/** purl specification, type `oci`: the last part of the repository is the name, and is lower-case. */
function imagePurl(repository: string, tag: string, digest: string): string {
  const name = repository.slice(repository.lastIndexOf('/') + 1).toLowerCase() || 'image';
  const qualifiers = { ...(repository.includes('/') && { repository_url: repository }), ...(tag !== '' && { tag }) };
  return packageUrl({ type: 'oci', name, version: digest, qualifiers });
}

function packageComponent({ purl, type, name, version, licenses, locations, supplier, foundBy }: Package): Component {
  const group = type === 'java-archive' ? groupOf(purl) : undefined;
  return new Component(type === 'binary' ? ComponentType.Application : ComponentType.Library, name, {
    bomRef: purl,
    purl,
    version,
    ...(group !== undefined && { group }),
    ...(supplier !== undefined && { supplier: new OrganizationalEntity({ name: supplier }) }),
    licenses: licensesOf(licenses),
    properties: propertiesOf([
      ['assay:package:type', type],
      ['assay:package:foundBy', foundBy],
      ...locations.flatMap(({ path, layer }, i): Named[] => [
        [`assay:location:${i}:path`, path],
        [`assay:location:${i}:layerDigest`, layer],
      ]),
    ]),
  });
}

function groupOf(purl: string): string | undefined {
  return parsePurl(purl)?.namespace || undefined;
}

/** The format has either one expression, or any number of licences: beside others an expression stands as a name. */
function licensesOf(licenses: readonly string[]): LicenseRepository {
  return new LicenseRepository(
    licenses.map((text) => {
      const expression = spdxExpression(text);
      if (expression === undefined) return new NamedLicense(text);
      if (isSingleLicense(expression)) return new SpdxLicense(expression);
      return licenses.length === 1 ? new LicenseExpression(expression) : new NamedLicense(expression);
    }),
  );
}

function distroComponent({ id, versionId, prettyName }: Distro): Component {
  return new Component(ComponentType.OperatingSystem, id, {
    bomRef: `os:${id}${versionId === '' ? '' : `@${versionId}`}`,
    version: versionId,
    description: prettyName,
  });
}

type Named = readonly [name: string, value: string | undefined];

function propertiesOf(named: readonly Named[]): PropertyRepository {
  return new PropertyRepository(named.flatMap(([name, value]) => (value === undefined ? [] : [new Property(name, value)])));
}
