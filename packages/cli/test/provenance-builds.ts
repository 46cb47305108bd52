/** Builds on GitHub Actions as builders of the SLSA project state them, and what the platform says of the job that signs: provenance of each kind, to be signed. */
import { createHash } from 'node:crypto';
import { utf8 } from '@assay/core';
import { DEFAULT_CLAIMS, type SignOptions } from '@assay/testkit';

/** What was built, and what started that. */
export interface Source {
  /** `owner/name`. */
  readonly repository: string;
  readonly ref: string;
  readonly event: string;
  readonly payload: object;
}

/** A tag that was pushed. */
export const TAGGED: Source = {
  repository: 'example/app',
  ref: 'refs/tags/v1.4.2',
  event: 'push',
  payload: { ref: 'refs/tags/v1.4.2', base_ref: 'refs/heads/main' },
};

/** A workflow that was started by hand, with inputs. */
export const DISPATCHED: Source = {
  repository: 'example/app',
  ref: 'refs/heads/main',
  event: 'workflow_dispatch',
  payload: { ref: 'refs/heads/main', inputs: { release: 'true', channel: 'beta' } },
};

/** Of the workflow whose job signs; and `NAME@REF` of the builder that verifiers report, which is another for those that delegate. */
export interface Builder {
  readonly kind: string;
  readonly signer: string;
  readonly id: string;
  readonly predicateType: string;
  predicate(id: string, source: Source): object;
}

export const COMMIT = DEFAULT_CLAIMS.sha;
export const GENERATOR = 'https://github.com/slsa-framework/slsa-github-generator';
const PATH = 'slsa-framework/slsa-github-generator/.github/workflows';
const V02 = 'https://slsa.dev/provenance/v0.2';
const V1 = 'https://slsa.dev/provenance/v1';

export const GENERIC: Builder = directBuilder('generic generator, v0.2', 'generator_generic_slsa3.yml@refs/tags/v2.0.0', V02, (id, source) =>
  predicateV02(id, `${GENERATOR}/generic@v1`, source),
);
export const GO: Builder = directBuilder('Go builder, v0.2', 'builder_go_slsa3.yml@refs/tags/v1.2.2', V02, (id, source) => ({
  ...predicateV02(id, `${GENERATOR}/go@v1`, source),
  buildConfig: { version: 1, steps: [{ command: ['go', 'build', '-o', 'app'], env: null, workingDir: '/work' }] },
}));
export const CONTAINER_BASED: Builder = directBuilder('container-based builder, v1', 'builder_container-based_slsa3.yml@refs/tags/v2.0.0', V1, (id, source) =>
  predicateV1(id, 'https://slsa.dev/container-based-build/v0.1?draft', source, 'sha1'),
);
/** It signs for the builder that called it. */
export const DELEGATED: Builder = {
  kind: 'delegated build, v1',
  signer: `${PATH}/delegator_lowperms-generic_slsa3.yml@refs/tags/v2.0.0`,
  id: `${GENERATOR}/.github/workflows/builder_nodejs_slsa3.yml@refs/tags/v2.0.0`,
  predicateType: V1,
  predicate: (id, source) => predicateV1(id, `${GENERATOR}/delegator-generic@v0`, source, 'gitCommit'),
};
export const BUILDERS: readonly Builder[] = [GENERIC, GO, CONTAINER_BASED, DELEGATED];

function directBuilder(kind: string, workflow: string, predicateType: string, predicate: Builder['predicate']): Builder {
  const signer = `${PATH}/${workflow}`;
  return { kind, signer, id: `https://github.com/${signer}`, predicateType, predicate };
}

export interface Statement {
  readonly _type: string;
  readonly predicateType: string;
  readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
  readonly predicate: object;
}

/** The statement about files of these contents, by name. */
export function statementOf(builder: Builder, source: Source, artifacts: Readonly<Record<string, string>>): Statement {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: builder.predicateType,
    subject: Object.entries(artifacts).map(([name, content]) => ({ name, digest: { sha256: sha256Of(content) } })),
    predicate: builder.predicate(builder.id, source),
  };
}

export function sha256Of(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The job that signs it. */
export function signedBy(builder: Builder, source: Source, statement: object): SignOptions {
  const { repository, ref, event } = source;
  const githubClaims = {
    repository,
    repository_owner: repository.split('/')[0] as string,
    ref,
    sub: `repo:${repository}:ref:${ref}`,
    event_name: event,
    workflow_ref: `${repository}/${WORKFLOW}@${ref}`,
    job_workflow_ref: builder.signer,
  };
  return { content: 'dsse', payload: utf8(JSON.stringify(statement)), githubClaims };
}

function predicateV02(id: string, buildType: string, source: Source) {
  const material = { uri: uriOf(source), digest: { sha1: COMMIT } };
  const environment = Object.entries(environmentOf(source)).map(([name, value]) => [name === 'GITHUB_SHA' ? 'github_sha1' : name.toLowerCase(), value]);
  return {
    builder: { id },
    buildType,
    invocation: { configSource: { ...material, entryPoint: WORKFLOW }, parameters: {}, environment: Object.fromEntries(environment) },
    metadata: {
      buildInvocationID: `${DEFAULT_CLAIMS.run_id}-1`,
      completeness: { parameters: true, environment: false, materials: false },
      reproducible: false,
    },
    materials: [material],
  };
}

function predicateV1(id: string, buildType: string, source: Source, algorithm: 'sha1' | 'gitCommit') {
  const dependency = { uri: uriOf(source), digest: { [algorithm]: COMMIT } };
  return {
    buildDefinition: { buildType, externalParameters: { inputs: {}, vars: {} }, internalParameters: environmentOf(source), resolvedDependencies: [dependency] },
    runDetails: { builder: { id }, metadata: { invocationId: `https://github.com/${source.repository}/actions/runs/${DEFAULT_CLAIMS.run_id}/attempts/1` } },
  };
}

function uriOf({ repository, ref }: Source): string {
  return `git+https://github.com/${repository}@${ref}`;
}

function environmentOf({ repository, ref, event, payload }: Source): Readonly<Record<string, unknown>> {
  return {
    GITHUB_ACTOR_ID: '4711',
    GITHUB_BASE_REF: '',
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PAYLOAD: payload,
    GITHUB_REF: ref,
    GITHUB_REF_TYPE: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    GITHUB_REPOSITORY: repository,
    GITHUB_RUN_ATTEMPT: DEFAULT_CLAIMS.run_attempt,
    GITHUB_RUN_ID: DEFAULT_CLAIMS.run_id,
    GITHUB_SHA: COMMIT,
    GITHUB_WORKFLOW_REF: `${repository}/${WORKFLOW}@${ref}`,
    GITHUB_WORKFLOW_SHA: COMMIT,
  };
}

const WORKFLOW = '.github/workflows/release.yml';
