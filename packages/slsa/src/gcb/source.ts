/**
 * Whether it was built from the source that was demanded (slsa.md section 1.9, GCB step 4). How the source is written has changed:
 *
 *   v0.2   https://github.com/owner/name/commit/SHA       gs://bucket/file.tgz#GENERATION
 *   v0.3   [git+]https://github.com/owner/name            gs://bucket/file.tgz#GENERATION
 *   v1     git+https://github.com/owner/name @ refs/…     (repository and ref of the build's configuration)
 */
import { type Check, pass, quote, skip } from '@assay/core';
import type { BuilderId } from '../builder-id.ts';
import { type Refusal, refuse } from '../reference-error.ts';
import { configSource, Unstated } from './parameters.ts';
import type { GcbStatement } from './statement.ts';

export function checkGcbSource(statement: GcbStatement, builder: BuilderId | undefined, source: string): Check[] {
  if (builder === undefined) return [skip(ID, 'the source was not compared: how it is written depends on the builder')];
  let stated: string;
  try {
    stated = sourceOf(statement);
  } catch (error) {
    if (error instanceof Unstated) return [refuse(ID, { ...error.refusal, spec: SPEC })];
    throw error;
  }
  const uri = stated.replace(/^git\+/, '');
  const expected = uri.startsWith('https://') && !source.startsWith('https://') ? `https://${source}` : source;
  const check = statement.version === 'v1' ? checkVersioned(uri, expected) : checkMaterial(uri, expected, builder.version === 'v0.2' ? '/commit/' : undefined);
  return uri.startsWith('gs://') ? [upload(uri), check] : [check];
}

/** Errors: `Unstated`. */
function sourceOf(statement: GcbStatement): string {
  if (statement.version === 'v1') {
    const parameters = statement.body.predicate.buildDefinition.externalParameters;
    const ref = configSource(parameters, 'ref');
    return `${configSource(parameters, 'repository')}@${ref}`;
  }
  const [material] = statement.body.predicate.materials ?? [];
  if (material === undefined) throw new Unstated('ErrorInvalidDssePayload', 'no material', 'the provenance names no source');
  if (material.uri === '') throw new Unstated('ErrorMalformedURI', 'empty uri', 'the provenance names no source');
  return material.uri;
}

/** With `commit`, the URI goes on to the commit; without, it may end there. A `#` begins the generation of an uploaded file. */
function checkMaterial(uri: string, expected: string, commit: string | undefined): Check {
  const same = uri.startsWith(`${expected}#`) || (commit === undefined ? uri === expected : uri.startsWith(`${expected}${commit}`));
  return same ? built(uri) : mismatch(uri, expected, uri);
}

function checkVersioned(uri: string, expected: string): Check {
  const [repository = '', ref, ...more] = uri.split('@');
  if (ref === undefined || more.length > 0) {
    return refuse(ID, {
      error: 'ErrorInvalidFormat',
      detail: `no version in '${quote(uri)}'`,
      code: 'SLSA_STATEMENT',
      says: 'the provenance does not name its source as REPOSITORY@REF',
      found: quote(uri),
      spec: SPEC,
    });
  }
  return repository === expected ? built(uri) : mismatch(repository, expected, uri);
}

function built(uri: string): Check {
  return pass(ID, `built from ${quote(uri)}`, { spec: SPEC });
}

function mismatch(compared: string, expected: string, uri: string): Check {
  const refusal: Refusal = {
    error: 'ErrorMismatchSource',
    detail: `expected '${quote(expected)}', got '${quote(compared)}'`,
    code: 'SLSA_SOURCE',
    says: 'it was built from another source',
    expected: quote(expected),
    found: quote(uri),
    spec: SPEC,
  };
  const tidy = expected.replace(/^(?:https:\/\/)?(?:git\+)?(?:https?:\/\/)?/, 'https://').replace(/(?:\.git|\/)+$/, '');
  const meant = tidy !== expected && (compared === tidy || compared.startsWith(`${tidy}/commit/`));
  return refuse(ID, meant ? { ...refusal, hint: `name the source as ${quote(tidy.slice('https://'.length))}` } : refusal);
}

function upload(uri: string): Check {
  return pass('gcb.source.upload', 'built from an uploaded file', {
    warning: `it was not built from a repository: nothing says where ${quote(uri)} comes from. Let a trigger on the repository start the build`,
    spec: SPEC,
  });
}

const ID = 'gcb.source';
const SPEC = 'slsa.md section 1.9';
