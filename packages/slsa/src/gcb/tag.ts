/**
 * Demands on branch and tag (slsa.md section 1.9, GCB step 8). Cloud Build states the tag as a substitution, `TAG_NAME`; a branch it states as well, but
 * the reference does not believe it, and neither do we.
 */
import { type Check, type Json, pass, quote } from '@assay/core';
import type { RefDemands } from '../github-actions/ref.ts';
import { REFERENCE_ERRORS, refuse } from '../reference-error.ts';
import { compareVersionedTag } from '../versioned-tag.ts';
import { configSource, objectIn, Unstated } from './parameters.ts';
import type { GcbStatement } from './statement.ts';

/** '' is a demand too. */
export function checkGcbRefs(statement: GcbStatement, { branch, tag, versionedTag }: RefDemands): Check[] {
  return [
    ...(branch === undefined ? [] : [refuseBranch(branch)]),
    ...(tag === undefined ? [] : [checkTag(statement, tag)]),
    ...(versionedTag === undefined ? [] : [checkVersionedTag(statement, versionedTag)]),
  ];
}

function refuseBranch(branch: string): Check {
  return refuse('gcb.branch', {
    error: 'ErrorNotSupported',
    detail: 'branch verification',
    code: 'SLSA_UNSUPPORTED',
    says: 'from which branch Cloud Build built is not verified',
    expected: quote(branch),
    hint: 'demand a tag: --source-tag or --source-versioned-tag',
    spec: SPEC,
  });
}

function checkTag(statement: GcbStatement, expected: string): Check {
  const id = 'gcb.tag';
  const stated = tagOf(statement);
  if ('problem' in stated) return noTag(id, 'ErrorMismatchTag', stated.problem, expected);
  if (stated.tag === expected) return pass(id, `built from the tag ${quote(expected)}`, { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchTag',
    detail: `expected '${quote(expected)}', got '${quote(stated.tag)}'`,
    code: 'SLSA_TAG',
    says: 'it was built from another tag',
    expected: quote(expected),
    found: quote(stated.tag),
    ...(expected === `refs/tags/${stated.tag}` && { hint: 'leave refs/tags/ out: names are compared without it' }),
    spec: SPEC,
  });
}

function checkVersionedTag(statement: GcbStatement, expected: string): Check {
  const id = 'gcb.versionedTag';
  const stated = tagOf(statement);
  if ('problem' in stated) return noTag(id, 'ErrorMismatchVersionedTag', stated.problem, expected);
  const refusal = compareVersionedTag(stated.tag, expected);
  return refusal === undefined ? pass(id, `the tag ${quote(stated.tag)} is of version ${quote(expected)}`, { spec: SPEC }) : refuse(id, refusal);
}

function noTag(id: string, error: 'ErrorMismatchTag' | 'ErrorMismatchVersionedTag', problem: string, expected: string): Check {
  return refuse(id, { error, detail: problem, code: 'SLSA_TAG', says: 'the provenance states no tag', expected: quote(expected), found: problem, spec: SPEC });
}

type Tag = { readonly tag: string } | { readonly problem: string };

function tagOf(statement: GcbStatement): Tag {
  const substitutions =
    statement.version === 'v0.1'
      ? objectIn(statement.body.predicate.recipe.arguments, 'substitutions')
      : objectIn(statement.body.predicate.buildDefinition.internalParameters, 'systemSubstitutions');
  const tag = substitutions?.['TAG_NAME'];
  if (typeof tag !== 'string') {
    const lacks =
      substitutions === undefined ? 'no substitutions' : tag === undefined ? "no substitution 'TAG_NAME'" : "the substitution 'TAG_NAME' is not text";
    return { problem: `GCB substitution variable error: ${lacks}` };
  }
  return statement.version === 'v0.1' ? { tag } : confirmed(tag, statement.body.predicate.buildDefinition.externalParameters);
}

/** v1 names the ref once more, in full: where the build's configuration was read. */
function confirmed(tag: string, externalParameters: Json): Tag {
  try {
    const ref = configSource(externalParameters, 'ref');
    if (ref === `refs/tags/${tag}`) return { tag };
    return { problem: `${REFERENCE_ERRORS.ErrorInvalidDssePayload}: 'refs/tags/${quote(tag)}' != '${quote(ref)}'` };
  } catch (error) {
    if (error instanceof Unstated) return { problem: `${REFERENCE_ERRORS[error.refusal.error]}: ${error.message}` };
    throw error;
  }
}

const SPEC = 'slsa.md section 1.9';
