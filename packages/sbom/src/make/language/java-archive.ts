/**
 * Java archives and what is nested in them. What one is called is said by `pom.properties` in it, if its name fits the file's; else by `pom.xml`, the manifest,
 * the name of the file: in this order, as syft does. Of an archive that bundles others, each `pom.properties` is a package of its own.
 */
import { createHash } from 'node:crypto';
import { isTrustError, quote } from '@assay/core';
import type { PackageType } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { decodeText } from './documents.ts';
import { type Found, FoundPackages, type Report } from './found-packages.ts';
import { type JavaManifest, manifestValue, parseManifest } from './java-manifest.ts';
import { type ArchiveName, groupOfManifest, parseArchiveName, selectName, selectVersion } from './java-names.ts';
import { type MavenId, type Pom, parsePom, resolveId } from './pom.ts';
import { openZip, type Zip, type ZipBudget, zipBudget } from './zip.ts';

export const javaArchive: Cataloger = { name: 'java-archive', finds: 'installed', open: () => new JavaCatalog() };

interface Archive {
  readonly file: FoundFile;
  /** In the archive around it, else of the file. */
  readonly name: string;
  /** Of the archives around it: `WEB-INF/lib/a.jar:b.jar`. */
  readonly nested: readonly string[];
  readonly content: Uint8Array;
  readonly budget: ZipBudget;
  readonly report: Report;
}

class JavaCatalog implements Catalog {
  readonly #found = new FoundPackages(javaArchive.name, 'java-archive');

  wants({ path, isHidden, head }: FoundFile): boolean {
    return !isHidden && (ARCHIVE.test(path) || (path.endsWith('.zip') && head[0] === 0x50 && head[1] === 0x4b));
  }

  async read(file: FoundFile, content: Uint8Array, report: Report): Promise<void> {
    await this.#readArchive({ file, name: file.path, nested: [], content, budget: zipBudget(), report });
  }

  /** @returns the purl of its main package */
  async #readArchive(archive: Archive): Promise<string | undefined> {
    const zip = await openZip(archive.content, archive.budget, archive.report);
    const main = ARCHIVE.test(archive.name) ? await this.#addPackages(archive, zip) : undefined;
    for (const name of zip.names.filter((one) => ARCHIVE.test(`/${one}`)).sort()) {
      this.#found.depend(main, await this.#readNested(archive, zip, name));
    }
    return main;
  }

  /** One that is broken or too deep is reported, and the rest goes on. */
  async #readNested(around: Archive, zip: Zip, name: string): Promise<string | undefined> {
    const nested = [...around.nested, name];
    const report: Report = (message) => around.report(`${quote(nested.join(':'), 200)}: ${message}`);
    if (around.nested.length >= MAX_DEPTH) {
      report(`archives are nested more than ${MAX_DEPTH} deep, the cap`);
      return undefined;
    }
    try {
      const content = await zip.read(name, MAX_NESTED_BYTES);
      return await this.#readArchive({ ...around, name: `/${name}`, nested, content });
    } catch (error) {
      if (!isTrustError(error)) throw error;
      report(error.message);
      return undefined;
    }
  }

  async #addPackages({ file, name, content, report }: Archive, zip: Zip): Promise<string | undefined> {
    if (!zip.names.includes(MANIFEST)) return undefined;
    const manifest = parseManifest(await zip.read(MANIFEST, MAX_TEXT_BYTES));
    // New Relic's instrumentation is called like what it is for.
    if (manifest.main.has('Weave-Classes')) return undefined;
    const described = await describedIn(zip, report);
    const main = mainPackage(manifest, parseArchiveName(name), described);
    const others = described.filter(({ properties }) => properties !== undefined && !absorb(main, properties));
    const hashes = [{ algorithm: 'SHA-1', value: createHash('sha1').update(content).digest('hex') } as const];
    const supplier = manifestValue(manifest, 'Implementation-Vendor') || manifestValue(manifest, 'Bundle-Vendor');
    const type = main.type ?? (/\.[jh]pi$/.test(name) ? 'jenkins-plugin' : 'java-archive');
    const version = main.version || (await versionOfProperties(zip, manifest));
    const purl = this.#found.add(
      file,
      { ...mavenFound({ groupId: main.group, artifactId: main.name, version }, type), licenses: main.licenses, hashes, supplier },
      report,
    );
    for (const { properties, pom } of others) {
      if (properties === undefined) continue;
      const other = mavenFound({ ...properties, groupId: groupOf(properties) || groupOfPom(pom) }, typeOf(properties.groupId));
      this.#found.depend(purl, this.#found.add(file, { ...other, licenses: pom?.licenses ?? [] }, report));
    }
    return purl;
  }

  packages() {
    return this.#found.all();
  }
}

/** `pom.properties` and `pom.xml` of one folder. */
interface Described {
  readonly properties: MavenId | undefined;
  readonly pom: Pom | undefined;
}

async function describedIn(zip: Zip, report: Report): Promise<Described[]> {
  const byFolder = new Map<string, { properties: MavenId | undefined; pom: Pom | undefined }>();
  for (const name of zip.names.filter((one) => /pom\.(?:properties|xml)$/.test(one)).sort()) {
    const folder = name.slice(0, Math.max(name.lastIndexOf('/'), 0));
    const described = byFolder.get(folder) ?? { properties: undefined, pom: undefined };
    byFolder.set(folder, described);
    try {
      const content = await zip.read(name, MAX_TEXT_BYTES);
      if (name.endsWith('.xml')) described.pom = parsePom(content);
      else described.properties = parseProperties(content);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      report(`${quote(name, 120)}: ${error.message}`);
    }
  }
  return [...byFolder.keys()].sort().map((folder) => byFolder.get(folder) as Described);
}

