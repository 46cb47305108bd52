/**
 * Whether the workflow that signed is a builder that one may trust (slsa.md section 1.5): the one that was named, or one of those that are known to
 * isolate the signing from the build; called at a release tag, since a branch may be moved.
 *
 * A delegator signs for the tool that called it: then the certificate names the delegator and the predicate the tool (delegated build).
 */
import { type Check, group, pass, quote, skip } from '@assay/core';
import { type BuilderId, parseBuilderId } from '../builder-id.ts';
import { ACTIONS_ISSUER } from '../github/hosts.ts';
import { GENERATOR_WORKFLOWS } from '../provenance/build-types.ts';
import { refuse } from '../reference-error.ts';
import type { GithubClaims } from './claims.ts';
import { checkReleaseTag, type RefRule } from './release-tag.ts';

/** They sign for whichever tool calls them. */
export const DELEGATORS: readonly string[] = [
  `${GENERATOR_WORKFLOWS}delegator_generic_slsa3.yml`,
  `${GENERATOR_WORKFLOWS}delegator_lowperms-generic_slsa3.yml`,
];

/** Trusted when nobody names a builder, by what is verified. Those of an attestation must be named. */
export const TRUSTED_BUILDERS = {
  artifact: [
    `${GENERATOR_WORKFLOWS}generator_generic_slsa3.yml`,
    `${GENERATOR_WORKFLOWS}builder_go_slsa3.yml`,
    `${GENERATOR_WORKFLOWS}builder_container-based_slsa3.yml`,
    ...DELEGATORS,
  ],
  image: [`${GENERATOR_WORKFLOWS}generator_container_slsa3.yml`],
  attestation: [],
} as const satisfies Record<string, readonly string[]>;

export type Subject = keyof typeof TRUSTED_BUILDERS;

export interface BuilderDemand {
  readonly subject: Subject;
  /** As it was given; '' is given too, and names none. */
  readonly builderId: string | undefined;
  /** Which refs count as releases. */
  readonly refs: RefRule;
}

export interface CertifiedBuilder {
  readonly checks: readonly Check[];
  /** Whether the tool behind the delegator is named by the predicate. Undefined when the builder is refused. */
  readonly delegated: boolean | undefined;
}

const SPEC = 'slsa.md section 1.5';

export function checkCertifiedBuilder(claims: GithubClaims, demand: BuilderDemand): CertifiedBuilder {
  const name = checkName(claims, demand);
  const checks = [checkIssuer(claims), name.check, checkReleaseTag('provenance.builder.ref', claims.builderRef, claims.repository, demand.refs)];
  return { checks, delegated: name.delegated };
}

export function checkIssuer({ issuer }: GithubClaims): Check {
  const id = 'provenance.issuer';
  if (issuer === ACTIONS_ISSUER) return pass(id, 'GitHub vouched for the workflow', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorInvalidOIDCIssuer',
    detail: JSON.stringify(quote(issuer)),
    code: 'IDENTITY_ISSUER',
    says: 'another issuer than GitHub vouched for the workflow',
    expected: ACTIONS_ISSUER,
    found: quote(issuer),
    spec: SPEC,
  });
}

function checkName({ builderName, builderRef }: GithubClaims, { subject, builderId }: BuilderDemand): { check: Check; delegated: boolean | undefined } {
  const id = 'provenance.builder';
  const trusted: readonly string[] = TRUSTED_BUILDERS[subject];
  const isDelegator = trusted.includes(builderName) && DELEGATORS.includes(builderName);
  if (builderId === undefined || builderId === '') {
    if (trusted.includes(builderName)) return { check: pass(id, `${quote(builderName)} is a trusted builder`, { spec: SPEC }), delegated: isDelegator };
    return { check: untrusted(id, builderName, trusted, builderId !== undefined), delegated: undefined };
  }
  const given = parseBuilderId(builderId);
  if ('refusal' in given) return { check: refuse(id, given.refusal), delegated: undefined };
  // Whom the delegator signed for is in the predicate, and compared there.
  if (isDelegator) return { check: pass(id, `${quote(builderName)} signs for the builders that call it`, { spec: SPEC }), delegated: true };
  const mismatch = looseMismatch({ name: builderName, version: builderRef }, given, 'refs/tags/ too');
  if (mismatch === undefined) return { check: pass(id, `the builder is ${quote(builderName)}, as demanded`, { spec: SPEC }), delegated: false };
  const check = refuse(id, {
    error: 'ErrorUntrustedReusableWorkflow',
    detail: `builderID does not match provenance: ${mismatch.detail}`,
    code: 'SLSA_BUILDER',
    says: mismatch.says,
    expected: quote(builderId),
    found: quote(`${builderName}@${builderRef}`),
    spec: SPEC,
    hint: hintFor(builderName, given),
  });
  return { check, delegated: undefined };
}

function untrusted(id: string, name: string, trusted: readonly string[], given: boolean): Check {
  return refuse(id, {
    error: 'ErrorUntrustedReusableWorkflow',
    detail: `${quote(name)} with builderID provided: ${given}`,
    code: 'SLSA_BUILDER_UNTRUSTED',
    says: 'the workflow that signed is none of the builders that are trusted without being named',
    expected: trusted.length === 0 ? 'a builder named with --builder-id' : trusted.map((one) => one.slice(GENERATOR_WORKFLOWS.length)).join(', '),
    found: quote(name),
    spec: SPEC,
  });
}

