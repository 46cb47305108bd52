/**
 * The version of the main module of a Go executable. The linker knows it only when the module was fetched or its repository had a tag; otherwise the order of
 * syft: what the build wrote into a variable that is named like a version, then the pseudo-version of the commit (go.dev/ref/mod#pseudo-versions).
 */
import type { GoModule } from './go-build-info.ts';

/** Empty when nothing says it. */
export function mainVersion({ path, version }: Pick<GoModule, 'path' | 'version'>, settings: ReadonlyMap<string, string>): string {
  if (version !== UNKNOWN_VERSION) return version;
  return versionOfFlags(settings.get('-ldflags') ?? '', path) ?? pseudoVersion(settings) ?? '';
}

export const UNKNOWN_VERSION = '(devel)';

/** `-X main.version=1.2.3`, `-X example.com/app/internal.gitTag=release/v1.2.3`: a variable of the main module that ends in `ver`, `version`, else in `tag`. */
function versionOfFlags(flags: string, module: string): string | undefined {
  const assignments = flags
    .slice(0, MAX_FLAGS_CHARACTERS)
    .split(/\s+/)
    .flatMap((word) => assignmentsIn(word.slice(0, MAX_WORD_CHARACTERS)));
  for (const ending of [/\.[a-zA-Z0-9]*[vV]er(?:sion)?$/, /\.[a-zA-Z0-9]*[tT]ag$/]) {
    for (const { variable, value } of assignments) {
      const at = ending.test(variable) ? variable.lastIndexOf('.') : -1;
      const packagePath = variable.slice(0, Math.max(at, 0));
      if (!packagePath.endsWith('main') && !packagePath.includes(`${module}/`)) continue;
      const version = lastVersionIn(value);
      if (version !== undefined) return version.startsWith('v') ? version : `v${version}`;
    }
  }
  return undefined;
}

function assignmentsIn(word: string): { readonly variable: string; readonly value: string }[] {
  const parts = word.split('=');
  return parts.slice(1).map((_, i) => ({ variable: parts.slice(0, i + 1).join('='), value: parts.slice(i + 1).join('=') }));
}

/** At the start, or after a slash; the last such place wins. */
function lastVersionIn(value: string): string | undefined {
  for (let at = value.lastIndexOf('/') + 1; ; at = value.lastIndexOf('/', at - 2) + 1) {
    const version = /^v?\d+.\d+.\d+[-\w]*/.exec(value.slice(at))?.[0];
    if (version !== undefined || at <= 0) return version;
  }
}

function pseudoVersion(settings: ReadonlyMap<string, string>): string | undefined {
  const [revision, time] = [settings.get('vcs.revision'), settings.get('vcs.time')];
  if (revision === undefined || time === undefined) return undefined;
  const date = new Date(time);
  const stamp = Number.isNaN(date.getTime()) ? '00010101000000' : date.toISOString().replace(/\..*$/, '').replace(/\D/g, '');
  return `v0.0.0-${stamp}-${revision.slice(0, 12)}`;
}

const MAX_FLAGS_CHARACTERS = 64 * 1024;
const MAX_WORD_CHARACTERS = 1024;