/** Nothing unless it says artifact and version. */
function parseProperties(content: Uint8Array): MavenId | undefined {
  const values = propertiesOf(content);
  const [groupId = '', artifactId = '', version = ''] = ['groupId', 'artifactId', 'version'].map((name) => values.get(name));
  return artifactId === '' || version === '' ? undefined : { groupId, artifactId, version };
}

interface Main {
  name: string;
  version: string;
  group: string;
  type: PackageType | undefined;
  hasProperties: boolean;
  readonly licenses: readonly string[];
}

function mainPackage(manifest: JavaManifest, archive: ArchiveName, described: readonly Described[]): Main {
  const { properties, pom } = bestMatch(archive, described);
  const id = pom === undefined ? undefined : resolveId(pom, NO_PARENT);
  const licenses = ['Bundle-License', 'Plugin-License-Name'].map((name) => manifestValue(manifest, name)).filter((license) => license !== '');
  const name = properties?.artifactId || id?.artifactId || selectName(manifest, archive);
  return {
    name,
    version: properties?.version || id?.version || selectVersion(manifest, archive),
    group: groupOfPom(pom) || groupOfManifest(manifest),
    type: undefined,
    hasProperties: false,
    licenses: licenses.length > 0 ? licenses : (pom?.licenses ?? []),
  };
}

/** The first that fits the name of the file; one with a `pom.xml` rather than one without, one that is called the same rather than one that begins the same. */
function bestMatch({ name }: ArchiveName, described: readonly Described[]): Described {
  const isSaid = described.some(({ properties }) => properties?.artifactId === name);
  const isExact = ({ properties, pom }: Described): boolean =>
    pom !== undefined && properties !== undefined && (name.includes(properties.groupId) || name === properties.artifactId);
  let best: Described | undefined;
  for (const one of described) {
    if (one.properties === undefined || !fits(one.properties.artifactId, name, isSaid)) continue;
    if (best === undefined || (one.pom !== undefined && (best.pom === undefined || isExact(one)))) best = one;
    if (isExact(best)) break;
  }
  if (best !== undefined) return best;
  const alone = described.length === 1 && described[0]?.properties === undefined ? described[0]?.pom : undefined;
  return { properties: undefined, pom: alone };
}

function fits(artifactId: string, fileName: string, isSaid: boolean): boolean {
  if (fileName === '') return false;
  return isSaid ? artifactId === fileName : artifactId.startsWith(fileName) || fileName.endsWith(artifactId);
}

/** Whether these are of the archive itself: then it is what they say. */
function absorb(main: Main, properties: MavenId): boolean {
  const { artifactId, version, groupId } = properties;
  if (artifactId !== main.name) return false;
  main.version = version;
  main.type = typeOf(groupId) ?? 'java-archive';
  if (!main.hasProperties) main.group = groupOf(properties) || main.group;
  main.hasProperties = true;
  return true;
}

/** Maven's have a namespace, so the name stands for a group that nothing says. */
export function mavenFound({ groupId, artifactId, version }: MavenId, type: PackageType = 'java-archive'): Found {
  const namespace = groupId || artifactId;
  const isPlugin = /^(?:io\.jenkins|org\.jenkins-ci)\.plugins/.test(namespace);
  return { name: artifactId, version, type: isPlugin ? 'jenkins-plugin' : type, purl: { type: 'maven', namespace: namespace.replaceAll('/', '.') } };
}

function groupOf({ groupId, artifactId }: MavenId): string {
  return (groupId || (artifactId.includes('.') ? artifactId : '')).split(';')[0]?.trim() ?? '';
}

function groupOfPom(pom: Pom | undefined): string {
  if (pom === undefined) return '';
  return groupOf(resolveId(pom, NO_PARENT)) || (pom.parent === undefined ? '' : groupOf(pom.parent));
}

function typeOf(groupId: string): PackageType | undefined {
  return JENKINS_GROUPS.some((group) => groupId.startsWith(group)) || groupId.includes('.jenkins.plugin') ? 'jenkins-plugin' : undefined;
}

/** Of programs that are built otherwise: `version` or `tag` in `version.properties`. */
async function versionOfProperties(zip: Zip, { main }: JavaManifest): Promise<string> {
  const names = zip.names.filter((name) => name.toLowerCase() === 'version.properties');
  if ((main.get('Main-Class') ?? '') === '' || names.length !== 1) return '';
  const values = propertiesOf(await zip.read(names[0] ?? '', MAX_TEXT_BYTES));
  return ['version', 'tag'].map((name) => /^v?(\d[0-9A-Za-z.\-_+]*)$/.exec(values.get(name) ?? '')?.[1]).find((version) => version !== undefined) ?? '';
}

/** `name=value` and `name: value`; `#` begins a comment. */
function propertiesOf(content: Uint8Array): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of decodeText(content).split(/\r?\n/)) {
    const at = line.search(/[=:]/);
    if (at > 0 && !/^\s*#/.test(line)) values.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return values;
}

const NO_PARENT = (): undefined => undefined;
const ARCHIVE = /[^/]\.(?:jar|war|ear|par|sar|nar|jpi|hpi|kar|far|lpkg|rar|zap)$/;
const MANIFEST = 'META-INF/MANIFEST.MF';
const JENKINS_GROUPS = ['io.jenkins.plugins', 'org.jenkins.plugins', 'org.jenkins-ci.plugins', 'io.jenkins-ci.plugins', 'com.cloudbees.jenkins.plugins'];
const MAX_DEPTH = 8;
const MAX_TEXT_BYTES = 8 * 1024 * 1024;
const MAX_NESTED_BYTES = 512 * 1024 * 1024;