interface Mismatch {
  /** In the reference's words. */
  readonly detail: string;
  readonly says: string;
}

/** Names must be equal; versions only when one is demanded, and then `v1.2.3` stands for `refs/tags/v1.2.3` where that is allowed. */
export function looseMismatch(actual: BuilderId, given: BuilderId, versions: 'refs/tags/ too' | 'as they are'): Mismatch | undefined {
  if (actual.name !== given.name) {
    return { detail: `expected name '${quote(actual.name)}', got '${quote(given.name)}'`, says: 'another workflow signed than the builder that was demanded' };
  }
  const { version } = given;
  if (version === undefined || version === actual.version) return undefined;
  if (versions === 'refs/tags/ too' && `refs/tags/${version}` === actual.version) return undefined;
  const detail = `expected version '${quote(version)}', got '${quote(actual.version ?? '')}'`;
  return { detail, says: 'the builder is the one that was demanded, at another version' };
}

/** The near miss that people run into: the same file, or the same repository, under another name. */
function hintFor(actual: string, { name }: BuilderId): string | undefined {
  if (actual === name) return 'the workflow matches, the version differs';
  if (fileOf(actual) === fileOf(name)) return `the file ${quote(fileOf(name))} is the same, in another repository`;
  return undefined;
}

/** The last part of a path. */
export function fileOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The builder that the predicate states, against the one that was certified (rules 5 and 6). */
export function checkStatedBuilder(stated: string, certified: GithubClaims, { builderId, refs }: BuilderDemand, kind: 'delegated' | 'direct'): Check {
  return kind === 'direct' ? checkSame(stated, certified) : checkDelegated(stated, certified, builderId, refs);
}

const ID_STATED = 'provenance.builder.stated';

/** The whole of it, ref and all. */
function checkSame(stated: string, { builderName, builderRef }: GithubClaims): Check {
  const certified = `${builderName}@${builderRef}`;
  const id = parseBuilderId(stated);
  if ('refusal' in id) return refuse(ID_STATED, id.refusal);
  if (id.name === builderName && id.version === builderRef) {
    return pass(ID_STATED, 'the provenance names the builder that signed', { spec: SPEC });
  }
  return refuse(ID_STATED, {
    error: 'ErrorMismatchBuilderID',
    detail:
      id.name === builderName
        ? `expected version '${quote(builderRef)}', got '${quote(id.version ?? '')}'`
        : `expected name '${quote(id.name)}', got '${quote(builderName)}'`,
    code: 'SLSA_DISAGREEMENT',
    says: 'the provenance names another builder than the one that signed it',
    expected: quote(certified),
    found: quote(stated),
    spec: SPEC,
  });
}

function checkDelegated(stated: string, { repository }: GithubClaims, builderId: string | undefined, refs: RefRule): Check {
  const parts = stated.split('@');
  const [name, ref] = parts;
  if (name === undefined || ref === undefined || parts.length !== 2) {
    return refuse(ID_STATED, {
      error: 'ErrorInvalidBuilderID',
      detail: quote(stated),
      code: 'SLSA_BUILDER',
      says: 'the provenance does not name the tool that called the delegator together with its version',
      expected: 'https://github.com/OWNER/REPOSITORY/.github/workflows/FILE@refs/tags/vX.Y.Z',
      found: quote(stated),
      spec: SPEC,
    });
  }
  const tag = checkReleaseTag(`${ID_STATED}.ref`, ref, repository, { ...refs, language: name.startsWith(JRELEASER), of: 'stated' });
  return group(ID_STATED, { pass: `the delegator signed for ${quote(name)}`, fail: 'the tool that called the delegator is not one to trust' }, [
    tag,
    tag.status === 'pass' ? checkTool({ name, version: ref }, builderId) : skip(`${ID_STATED}.name`, 'not compared: it was not called at a release tag'),
  ]);
}

function checkTool(tool: BuilderId, builderId: string | undefined): Check {
  const id = `${ID_STATED}.name`;
  if (builderId === undefined) {
    if (tool.name.startsWith(GENERATOR_WORKFLOWS)) return pass(id, 'the tool is one of the SLSA project', { spec: SPEC });
    return refuse(id, {
      error: 'ErrorInvalidBuilderID',
      detail: `BuilderID Path Mismatch. Got: ${JSON.stringify(quote(tool.name))}. Expected BuilderID Path Prefix: ${JSON.stringify(GENERATOR_WORKFLOWS)}`,
      code: 'SLSA_BUILDER_UNTRUSTED',
      says: 'the tool that called the delegator is not one of the SLSA project, and none was named',
      expected: `${GENERATOR_WORKFLOWS}…`,
      found: quote(tool.name),
      hint: `if you trust it, name it: --builder-id ${quote(tool.name)}`,
      spec: SPEC,
    });
  }
  const given = parseBuilderId(builderId);
  if ('refusal' in given) return refuse(id, given.refusal);
  const mismatch = looseMismatch(tool, given, 'refs/tags/ too');
  if (mismatch === undefined) return pass(id, 'the tool is the one that was demanded', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchBuilderID',
    detail: mismatch.detail,
    code: 'SLSA_BUILDER',
    says: mismatch.says.replace('another workflow signed', 'the delegator signed for another tool'),
    expected: quote(builderId),
    found: quote(`${tool.name}@${tool.version ?? ''}`),
    spec: SPEC,
    hint: hintFor(tool.name, given),
  });
}

const JRELEASER = 'https://github.com/jreleaser/release-action';
