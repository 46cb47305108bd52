/**
 * `--source-versioned-tag v1.2`: a tag by the parts of its version that are named (slsa.md section 1.7 J).
 *
 *   v1        any v1.x.y            v1.2      any v1.2.y            v1.2.3    v1.2.3 alone
 *
 * Versions are semantic ones with a leading v, of which minor and patch may be left out. The tag that was built is completed first (`v14` is v14.0.0)
 * and loses its build metadata; then the parts are compared as texts. A prerelease belongs to the patch, but only up to its first dot: `v1.2.3-rc.1`
 * accepts `v1.2.3-rc.2`, as it does in the reference.
 */
import { quote } from '@assay/core';
import type { Refusal } from './reference-error.ts';

/** Undefined when `tag`, which was built, is of the version that is expected. */
export function compareVersionedTag(tag: string, expected: string): Refusal | undefined {
  if (!SEMVER.test(expected)) return notSemantic(expected, 'the version that was demanded is none', 'v1, v1.2 or v1.2.3');
  if (!SEMVER.test(tag)) return notSemantic(tag, 'the tag that was built is no version', `a tag of version ${quote(expected)}`);
  const wanted = partsOf(expected);
  const found = partsOf(canonical(tag));
  for (const [i, name] of PARTS.entries()) {
    const [want, have = ''] = [wanted[i], found[i]];
    if (want === undefined || want === have) continue;
    return {
      error: 'ErrorMismatchVersionedTag',
      detail: `${name} version expected '${quote(want)}', got '${quote(have)}'`,
      code: 'SLSA_TAG',
      says: `it was built from a tag of another ${name} version`,
      expected: quote(expected),
      found: quote(tag),
    };
  }
  return undefined;
}

/** The texts between the first dots. Build metadata is cut off where it ends the patch; dots inside it keep it there, and nothing matches. */
function partsOf(version: string): string[] {
  const [major = '', minor, patch] = version.split('.');
  const { build = '' } = SEMVER.exec(version)?.groups ?? {};
  const named = [major, minor, patch?.endsWith(build) ? patch.slice(0, patch.length - build.length) : patch];
  return named.filter((part) => part !== undefined);
}

/** With all three parts, and without build metadata. */
function canonical(version: string): string {
  const { minor, patch, build = '' } = SEMVER.exec(version)?.groups ?? {};
  if (minor === undefined) return `${version}.0.0`;
  return patch === undefined ? `${version}.0` : version.slice(0, version.length - build.length);
}

function notSemantic(version: string, says: string, expected: string): Refusal {
  const hint = SEMVER.test(`v${version}`) ? 'it lacks the leading v' : 'at most three parts, numbers without leading zeros';
  return { error: 'ErrorInvalidSemver', text: `${quote(version)}: invalid semantic version`, code: 'SLSA_TAG', says, expected, found: quote(version), hint };
}

const PARTS = ['major', 'minor', 'patch'] as const;

const NUMBER = '(?:0|[1-9]\\d*)';
/** Of a prerelease: a number without leading zeros, or anything that is not a number. */
const IDENTIFIER = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)';
const METADATA = '[0-9A-Za-z-]+';
const RELEASE = `(?<patch>${NUMBER})(?:-${IDENTIFIER}(?:\\.${IDENTIFIER})*)?(?<build>\\+${METADATA}(?:\\.${METADATA})*)?`;
const SEMVER = new RegExp(`^v${NUMBER}(?:\\.(?<minor>${NUMBER})(?:\\.${RELEASE})?)?$`);
