/**
 * Chart.yaml, as a value:
 *
 *   name, version, apiVersion     required; `version` is a semantic version, `name` one part of a path
 *   type                          `application` or `library`
 *   appVersion                    any text; a number is taken as text, so that an unquoted 1.10 becomes "1.1"
 *   dependencies                  charts that belong below charts/
 *   home, icon, description, kubeVersion, condition, tags, sources[], keywords[], maintainers[], annotations{}, deprecated
 *
 * Unknown members are ignored, and names are matched whatever their case, as helm does. The JSON of this value is the configuration of a chart in a
 * registry, and its YAML the Chart.yaml of a package and the head of its provenance, so the order of members is helm's.
 */
import { quote, TrustError } from '@assay/core';
import { parseVersion } from './semver.ts';
import { encodeTreeJson, sortedByName, type Tree, withoutEmpty } from './tree.ts';
import { TreeFields } from './tree-fields.ts';
import { parseYaml } from './yaml-read.ts';
import { encodeYaml } from './yaml-write.ts';

/** Absent texts are empty. */
export interface ChartMetadata {
  readonly name: string;
  readonly home: string;
  readonly sources: readonly string[];
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly maintainers: readonly ChartMaintainer[];
  readonly icon: string;
  readonly apiVersion: string;
  readonly condition: string;
  readonly tags: string;
  readonly appVersion: string;
  readonly deprecated: boolean;
  readonly annotations: ReadonlyMap<string, string>;
  readonly kubeVersion: string;
  readonly dependencies: readonly ChartDependency[];
  readonly type: string;
}

export interface ChartMaintainer {
  readonly name: string;
  readonly email: string;
  readonly url: string;
}

export interface ChartDependency {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly condition: string;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly importValues: readonly Tree[];
  readonly alias: string;
}

/**
 * @param sources Chart.yaml, and for old charts requirements.yaml, whose members come on top
 * Errors: `CHART_FILE` (not of the shape), `CHART_METADATA` (a value that is not allowed).
 */
export function parseMetadata(...sources: readonly { readonly file: string; readonly data: Uint8Array }[]): ChartMetadata {
  const members = sources.flatMap(({ file, data }) => [...TreeFields.of(parseYaml(data, file), file, 'Metadata').members]);
  return checkedMetadata(readMetadata(new TreeFields(new Map(members), sources[0]?.file ?? 'Chart.yaml', 'Metadata')));
}

function readMetadata(fields: TreeFields): ChartMetadata {
  return {
    name: fields.text('name'),
    home: fields.text('home'),
    sources: fields.texts('sources'),
    version: fields.text('version'),
    description: fields.text('description'),
    keywords: fields.texts('keywords'),
    maintainers: fields.objects('maintainers', 'Maintainer').map((one) => ({ name: one.text('name'), email: one.text('email'), url: one.text('url') })),
    icon: fields.text('icon'),
    // Charts of helm 2 do not say.
    apiVersion: fields.text('apiVersion') || 'v1',
    condition: fields.text('condition'),
    tags: fields.text('tags'),
    appVersion: fields.text('appVersion'),
    deprecated: fields.flag('deprecated'),
    annotations: fields.textMap('annotations'),
    kubeVersion: fields.text('kubeVersion'),
    dependencies: readDependencies(fields),
    type: fields.text('type'),
  };
}

export function readDependencies(fields: TreeFields): ChartDependency[] {
  return fields.objects('dependencies', 'Dependency').map((one) => ({
    name: one.text('name'),
    version: one.text('version'),
    repository: one.text('repository'),
    condition: one.text('condition'),
    tags: one.texts('tags'),
    enabled: one.flag('enabled'),
    importValues: one.list('import-values'),
    alias: one.text('alias'),
  }));
}

