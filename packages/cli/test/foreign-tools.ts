/** The real tools of the field, for tests that hold ours against them: in the testbed (ASSAY_TESTBED) or on PATH, absent elsewhere. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export { runRealCosign as runTool } from './foreign-cosign.ts';

export interface ForeignTool {
  readonly name: string;
  readonly version: string;
  /** Empty when it is not there. */
  readonly path: string;
}

/** In the testbed the folder vouches for the version: what `go install` builds does not always know its own. */
export function findTool(name: string, version: string): ForeignTool {
  const testbed = join(process.env['ASSAY_TESTBED'] ?? join(homedir(), '.cache/assay-testbed'), `${name}-${version}`, name);
  const path = existsSync(testbed) ? testbed : (onPath(name).find((place) => isVersion(place, version)) ?? '');
  return { name, version, path };
}

/** For tools whose version does not matter; empty when it is not there. */
export function findOnPath(name: string): string {
  return onPath(name)[0] ?? '';
}

function onPath(name: string): string[] {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .filter((place) => existsSync(place));
}

function isVersion(path: string, version: string): boolean {
  try {
    const text = execFileSync(path, ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    // Ours states such a version too, and is no judge of itself.
    return text.includes(version) && !text.includes('Assay');
  } catch {
    return false;
  }
}
