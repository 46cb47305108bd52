/** Builds of GitHub Actions as tests need them: provenance, signed by an instance of the test kit, verified by core, ready to be judged. */
import { isJsonObject, type Json, type JsonObject, parseTrustedRoot, utf8, type Verification, type Verified } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance, type Sample, type SignOptions } from '@assay/testkit';
import { type ProvenanceTrust, verifyProvenanceBundle } from '../src/provenance/verify-bundle.ts';

export const G = 'https://github.com/slsa-framework/slsa-github-generator/.github/workflows/';
export const REPOSITORY = 'acme/widget';
export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
export const DIGEST = 'ab'.repeat(32);
export const WORKFLOW = `${REPOSITORY}/.github/workflows/release.yml`;

type Claims = NonNullable<SignOptions['githubClaims']>;

export type Alter = (statement: JsonObject) => Json;

export interface Build {
  readonly claims?: Partial<Claims>;
  /** Changes the statement before it is signed. */
  readonly alter?: Alter;
  readonly payload?: Uint8Array;
  readonly payloadType?: string;
  readonly ref?: string;
  readonly statement?: (ref: string) => JsonObject;
}

const instance = createInstance();

/** As the generic generator signs, unless the build says otherwise. */
export function signBuild({
  claims = {},
  alter = (statement) => statement,
  payload,
  payloadType,
  ref = 'refs/tags/v1.2.3',
  statement = generic,
}: Build = {}): Sample {
  const owner = REPOSITORY.split('/')[0] as string;
  return instance.sign(utf8('the artifact'), {
    content: 'dsse',
    payload: payload ?? utf8(JSON.stringify(alter(statement(ref)))),
    ...(payloadType !== undefined && { payloadType }),
    githubClaims: {
      repository: REPOSITORY,
      repository_owner: owner,
      ref,
      sha: COMMIT,
      workflow_sha: COMMIT,
      event_name: 'push',
      run_id: '77',
      run_attempt: '2',
      workflow_ref: `${WORKFLOW}@${ref}`,
      job_workflow_ref: 'slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0',
      ...claims,
    },
  });
}

export function trustIn(sample: Sample): ProvenanceTrust {
  return { trustedRoot: parseTrustedRoot(sample.trustedRootBytes), crypto: nodeCrypto, now: sample.now };
}

export function verifyBuild(sample: Sample): Promise<Verification> {
  return verifyProvenanceBundle(sample.bundleBytes, trustIn(sample));
}

/** Throws when the signature does not hold: these tests are about what comes after. */
export async function verifiedBuild(build: Build = {}): Promise<Verified> {
  const { verified, root } = await verifyBuild(signBuild(build));
  if (verified === undefined) throw new Error(JSON.stringify(root));
  return verified;
}

/** Provenance v0.2 of the generic generator. */
export function generic(ref: string): JsonObject {
  const source = { uri: `git+https://github.com/${REPOSITORY}@${ref}`, digest: { sha1: COMMIT } };
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://slsa.dev/provenance/v0.2',
    subject: [{ name: 'widget.tar.gz', digest: { sha256: DIGEST } }],
    predicate: {
      builder: { id: `${G}generator_generic_slsa3.yml@refs/tags/v2.0.0` },
      buildType: 'https://github.com/slsa-framework/slsa-github-generator/generic@v1',
      invocation: {
        configSource: { ...source, entryPoint: '.github/workflows/release.yml' },
        environment: {
          github_event_name: 'push',
          github_event_payload: { base_ref: 'refs/heads/main', inputs: { release: 'yes', count: 3 } },
          github_ref: ref,
          github_ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
          github_base_ref: '',
          github_head_ref: '',
          github_sha1: COMMIT,
        },
      },
      metadata: { buildInvocationID: '77-2', completeness: { parameters: true, environment: false, materials: false }, reproducible: false },
      materials: [source],
    },
  };
}

/** Provenance v1 of a tool behind a delegator. */
export function delegated(ref: string): JsonObject {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://slsa.dev/provenance/v1',
    subject: [{ name: 'widget.jar', digest: { sha256: DIGEST } }],
    predicate: {
      buildDefinition: {
        buildType: 'https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0',
        externalParameters: { inputs: {}, vars: {} },
        internalParameters: {
          GITHUB_EVENT_NAME: 'push',
          GITHUB_EVENT_PAYLOAD: { base_ref: null },
          GITHUB_BASE_REF: '',
          GITHUB_REF: ref,
          GITHUB_REF_TYPE: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
          GITHUB_SHA: COMMIT,
          GITHUB_WORKFLOW_REF: `${WORKFLOW}@${ref}`,
        },
        resolvedDependencies: [{ uri: `git+https://github.com/${REPOSITORY}@${ref}`, digest: { gitCommit: COMMIT } }],
      },
      runDetails: {
        builder: { id: `${G}builder_maven_slsa3.yml@refs/tags/v1.10.0` },
        metadata: { invocationId: `https://github.com/${REPOSITORY}/actions/runs/77/attempts/2` },
      },
    },
  };
}

export const DELEGATOR_CLAIMS = {
  job_workflow_ref: 'slsa-framework/slsa-github-generator/.github/workflows/delegator_generic_slsa3.yml@refs/tags/v1.10.0',
} as const;

/** The member at a dotted path, replaced; `undefined` takes it away. */
export function put(path: string, value: Json | undefined): Alter {
  const change = (node: Json | undefined, [name, ...rest]: readonly string[]): Json => {
    if (name === undefined) return value ?? null;
    if (Array.isArray(node)) return node.map((item, i) => (String(i) === name ? change(item, rest) : item));
    const { [name]: member, ...others } = isJsonObject(node) ? node : {};
    return rest.length === 0 && value === undefined ? others : { ...others, [name]: change(member, rest) };
  };
  return (statement) => change(statement, path.split('.'));
}
