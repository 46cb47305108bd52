/**
 * Provenance in one form, whichever version of the predicate says it, and whatever kind of build. What verifiers ask is answered here; how a version
 * or a kind of build writes it, is nobody else's business.
 */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import { DELEGATOR_V0, GITHUB_WORKFLOW_V1, NPM_CLI_V1_GITHUB } from './build-types.ts';
import type { ProvenanceStatement, StatementV1, StatementV02 } from './statement.ts';

export interface Provenance {
  readonly version: 'v0.2' | 'v1';
  readonly statementType: string;
  readonly subjects: readonly { readonly name: string; readonly digest: ReadonlyMap<string, string> }[];
  readonly builderId: string;
  readonly buildType: string;
  /** `git+https://github.com/owner/repository@refs/…`: what was built. Undefined where none is named. */
  readonly sourceUri: string | undefined;
  /** The same form: where the workflow was that started. */
  readonly triggerUri: string | undefined;
  /** Of the source, by algorithm: `sha1` or `gitCommit`. */
  readonly sourceDigest: ReadonlyMap<string, string>;
  /** Path of the workflow that was started, in its repository. */
  readonly entryPoint: string | undefined;
  readonly invocationId: string;
  readonly startedOn: string | undefined;
  readonly finishedOn: string | undefined;
  /** What the platform told the build about itself; names in upper case: `GITHUB_EVENT_NAME`. */
  readonly environment: Environment;
  /** What whoever started the build could choose. */
  readonly parameters: Json | undefined;
  readonly dependencies: readonly { readonly uri: string; readonly digest: ReadonlyMap<string, string> }[];
  readonly statement: ProvenanceStatement;
}

export interface Environment {
  /** Whether there is any: the generic generators always have one. */
  readonly present: boolean;
  get(name: string): Json | undefined;
  names(): readonly string[];
}

export function provenanceOf(statement: ProvenanceStatement): Provenance {
  return statement.version === 'v0.2' ? ofV02(statement) : ofV1(statement);
}

function ofV02(statement: StatementV02): Provenance {
  const { predicate } = statement;
  const { invocation, metadata } = predicate;
  const dependencies = (predicate.materials ?? []).map(resourceOf);
  const [source] = dependencies;
  // Builders that delegate write the names as the platform does, the others in lower case.
  const upper = predicate.buildType === DELEGATOR_V0 || predicate.buildType.startsWith('https://github.com/npm/cli/');
  return {
    ...common(statement),
    builderId: predicate.builder.id,
    buildType: predicate.buildType,
    sourceUri: source?.uri || undefined,
    sourceDigest: source?.digest ?? new Map(),
    triggerUri: invocation.configSource.uri || undefined,
    entryPoint: invocation.configSource.entryPoint || undefined,
    invocationId: metadata.buildInvocationID,
    startedOn: metadata.buildStartedOn ?? undefined,
    finishedOn: metadata.buildFinishedOn ?? undefined,
    environment: environmentIn(invocation.environment, upper ? (name) => name : lowerCase),
    parameters: invocation.parameters,
    dependencies,
  };
}

/** The commit has another name than elsewhere. */
function lowerCase(name: string): string {
  return name === 'GITHUB_SHA' ? 'github_sha1' : name.toLowerCase();
}

function ofV1(statement: StatementV1): Provenance {
  const { buildDefinition, runDetails } = statement.predicate;
  const { buildType, externalParameters, internalParameters } = buildDefinition;
  const dependencies = (buildDefinition.resolvedDependencies ?? []).map(resourceOf);
  const [source] = dependencies;
  const environment = environmentIn(internalParameters, (name) => name);
  const workflow = workflowIn(buildType, externalParameters, environment);
  return {
    ...common(statement),
    builderId: runDetails.builder.id,
    buildType,
    sourceUri: source?.uri || undefined,
    sourceDigest: source?.digest ?? new Map(),
    triggerUri: workflow && `${workflow.repository}@${workflow.ref}`,
    entryPoint: workflow?.path || undefined,
    invocationId: runDetails.metadata.invocationId,
    startedOn: runDetails.metadata.startedOn ?? undefined,
    finishedOn: runDetails.metadata.finishedOn ?? undefined,
    environment,
    parameters: externalParameters,
    dependencies,
  };
}

function common(statement: ProvenanceStatement) {
  const subjects = (statement.subject ?? []).map(({ name, digest }) => ({ name, digest: digestsOf(digest) }));
  return { version: statement.version, statementType: statement._type, subjects, statement };
}

function resourceOf({ uri, digest }: { readonly uri: string; readonly digest: Digests }) {
  return { uri, digest: digestsOf(digest) };
}

type Digests = Readonly<Record<string, string>> | null;

function digestsOf(digests: Digests): ReadonlyMap<string, string> {
  return new Map(Object.entries(digests ?? {}));
}

interface Workflow {
  /** `git+https://github.com/owner/repository`. */
  readonly repository: string;
  readonly ref: string;
  readonly path: string;
}

/** Which workflow was started: stated apart by npm and GitHub, one text of the platform's elsewhere. */
function workflowIn(buildType: string, parameters: Json | undefined, environment: Environment): Workflow | undefined {
  if (buildType === NPM_CLI_V1_GITHUB || buildType === GITHUB_WORKFLOW_V1) {
    const workflow = isJsonObject(parameters) ? parameters['workflow'] : undefined;
    if (!isJsonObject(workflow)) return undefined;
    const { repository, ref, path } = workflow;
    if (typeof repository !== 'string' || typeof ref !== 'string' || repository === '' || ref === '') return undefined;
    return { repository: `git+${repository}`, ref, path: typeof path === 'string' ? path : '' };
  }
  const text = environment.get('GITHUB_WORKFLOW_REF');
  const [, owner, name, path = '', ref] = (typeof text === 'string' && /^([^/@]*)\/([^/@]*)(?:\/([^@]*))?@([^@]+)$/.exec(text)) || [];
  if (owner === undefined || name === undefined || ref === undefined) return undefined;
  return { repository: `git+https://github.com/${owner}/${name}`, ref, path };
}

function environmentIn(value: Json | undefined, nameOf: (name: string) => string): Environment {
  const object: JsonObject | undefined = isJsonObject(value) ? value : undefined;
  return {
    present: object !== undefined,
    get: (name) => {
      const member = nameOf(name);
      return object !== undefined && Object.hasOwn(object, member) ? object[member] : undefined;
    },
    names: () => Object.keys(object ?? {}),
  };
}
