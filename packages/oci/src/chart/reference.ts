/**
 * Where charts lie in registries, as helm writes it:
 *
 *   oci://HOST[:PORT]/PATH/NAME[:VERSION][@DIGEST]
 *
 * The first part is always the host, also without a point in it. A tag cannot hold the `+` of a version, so `1.2.3+build` lies under `1.2.3_build`.
 */
import { quote, TrustError } from '@assay/core';
import { type Digest, isDigest } from '../digest.ts';
import { canonicalRegistry, type RepositoryName } from '../reference.ts';

export interface ChartReference {
  /** As typed, e.g. `quay.io/enix/charts/x`: what is printed. */
  readonly name: string;
  /** Where it is asked for. */
  readonly repository: RepositoryName;
  /** With its plus sign. */
  readonly version: string | undefined;
  readonly digest: Digest | undefined;
}

export function isOciUrl(text: string): boolean {
  return text.startsWith('oci://');
}

/** Errors: `CHART_REFERENCE`. */
export function parseChartReference(url: string): ChartReference {
  const [registry, path] = splitOnce(url.replace(/^oci:\/\//, ''), '/');
  if (path === undefined) throw invalid('missing registry or repository');
  const [named, digest] = splitOnce(path, '@');
  const [repository, tag] = splitOnce(named, ':');
  if (!HOST.test(registry)) throw invalid(`invalid registry "${quote(registry)}"`);
  if (!REPOSITORY.test(repository)) throw invalid(`invalid repository "${quote(repository)}"`);
  if (digest !== undefined && !isDigest(digest)) throw invalid(`invalid digest "${quote(digest)}"`);
  if (tag !== undefined) checkTag(tagOf(tag));
  return {
    name: `${registry}/${repository}`,
    repository: { registry: canonicalRegistry(registry), repository },
    version: tag?.replaceAll('_', '+'),
    digest,
  };
}

/** The tag of a version. */
export function tagOf(version: string): string {
  return version.replaceAll('+', '_');
}

/** Errors: `CHART_REFERENCE`. */
export function checkTag(tag: string): string {
  if (!/^\w[\w.-]{0,127}$/.test(tag)) throw invalid(`invalid tag "${quote(tag)}"`);
  return tag;
}

function invalid(problem: string): TrustError {
  return new TrustError('CHART_REFERENCE', `invalid reference: ${problem}`);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

const HOST = /^(?:\[[\da-fA-F:]+\]|[\dA-Za-z](?:[\dA-Za-z._-]*[\dA-Za-z])?)(?::\d{1,5})?$/;
const REPOSITORY = /^[a-z\d]+(?:(?:[._]|__|-+)[a-z\d]+)*(?:\/[a-z\d]+(?:(?:[._]|__|-+)[a-z\d]+)*)*$/;
