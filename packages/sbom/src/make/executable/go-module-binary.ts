/** Modules of Go executables: the main one, those it was built from, and the standard library of the Go that built it. */
import type { Catalog, Cataloger } from '../cataloger.ts';
import { type Found, FoundPackages, type Report } from '../language/found-packages.ts';
import { type Executable, looksExecutable, readExecutables } from './binary-format.ts';
import { type GoBuildInfo, type GoModule, readGoBuildInfo } from './go-build-info.ts';
import { mainVersion, UNKNOWN_VERSION } from './go-main-version.ts';

export const goModuleBinary: Cataloger = {
  name: 'go-module-binary',
  finds: 'installed',
  open: (): Catalog => {
    const found = new FoundPackages('go-module-binary', 'go-module');
    return {
      wants: ({ head, isHidden }) => !isHidden && looksExecutable(head),
      read: (file, content, report) => {
        for (const executable of readExecutables(content)) addModules(found, file, executable, report);
      },
      packages: () => found.all(),
    };
  },
};

function addModules(found: FoundPackages, file: Parameters<FoundPackages['add']>[0], executable: Executable, report: Report): void {
  const info = readGoBuildInfo(executable, report);
  if (info === undefined) return;
  const { main, others } = withMain(info);
  const add = ({ path, version }: GoModule): string | undefined => found.add(file, { name: path, version, purl: goPurl(path) }, report);
  const mainPurl = main === undefined ? undefined : add({ ...main, version: mainVersion(main, info.settings) });
  const dependencies = others.map((module) => add(effective(module)));
  const [goVersion = ''] = info.goVersion.split(' ');
  // Only of releases: `devel` says nothing about what is in it.
  if ((main !== undefined || others.length > 0) && /\d/.test(goVersion)) {
    const purl: Found['purl'] = { type: 'golang', name: 'stdlib', version: goVersion.replace(/^go/, '') };
    dependencies.push(found.add(file, { name: 'stdlib', version: goVersion, licenses: ['BSD-3-Clause'], purl }, report));
  }
  for (const dependency of dependencies) found.depend(mainPurl, dependency);
}

/** Built from a file and not from a package, the main module is called `command-line-arguments`, or is missing: then it is the only dependency without a version. */
function withMain({ main, path, modules }: GoBuildInfo): { readonly main: GoModule | undefined; readonly others: readonly GoModule[] } {
  const isMissing = main === undefined ? path !== '' : main.path === 'command-line-arguments' && main.version === '';
  if (!isMissing) return { main, others: modules.filter((module) => !isSame(module, main)) };
  const [candidate, ...more] = modules.filter(({ version }) => version === UNKNOWN_VERSION);
  if (candidate === undefined || more.length > 0) return { main: { path, version: UNKNOWN_VERSION, sum: '' }, others: modules };
  return { main: candidate, others: modules.filter((module) => module !== candidate) };
}

function isSame(a: GoModule, b: GoModule | undefined): boolean {
  return a.path === b?.path && a.version === b.version && a.sum === b.sum && a.replacedBy === undefined;
}

/** What was built instead: another module; or a folder beside the main one, which has the name but not the version. */
function effective(module: GoModule): GoModule {
  const { replacedBy } = module;
  const known = (version: string): string => (version === UNKNOWN_VERSION ? '' : version);
  if (replacedBy === undefined) return { ...module, version: known(module.version) };
  return { ...replacedBy, path: /^[./]/.test(replacedBy.path) ? module.path : replacedBy.path, version: known(replacedBy.version) };
}

export function goPurl(path: string): Found['purl'] {
  const slash = path.lastIndexOf('/');
  return slash <= 0 || slash === path.length - 1
    ? { type: 'golang', name: path }
    : { type: 'golang', namespace: path.slice(0, slash), name: path.slice(slash + 1) };
}
