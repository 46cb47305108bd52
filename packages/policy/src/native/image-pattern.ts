/**
 * Which images a policy is about.
 *
 *   [HOST/]REPOSITORY[@DIGEST]     * is any characters but /, ** is any characters
 *
 * A pattern names repositories, with whatever tag or digest; behind an @ it names digests of them. Without a host it is Docker Hub, as in references.
 * Tags are not for patterns: whoever names the image by its digest would go around them.
 */
import { canonicalRegistry, DOCKER_HUB } from '@assay/oci';
import { compileGlob } from '../cluster-image-policy/glob.ts';
import type { NamedImage } from '../model.ts';

export interface ImagePattern {
  /** As it was written. */
  readonly text: string;
  matches(image: Pick<NamedImage, 'repository' | 'digest'>): boolean;
}

/** What is wrong with it. Undefined: nothing. */
export function problemOfPattern(text: string): string | undefined {
  const { repository, digest } = split(text);
  if (!/^[A-Za-z0-9._\-/*:]+$/.test(repository)) return 'not an image pattern: letters, digits, . _ - / : and * were expected';
  if (digest !== undefined && !/^sha256:[\da-f*]+$/.test(digest)) return 'not a digest: sha256: and hex digits were expected';
  if (digest !== undefined && !digest.includes('*') && digest.length !== DIGEST_LENGTH) return 'not a digest: sha256: and 64 hex digits were expected';
  const last = repository.slice(repository.lastIndexOf('/') + 1);
  if (last.includes(':'))
    return 'a pattern names repositories, not tags: an image may be named by its digest alone. A tag is demanded of the signer, with {tag}';
  if (repository === '*' || repository === '*/*') return 'says neither which host nor which repository: ** matches all';
  if (/\*{3}/.test(repository) || repository.startsWith('/') || repository.endsWith('/') || repository.includes('//')) return 'not an image pattern';
  return undefined;
}

/** Of a pattern without problems. */
export function imagePattern(text: string): ImagePattern {
  const { repository, digest } = split(text);
  const [names, digests] = [matcherOf(withHost(repository)), digest === undefined ? undefined : matcherOf(digest)];
  return {
    text,
    matches: (image) => names(image.repository) && (digests === undefined || (image.digest !== undefined && digests(image.digest))),
  };
}

/** As canonical names have it. */
export function withHost(repository: string): string {
  if (repository.startsWith('**')) return repository;
  const slash = repository.indexOf('/');
  const first = slash < 0 ? '' : repository.slice(0, slash);
  const hasHost = /[.:*]/.test(first) || first === 'localhost';
  if (hasHost) return first.includes('*') ? repository : `${canonicalRegistry(first)}${repository.slice(slash)}`;
  return `${DOCKER_HUB}/${repository.includes('/') ? repository : `library/${repository}`}`;
}

/** The parts of a pattern. */
export function split(text: string): { readonly repository: string; readonly digest: string | undefined } {
  const at = text.indexOf('@');
  return at < 0 ? { repository: text, digest: undefined } : { repository: text.slice(0, at), digest: text.slice(at + 1) };
}

/** Of a text without problems, and none of the two that globs have another meaning for. */
function matcherOf(glob: string): (text: string) => boolean {
  const compiled = compileGlob(glob);
  if ('problem' in compiled) throw new TypeError(compiled.problem);
  return (text) => compiled.matches(text);
}

const DIGEST_LENGTH = 'sha256:'.length + 64;
