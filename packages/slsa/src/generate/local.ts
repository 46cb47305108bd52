/**
 * Provenance of a machine that nobody vouches for: Build L1 (slsa.md section 2.4). Nothing is found out here, since whoever runs the build could make
 * the surroundings say anything; what its owner states is stated in the owner's words, under the owner's signature.
 */
import { TrustError } from '@assay/core';
import type { ProvenancePredicate } from './statement.ts';
import { COMMIT } from './token-claims.ts';

export interface LocalBuild {
  /** URI of who builds; verifiers pair it with the signer. */
  readonly builderId: string | undefined;
  /** URI of a page that says how such builds are made, and what their parameters mean. */
  readonly buildType: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  /** `git+https://example.org/project@refs/heads/main`, and the commit of it. */
  readonly source?: string | undefined;
  readonly commit?: string | undefined;
}

/** Errors: `PROVENANCE_ENVIRONMENT` for what only the owner can know, and did not say. */
export function localProvenance({ builderId, buildType, parameters, source, commit }: LocalBuild): ProvenancePredicate {
  if (commit !== undefined && source === undefined) throw unsaid('a commit means nothing without the repository it is in', 'add --source URI');
  if (commit !== undefined && !COMMIT.test(commit)) throw unsaid('a commit is named by its whole object name', 'give all 40 or 64 hex digits');
  const dependency = source === undefined ? [] : [{ uri: uriOf(source, 'source', '--source'), ...(commit !== undefined && { digest: { gitCommit: commit } }) }];
  const predicate = {
    buildDefinition: {
      buildType: uriOf(buildType, 'kind of build', '--build-type'),
      externalParameters: { ...parameters },
      ...(dependency.length > 0 && { resolvedDependencies: dependency }),
    },
    runDetails: { builder: { id: uriOf(builderId, 'builder', '--builder-id') } },
  };
  return { version: 'v1', predicate };
}

function uriOf(value: string | undefined, what: string, flag: string): string {
  if (value !== undefined && URI.test(value) && URL.canParse(value)) return value;
  throw unsaid(`the ${what} of a local build is not known${value === undefined ? '' : ': not a URI'}`, `state it with ${flag} URI`);
}

function unsaid(problem: string, hint: string): TrustError {
  return new TrustError('PROVENANCE_ENVIRONMENT', problem, { hint });
}

const URI = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i;
