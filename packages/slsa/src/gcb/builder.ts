/** Whether Cloud Build itself built it, and the kind of build is one that it runs (slsa.md section 1.9, GCB step 2). */
import { type Check, isJsonObject, type Json, pass, quote, skip } from '@assay/core';
import { type BuilderId, GOOGLE_HOSTED_WORKER, parseBuilderId } from '../builder-id.ts';
import { looseMismatch } from '../github-actions/builder.ts';
import { refuse } from '../reference-error.ts';
import type { GcbStatement } from './statement.ts';

export interface GcbBuilder {
  readonly checks: readonly Check[];
  /** As the statement names it. */
  readonly stated: string;
  /** Its parts; undefined when it is none of Cloud Build's. */
  readonly id: BuilderId | undefined;
}

export function checkGcbBuilder(statement: GcbStatement, demanded: string | undefined): GcbBuilder {
  const stated = statement.version === 'v0.1' ? statement.body.predicate.builder.id : statement.body.predicate.runDetails.builder.id;
  const known = BUILDERS[statement.version];
  const id = known.includes(stated) ? parseBuilderId(stated) : undefined;
  if (id === undefined || 'refusal' in id) return { checks: [unknownBuilder(stated, known), ...SKIPPED], stated, id: undefined };
  const checks = [
    pass('gcb.builder', `built by ${quote(stated)}`, { spec: SPEC }),
    ...(demanded === undefined ? [] : [checkDemanded(id, demanded)]),
    ...(statement.version === 'v0.1'
      ? [checkRecipe(statement.body.predicate.recipe.type, stated, id), checkArguments(statement.body.predicate.recipe.arguments)]
      : [checkBuildType(statement.body.predicate.buildDefinition.buildType)]),
  ];
  return { checks, stated, id };
}

const BUILDERS: Readonly<Record<GcbStatement['version'], readonly string[]>> = {
  'v0.1': [`${GOOGLE_HOSTED_WORKER}@v0.2`, `${GOOGLE_HOSTED_WORKER}@v0.3`],
  v1: [GOOGLE_HOSTED_WORKER],
};
const SKIPPED = [skip('gcb.buildType', 'not looked at: it was not built by a builder that is known')];

function unknownBuilder(stated: string, known: readonly string[]): Check {
  return refuse('gcb.builder', {
    error: 'ErrorInvalidBuilderID',
    code: 'SLSA_BUILDER',
    says: 'the provenance names a builder that is not one of Cloud Build',
    expected: known.join(' or '),
    found: quote(stated),
    spec: SPEC,
  });
}

/** The version only when one is demanded; it is not a ref. */
function checkDemanded(actual: BuilderId, demanded: string): Check {
  const id = 'gcb.builder.demanded';
  const given = parseBuilderId(demanded);
  if ('refusal' in given) return refuse(id, given.refusal);
  const mismatch = looseMismatch(actual, given, 'as they are');
  if (mismatch === undefined) return pass(id, 'that is the builder that was demanded', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchBuilderID',
    detail: mismatch.detail,
    code: 'SLSA_BUILDER',
    says: actual.name === given.name ? 'Cloud Build built it, at another version' : 'another builder built it than the one that was demanded',
    expected: quote(demanded),
    found: actual.version === undefined ? actual.name : `${actual.name}@${actual.version}`,
    spec: SPEC,
  });
}

/** v0.2 repeats the builder; v0.3 says whether the steps were in a file or given directly. */
function checkRecipe(type: string, builder: string, { version }: BuilderId): Check {
  const fits = version === 'v0.2' ? type === builder : RECIPES.some((recipe) => type.startsWith(recipe));
  if (fits) return pass('gcb.buildType', `the recipe is ${quote(type)}`, { spec: SPEC });
  const expected = version === 'v0.2' ? builder : RECIPES.map((recipe) => `${recipe}…`).join(' or ');
  return refuse('gcb.buildType', {
    error: 'ErrorInvalidRecipe',
    detail: `expected '${expected}', got '${quote(type)}'`,
    code: 'SLSA_GCB_BUILD',
    says: 'the recipe is none of this builder',
    expected,
    found: quote(type),
    spec: SPEC,
  });
}

const RECIPES = ['https://cloudbuild.googleapis.com/CloudBuildYaml@', 'https://cloudbuild.googleapis.com/CloudBuildSteps@'];

function checkArguments(value: Json): Check {
  const id = 'gcb.buildType.arguments';
  const type = isJsonObject(value) ? value['@type'] : undefined;
  if (type === BUILD) return pass(id, 'the arguments are those of a build', { spec: SPEC });
  const found = typeof type === 'string' ? quote(type) : 'none';
  const problem =
    typeof type === 'string'
      ? ({ error: 'ErrorMismatchBuilderID', detail: `expected '${BUILD}', got '${found}'` } as const)
      : ({ error: 'ErrorInvalidDssePayload', detail: 'no @type in the arguments of the recipe' } as const);
  return refuse(id, { ...problem, code: 'SLSA_GCB_BUILD', says: 'the arguments of the recipe are not those of a build', expected: BUILD, found, spec: SPEC });
}

const BUILD = 'type.googleapis.com/google.devtools.cloudbuild.v1.Build';

function checkBuildType(type: string): Check {
  if (type === BUILD_TYPE) return pass('gcb.buildType', `the build type is ${BUILD_TYPE}`, { spec: SPEC });
  return refuse('gcb.buildType', {
    error: 'ErrorInvalidBuildType',
    detail: quote(type),
    code: 'SLSA_BUILD_TYPE',
    says: 'the build type is none of Cloud Build',
    expected: BUILD_TYPE,
    found: quote(type),
    spec: SPEC,
  });
}

const BUILD_TYPE = 'https://cloud.google.com/build/gcb-buildtypes/google-worker/v1';
const SPEC = 'slsa.md section 1.9';
