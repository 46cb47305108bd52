/** What registries have of a release: each image and chart under its digest, and its tags on it. */
import { type Check, fail, failFrom, isTrustError, pass, quote } from '@assay/core';
import { parseRepository, type Registries } from '@assay/oci';
import { tagOf } from '@assay/oci/chart';
import type { Release } from '../release.ts';

export async function publishedChecks({ images, charts }: Release, registries: Registries): Promise<Check[]> {
  const things = [
    ...images.map(({ repository, digest, tags }) => ({ repository, digest, tags })),
    ...charts.map(({ repository, digest, version }) => ({ repository, digest, tags: [tagOf(version)] })),
  ];
  return (await Promise.all(things.map((thing) => checksOf(thing, registries)))).flat();
}

interface Published {
  readonly repository: string;
  readonly digest: string;
  readonly tags: readonly string[];
}

async function checksOf({ repository, digest, tags }: Published, registries: Registries): Promise<Check[]> {
  try {
    const place = registries.repository(parseRepository(repository));
    const id = 'release.published.digest';
    const present = (await place.resolve(digest)) !== undefined;
    const what = quote(`${repository}@${digest}`);
    if (!present) return [fail(id, 'RELEASE_MISSING', `${what} is not in its registry`, { hint: 'it was deleted there, or never published' })];
    const checks = [pass(id, `${what} is in its registry`)];
    for (const tag of tags) checks.push(tagCheck(`${repository}:${tag}`, digest, (await place.resolve(tag))?.digest));
    return checks;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return [failFrom('release.published', error)];
  }
}

/** A tag that was moved is what people get who do not pin: worth a failure, not a note. */
function tagCheck(name: string, digest: string, found: string | undefined): Check {
  const id = 'release.published.tag';
  if (found === digest) return pass(id, `${quote(name)} names it`);
  const code = found === undefined ? 'RELEASE_MISSING' : 'RELEASE_MISMATCH';
  return fail(id, code, found === undefined ? `there is no tag ${quote(name)}` : `the tag ${quote(name)} names something else by now`, {
    expected: digest,
    found: found ?? 'nothing',
  });
}
