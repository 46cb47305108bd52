/** Judges a tree of packages by the rules of rules.ts. Returns one line per offence. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative, resolve, sep } from 'node:path';
import * as rules from './rules.ts';
import { readSources, type SourceFacts } from './source.ts';

interface Package {
  /** Folder below packages/, e.g. `core`. */
  readonly folder: string;
  readonly path: string;
  readonly manifest: Manifest;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** @param root a checkout */
export async function checkGraph(root: string): Promise<string[]> {
  const packages = globSync('packages/*/package.json', { cwd: root })
    .sort()
    .map((path) => readPackage(root, path));
  const files = packages.flatMap(({ path }) => globSync('{src,bin}/**/*.{ts,js}', { cwd: path }).map((file) => join(path, file)));
  const facts = await readSources(files.sort());
  const offences = packages.flatMap((one) => [...knownLevel(one), ...reasons(one)]);
  for (const [file, found] of facts) {
    const owner = packages.find(({ path }) => file.startsWith(path + sep)) as Package;
    const where = relative(root, file);
    offences.push(...checkFile(file, found, owner, packages).map((offence) => `${where}: ${offence}`));
  }
  return [...offences, ...rootReasons(root)];
}

function readPackage(root: string, path: string): Package {
  const folder = path.split(/[\\/]/)[1] ?? '';
  return { folder, path: join(root, 'packages', folder), manifest: JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest };
}

function checkFile(file: string, facts: SourceFacts, owner: Package, packages: readonly Package[]): string[] {
  const isTest = file.endsWith('.test.ts');
  const crossings = facts.imports
    .filter((path) => crosses(file, path, owner, isTest))
    .map((path) => `${path} crosses into another package; import it by its name`);
  if (isTest) return crossings;
  const imported = facts.imports.filter((path) => !path.startsWith('.'));
  return [
    ...crossings,
    ...imported.flatMap((path) => checkArrow(path, owner, packages)),
    ...imported.flatMap((path) => checkDeclared(path, owner)),
    ...checkWorld(facts, owner),
  ];
}

/** Tests may share what lies in the `test` folder of another package. */
function crosses(file: string, path: string, owner: Package, isTest: boolean): boolean {
  if (!path.startsWith('.')) return false;
  const target = resolve(file, '..', path);
  return !target.startsWith(owner.path + sep) && !(isTest && target.split(sep).includes('test'));
}

function checkArrow(path: string, owner: Package, packages: readonly Package[]): string[] {
  const target = packages.find(({ manifest }) => path === manifest.name || path.startsWith(`${manifest.name}/`))?.folder;
  if (target === undefined || target === owner.folder) return [];
  if (target === rules.TEST_ONLY) return [`only tests import @assay/${target}`];
  if (rules.RESERVED[target]?.includes(owner.folder) === false) return [`${path} is for ${rules.RESERVED[target].join(' and ')} only`];
  if (owner.folder === rules.TEST_ONLY) return rules.TESTKIT_IMPORTS.includes(target) ? [] : [`testkit does not import ${path}`];
  return rules.LEVELS.indexOf(target) < rules.LEVELS.indexOf(owner.folder) ? [] : [`${path} stands above ${owner.folder}: arrows point down only`];
}

function checkDeclared(path: string, { folder, manifest }: Package): string[] {
  if (isBuiltin(path)) return [];
  const name = packageName(path);
  return name === manifest.name || name in (manifest.dependencies ?? {}) ? [] : [`${name} is not among the dependencies of packages/${folder}/package.json`];
}

function checkWorld(facts: SourceFacts, { folder }: Package): string[] {
  const touches = (names: readonly string[]): string[] => facts.globals.filter((name) => names.includes(name));
  const builtins = facts.imports.filter(isBuiltin);
  const offences: string[] = [];
  if (folder === 'core') {
    offences.push(
      ...[...builtins, ...touches(rules.FORBIDDEN_IN_CORE)].map((name) => `core uses ${name === 'new Date' ? 'new Date() without arguments' : name}`),
    );
  }
  if (!rules.MAY_PRINT.includes(folder)) {
    const viaImport = builtins.filter((name) => /^(?:node:)?(?:process|console)$/.test(name));
    offences.push(...[...viaImport, ...touches(rules.PRINTS_OR_EXITS)].map((name) => `${folder} prints or exits: ${name}`));
  }
  if (!rules.MAY_OPEN_SOCKETS.includes(folder)) {
    const sockets = facts.imports.filter((name) => rules.SOCKET_MODULES.includes(name.replace(/^node:/, '')));
    offences.push(...[...sockets, ...touches(rules.OPENS_SOCKETS)].map((name) => `${folder} opens sockets: ${name}`));
  }
  return offences;
}

function knownLevel({ folder }: Package): string[] {
  return rules.LEVELS.includes(folder) || folder === rules.TEST_ONLY ? [] : [`packages/${folder}: has no place in tools/graph/rules.ts`];
}

/** A dependency arrives with a sentence: what it does for us, and why not ourselves. */
function reasons({ folder, path, manifest }: Package): string[] {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter((name) => !name.startsWith('@assay/'));
  return unexplained(names, join(path, 'README.md')).map((name) => `packages/${folder}/README.md: no sentence on the dependency ${name}`);
}

function rootReasons(root: string): string[] {
  const { devDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  return unexplained(Object.keys(devDependencies), join(root, 'CONTRIBUTING.md')).map((name) => `CONTRIBUTING.md: no sentence on the dependency ${name}`);
}

function unexplained(names: readonly string[], readme: string): string[] {
  const lines = existsSync(readme) ? readFileSync(readme, 'utf8').split('\n') : [];
  return names.filter((name) => !lines.some((line) => line.includes(`\`${name}\``) && line.length > name.length + MIN_SENTENCE));
}

const MIN_SENTENCE = 30;

function isBuiltin(path: string): boolean {
  return path.startsWith('node:') || builtinModules.includes(path);
}

function packageName(path: string): string {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/');
}
