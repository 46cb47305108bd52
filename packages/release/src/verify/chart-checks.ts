/** A chart of a release: the archive is the one in the registry, and its values name the images of the release. */
import { type Check, fail, isTrustError, pass, quote } from '@assay/core';
import { parseChart } from '@assay/oci/chart';
import { parse, YAMLError } from 'yaml';
import type { Release, ReleasedChart } from '../release.ts';

/** Errors: none; what cannot be read is a failed check. */
export async function chartChecks(archive: Uint8Array, { name, version, images }: ReleasedChart, release: Release): Promise<Check[]> {
  const id = 'release.chart';
  try {
    const { metadata, values } = await parseChart(archive);
    const named = `${metadata.name} ${metadata.version}`;
    const checks = [
      named === `${name} ${version}`
        ? pass(id, `the archive holds ${quote(named)}`)
        : fail(id, 'RELEASE_MISMATCH', 'the archive holds another chart', { expected: `${name} ${version}`, found: quote(named) }),
    ];
    const tree: unknown = values === undefined ? undefined : parse(new TextDecoder().decode(values), { maxAliasCount: 100 });
    return [...checks, ...Object.entries(images).map(([path, image]) => imageCheck(path, image, tree, release))];
  } catch (error) {
    if (isTrustError(error)) return [fail(id, error.code, error.message)];
    // The latter is how the library refuses aliases that multiply.
    if (error instanceof YAMLError || error instanceof ReferenceError)
      return [fail(id, 'RELEASE_MISMATCH', `its values cannot be read: ${quote(error.message)}`)];
    throw error;
  }
}

function imageCheck(path: string, name: string, values: unknown, { images }: Release): Check {
  const id = 'release.chart.image';
  const image = images.find((one) => one.name === name);
  if (image === undefined) return fail(id, 'RELEASE_MISMATCH', `the chart is to name the image ${quote(name)}, which is none of the release`);
  const at = path.split('.').reduce<unknown>((value, key) => memberOf(value, key), values);
  const digest = memberOf(at, 'digest');
  const repository = ['registry', 'repository']
    .map((key) => memberOf(at, key))
    .filter((part) => typeof part === 'string' && part !== '')
    .join('/');
  const expected = `${image.repository}@${image.digest}`;
  const found = `${repository}@${typeof digest === 'string' ? digest : 'no digest'}`;
  if (found === expected) return pass(id, `${quote(path)} in its values is the signed image ${quote(expected)}`);
  return fail(id, 'RELEASE_MISMATCH', `${quote(path)} in its values is not the signed image`, { expected, found: quote(found) });
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