/** Cleans texts of what cannot be printed, and refuses what helm refuses. Errors: `CHART_METADATA`. */
export function checkedMetadata(raw: ChartMetadata): ChartMetadata {
  const metadata: ChartMetadata = {
    ...raw,
    ...mapTexts(raw, ['name', 'home', 'description', 'icon', 'condition', 'tags', 'appVersion', 'kubeVersion']),
    sources: raw.sources.map(printable),
    keywords: raw.keywords.map(printable),
    maintainers: raw.maintainers.map((one) => mapTexts(one, ['name', 'email', 'url'])),
    dependencies: raw.dependencies.map((one) => ({
      ...one,
      ...mapTexts(one, ['name', 'version', 'repository', 'condition']),
      tags: one.tags.map(printable),
    })),
  };
  const { name, version, type } = metadata;
  if (name === '') refuse('chart.metadata.name is required');
  if (name === '.' || name === '..') refuse(`chart.metadata.name "${name}" is not allowed`);
  if (/[/\\]/.test(name)) refuse(`chart.metadata.name "${quote(name)}" is invalid`);
  if (version === '') refuse('chart.metadata.version is required');
  if (parseVersion(version) === undefined) refuse(`chart.metadata.version "${quote(version)}" is invalid`);
  if (!['', 'application', 'library'].includes(type)) refuse('chart.metadata.type must be application or library');
  checkDependencyNames(metadata.dependencies);
  return metadata;
}

function checkDependencyNames(dependencies: readonly ChartDependency[]): void {
  const names = new Set<string>();
  for (const { name, alias } of dependencies) {
    if (alias !== '' && !/^[a-zA-Z0-9_-]+$/.test(alias)) refuse(`dependency "${quote(name)}" has disallowed characters in the alias`);
    const key = alias || name;
    if (names.has(key)) refuse(`more than one dependency with name or alias "${quote(key)}"`);
    names.add(key);
  }
}

function refuse(problem: string): never {
  throw new TrustError('CHART_METADATA', `validation: ${problem}`);
}

function mapTexts<Key extends string>(from: Readonly<Record<Key, string>>, keys: readonly Key[]): Record<Key, string> {
  return Object.fromEntries(keys.map((key) => [key, printable(from[key])])) as Record<Key, string>;
}

/** What prints stays, any space becomes a plain one. */
function printable(text: string): string {
  return text.replace(/[\s\u0085]/gu, ' ').replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '');
}

/** The members in helm's order, without the empty ones. */
export function metadataTree(metadata: ChartMetadata): Tree {
  return withoutEmpty([
    ['name', metadata.name],
    ['home', metadata.home],
    ['sources', metadata.sources],
    ['version', metadata.version],
    ['description', metadata.description],
    ['keywords', metadata.keywords],
    ['maintainers', metadata.maintainers.map((one) => withoutEmpty(Object.entries(one)))],
    ['icon', metadata.icon],
    ['apiVersion', metadata.apiVersion],
    ['condition', metadata.condition],
    ['tags', metadata.tags],
    ['appVersion', metadata.appVersion],
    ['deprecated', metadata.deprecated],
    ['annotations', sortedByName(metadata.annotations)],
    ['kubeVersion', metadata.kubeVersion],
    ['dependencies', metadata.dependencies.map(dependencyTree)],
    ['type', metadata.type],
  ]);
}

export function dependencyTree({ name, version, repository, condition, tags, enabled, importValues, alias }: ChartDependency): Tree {
  return new Map<string, Tree>([
    ['name', name],
    ...withoutEmpty([['version', version]]),
    ['repository', repository],
    ...withoutEmpty([
      ['condition', condition],
      ['tags', tags],
      ['enabled', enabled],
      ['import-values', importValues],
      ['alias', alias],
    ]),
  ]);
}

/** The configuration of a chart in a registry. */
export function metadataJson(metadata: ChartMetadata): string {
  return encodeTreeJson(metadataTree(metadata));
}

/** What `show chart` prints. */
export function metadataYaml(metadata: ChartMetadata): string {
  return encodeYaml(metadataTree(metadata));
}

/** The Chart.yaml of a package: charts of version 1 keep their dependencies in requirements.yaml. */
export function chartYaml(metadata: ChartMetadata): string {
  return metadataYaml(metadata.apiVersion === 'v1' ? { ...metadata, dependencies: [] } : metadata);
}
