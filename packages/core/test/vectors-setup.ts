/**
 * Reads the conformance vectors once and hands them to the tests of every runtime: a browser has no files.
 * The folder is `ASSAY_VECTORS`, by default `../shared/vectors` beside the repository; without it the vector tests skip, visibly.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { VectorCase } from './vectors.ts';

interface ListedCase {
  readonly name: string;
  readonly expect: 'pass' | 'fail';
  readonly property: string;
  readonly args: readonly string[];
  readonly digestArgument: string;
  readonly needsDefaultTrustedRoot: boolean;
}

export default function setup(project: TestProject): void {
  const folder = resolve(project.config.root, process.env['ASSAY_VECTORS'] ?? join(repositoryOf(project.config.root), '../shared/vectors'));
  const cases = readCases(folder);
  if (cases.length === 0) process.stderr.write(`vector tests are skipped: no bundles/cases.json in ${folder} (set ASSAY_VECTORS)\n`);
  project.provide('vectors', cases);
}

/** The folder with the workspaces, wherever Vitest was started. */
function repositoryOf(folder: string): string {
  if (existsSync(join(folder, 'package-lock.json')) || dirname(folder) === folder) return folder;
  return repositoryOf(dirname(folder));
}

export function readCases(folder: string): VectorCase[] {
  const list = join(folder, 'bundles/cases.json');
  if (!existsSync(list)) return [];
  const { cases, defaultTrustedRoot } = JSON.parse(readFileSync(list, 'utf8')) as { cases: ListedCase[]; defaultTrustedRoot: string };
  return cases.map((listed) => readCase(join(folder, 'bundles'), listed, defaultTrustedRoot));
}

function readCase(folder: string, listed: ListedCase, defaultTrustedRoot: string): VectorCase {
  const read = (path: string): string => readFileSync(join(folder, path)).toString('base64');
  const flag = (name: string): string | undefined => {
    const at = listed.args.indexOf(name);
    return at < 0 ? undefined : listed.args[at + 1];
  };
  const key = flag('--key');
  return {
    name: listed.name,
    expect: listed.expect,
    property: listed.property,
    bundle: read(flag('--bundle') as string),
    trustedRoot: read(flag('--trusted-root') ?? defaultTrustedRoot),
    artifact: read(listed.args.at(-1) as string),
    digest: listed.digestArgument,
    ...(key === undefined
      ? { identity: { san: flag('--certificate-identity') as string, issuer: flag('--certificate-oidc-issuer') as string } }
      : { key: read(key) }),
  };
}
