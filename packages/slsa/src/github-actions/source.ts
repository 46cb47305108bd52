/**
 * Whether it was built from the repository that was demanded: by the certificate first, then by the predicate, which must name one source and one
 * trigger, both the same (slsa.md section 1.7 A and F).
 */
import { type Check, pass, quote, skip } from '@assay/core';
import { gitUriOf, splitGitUri } from '../git-ref.ts';
import { DELEGATOR_V0, NPM_CLI_V1 } from '../provenance/build-types.ts';
import type { Provenance } from '../provenance/provenance.ts';
import { type Refusal, refuse } from '../reference-error.ts';
import type { GithubClaims } from './claims.ts';

/** Byte for byte, behind a scheme and host that may be left out. */
export function checkCertifiedSource({ repository }: GithubClaims, source: string): Check {
  const id = 'provenance.source.certified';
  const expected = source.replace(/^git\+https:\/\//, '').replace(/^github\.com\//, '');
  if (repository === expected) return pass(id, `the certificate is of a build of ${quote(repository)}`, { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchSource',
    detail: `expected source '${quote(expected)}', got '${quote(repository)}'`,
    code: 'SLSA_SOURCE',
    says: 'the certificate is of a build of another repository',
    expected: quote(source) || 'none',
    found: quote(`github.com/${repository}`),
    spec: SPEC,
    hint: nearMiss(source, repository),
  });
}

/** What people trip over: another host before the right repository, a scheme, a suffix, letter case. */
export function nearMiss(source: string, repository: string): string | undefined {
  const bare = source.replace(/^git\+/, '').replace(/^[a-z+]+:\/\//, '');
  const [host = '', ...path] = bare.split('/');
  const rest = path.join('/');
  const right = `github.com/${quote(repository)}`;
  if (host.includes('.') && host !== 'github.com' && rest === repository) {
    return `the host differs: ${quote(host)} was demanded, it was built on github.com. If ${quote(host)} is a mirror or a look-alike, do not trust what it says; name the source as ${right}`;
  }
  const tidy = (host === 'github.com' ? rest : bare)
    .replace(/@.*$/s, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  if (tidy === repository) return `name the source as ${right}, without scheme, trailing slash, .git or ref`;
  if (tidy.toLowerCase() === repository.toLowerCase()) return 'they differ in upper and lower case only; repositories are compared as they are written';
  const [owner] = repository.split('/');
  const [owner2, name2] = tidy.split('/');
  if (owner2 === owner) return `the owner is the same, the repository is another: ${right}`;
  if (name2 !== undefined && `${owner}/${name2}` === repository) return `the repository has the same name, its owner is another (a fork?): ${right}`;
  return undefined;
}

/** In the order in which they are asked. */
export function checkStatedSource(provenance: Provenance, source: string): Check[] {
  const wanted = gitUriOf(source);
  const id = 'provenance.source.demanded';
  if (!wanted.startsWith('git+https://github.com/')) {
    return [
      refuse(id, {
        error: 'ErrorMalformedURI',
        detail: `expected source github.com repository ${JSON.stringify(quote(wanted))}`,
        code: 'SLSA_SOURCE_URI',
        says: 'the source that was demanded is not a repository on github.com',
        expected: 'github.com/OWNER/REPOSITORY',
        found: quote(source),
        spec: SPEC,
      }),
    ];
  }
  const trigger = checkTrigger(provenance, wanted);
  const material = checkMaterial(provenance, wanted);
  return [trigger, material, checkBoth(provenance, [trigger, material])];
}

function checkTrigger({ triggerUri, version }: Provenance, wanted: string): Check {
  const id = 'provenance.source.trigger';
  if (triggerUri === undefined) return refuse(id, nothing(version === 'v0.2' ? 'invocation.configSource.uri' : 'the workflow that was started'));
  const split = splitGitUri(triggerUri);
  if (split === undefined) return refuse(id, notGit(triggerUri));
  if (split.repository !== wanted) {
    return refuse(id, {
      error: 'ErrorMismatchSource',
      detail: `expected trigger ${JSON.stringify(quote(wanted))} to match source-uri ${JSON.stringify(quote(triggerUri))}`,
      code: 'SLSA_SOURCE',
      says: 'the provenance says that a workflow of another repository was started',
      expected: quote(wanted),
      found: quote(triggerUri),
      spec: SPEC,
    });
  }
  if (split.ref === '') return refuse(id, noRef(triggerUri, 'the workflow that was started'));
  return pass(id, `the provenance says that it was started from ${quote(triggerUri)}`, { spec: SPEC });
}

function checkMaterial({ sourceUri, buildType, version }: Provenance, wanted: string): Check {
  const id = 'provenance.source.stated';
  if (sourceUri === undefined) return refuse(id, nothing(version === 'v0.2' ? 'materials[0].uri' : 'resolvedDependencies[0].uri'));
  const split = splitGitUri(sourceUri);
  if (split === undefined) return refuse(id, notGit(sourceUri));
  if (split.repository !== wanted) {
    return refuse(id, {
      error: 'ErrorMismatchSource',
      detail: `expected source ${JSON.stringify(quote(sourceUri))} to match source-uri ${JSON.stringify(quote(wanted))}`,
      code: 'SLSA_SOURCE',
      says: 'the provenance says that it was built from another repository',
      expected: quote(wanted),
      found: quote(sourceUri),
      spec: SPEC,
    });
  }
  if (split.ref === '' && !REFLESS.has(buildType)) return refuse(id, noRef(sourceUri, 'the source'));
  return pass(id, `the provenance says that it was built from ${quote(sourceUri)}`, { spec: SPEC });
}

/** npm before its general release; and tools that commit while they release, so that what they build is on no ref yet. */
const REFLESS: ReadonlySet<string> = new Set([NPM_CLI_V1, DELEGATOR_V0]);

function checkBoth({ sourceUri, triggerUri }: Provenance, before: readonly Check[]): Check {
  const id = 'provenance.source.agree';
  if (before.some(({ status }) => status !== 'pass') || sourceUri === undefined)
    return skip(id, 'source and trigger were not compared: one of them is refused');
  if (sourceUri === triggerUri || splitGitUri(sourceUri)?.ref === '') return pass(id, 'what was built is what was started', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorInvalidDssePayload',
    detail: `source and trigger URIs do not match: ${JSON.stringify(quote(triggerUri ?? ''))} != ${JSON.stringify(quote(sourceUri))}`,
    code: 'SLSA_DISAGREEMENT',
    says: 'the provenance says that it was built from another ref than the one it was started from',
    expected: quote(triggerUri ?? ''),
    found: quote(sourceUri),
    spec: SPEC,
  });
}

function nothing(what: string): Refusal {
  return {
    error: 'ErrorMalformedURI',
    detail: 'empty uri',
    code: 'SLSA_STATEMENT',
    says: `the provenance does not state ${what}`,
    found: 'nothing',
    spec: SPEC,
  };
}

function notGit(uri: string): Refusal {
  const found = quote(uri);
  return {
    error: 'ErrorMalformedURI',
    detail: `not a git URI: ${JSON.stringify(found)}`,
    code: 'SLSA_STATEMENT',
    says: 'the source is not a Git repository',
    found,
    spec: SPEC,
  };
}

function noRef(uri: string, what: string): Refusal {
  const found = quote(uri);
  return {
    error: 'ErrorMalformedURI',
    detail: `missing ref: ${JSON.stringify(found)}`,
    code: 'SLSA_STATEMENT',
    says: `the provenance does not say at which ref ${what} was`,
    found,
    spec: SPEC,
  };
}

const SPEC = 'slsa.md section 1.7';
