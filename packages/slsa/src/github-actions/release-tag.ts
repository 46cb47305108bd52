/**
 * A builder counts only when it was called at a release: `refs/tags/vX.Y.Z`. Branches move, and a commit says nothing about being released
 * (slsa.md section 1.5 rule 4).
 */
import { type Check, pass, quote } from '@assay/core';
import { namedRef } from '../git-ref.ts';
import { refuse } from '../reference-error.ts';

export interface RefRule {
  /** `SLSA_VERIFIER_TESTING`: the builders' own repositories may use their main branch and release candidates. */
  readonly testing: boolean;
  /** Tags end in a language that the tool is made for: `vX.Y.Z-java`. */
  readonly language?: boolean;
  /** Whose ref it is: the certificate's, or that which a predicate states. */
  readonly of?: 'certified' | 'stated';
}

const GENERATOR = 'slsa-framework/slsa-github-generator';
const EXAMPLE = 'slsa-framework/example-package';

/** `repository` is the source's, `owner/name`: what the exception for tests hangs on. */
export function checkReleaseTag(id: string, ref: string, repository: string, { testing, language = false, of = 'certified' }: RefRule): Check {
  const own = testing && (of === 'certified' ? [GENERATOR, EXAMPLE].includes(repository) : repository === EXAMPLE);
  if (own && ref === 'refs/heads/main') return pass(id, 'the builder was called at its main branch, which tests of it may do');
  const { problem, name } = namedRef(ref, 'tags');
  if (problem !== undefined) return refused(id, ref, problem);
  if (language) return LANGUAGE_TAG.test(name) ? released(id, ref) : refused(id, ref, `${quote(name)}: not of the form vX.Y.Z-<language>`);
  if (own && of === 'certified') return CANDIDATE_TAG.test(name) ? released(id, ref) : refused(id, ref, `${quote(name)}: version tag not valid`);
  return RELEASE_TAG.test(name) ? released(id, ref) : refused(id, ref, `${quote(name)}: not of the form vX.Y.Z`);
}

function released(id: string, ref: string): Check {
  return pass(id, `the builder was called at a release, ${quote(ref)}`, { spec: 'slsa.md section 1.5' });
}

function refused(id: string, ref: string, detail: string): Check {
  return refuse(id, {
    error: 'ErrorInvalidRef',
    detail,
    code: 'SLSA_BUILDER_REF',
    says: 'the builder was not called at a release tag, so that nobody can say which of its versions built this',
    expected: 'refs/tags/vX.Y.Z',
    found: quote(ref),
    spec: 'slsa.md section 1.5',
  });
}

const NUMBER = '(?:0|[1-9]\\d*)';
const RELEASE_TAG = new RegExp(`^v${NUMBER}\\.${NUMBER}\\.${NUMBER}$`);
const CANDIDATE_TAG = new RegExp(`^v${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`);
const LANGUAGE_TAG = new RegExp(`^v${NUMBER}\\.${NUMBER}\\.${NUMBER}-(?:java)$`);
