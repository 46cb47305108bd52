/** A whole release, and checksum files. Read only when one is named. */
import type { Check } from '@assay/core';
import { publishedChecks, type Release, verifyChecksums, verifyRelease } from '@assay/release';
import type { RegistryAccess } from '../registry-access.ts';
import type { JudgedEvidence, Judging } from './judging.ts';
import type { Judged } from './report.ts';

export interface ReleaseThingOptions {
  readonly ignoreMissing?: boolean;
  /** To ask registries for what was published; undefined: nothing may be asked. */
  readonly access: RegistryAccess | undefined;
}

/** @param path of the folder, or of its assay.release.json. Errors: `FILE_…`, `RELEASE_PARSE`. */
export async function verifyReleaseThing(path: string, { ignoreMissing, access }: ReleaseThingOptions, { judge, options }: Judging): Promise<Judged> {
  const published = access === undefined ? undefined : (release: Release): Promise<readonly Check[]> => publishedChecks(release, access.registries);
  const { verification, release } = await verifyRelease(path, {
    judge,
    absent: ignoreMissing === true ? 'ignored' : 'refused',
    ...(published !== undefined && { published }),
  });
  const findings = options.findings ?? [];
  const whole = { ...verification, root: { ...verification.root, checks: [...findings, ...(verification.root.checks ?? [])] } };
  return { verification: whole, subject: { name: path, facts: release === undefined ? [] : factsOf(release) } };
}

/** @param signature of the checksum file itself. Errors: `FILE_…`, `CHECKSUMS_PARSE`. */
export function verifyChecksumsThing(path: string, signature: JudgedEvidence): JudgedEvidence {
  const { build, source } = signature;
  const verification = verifyChecksums(path, { signature });
  return { ...verification, ...(build && verification.ok && { build }), ...(source && { source }) };
}

function factsOf({ name, version, commit, files, images, charts }: Release): [string, string][] {
  const counted = [
    [files.length, 'file'],
    [images.length, 'image'],
    [charts.length, 'chart'],
  ] as const;
  const parts = counted.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}${count === 1 ? '' : 's'}`);
  return [
    ['release', `${name} ${version}`],
    ['consists of', parts.join(', ')],
    ...(commit === undefined ? [] : [['commit', commit] satisfies [string, string]]),
    ...[...images, ...charts].map(({ repository, digest }): [string, string] => ['published', `${repository}@${digest}`]),
  ];
}
