/** Kinds of builds by name, and which builder makes which (slsa.md section 1.7 D). */

const GENERATOR = 'https://github.com/slsa-framework/slsa-github-generator';

export const DELEGATOR_V0 = `${GENERATOR}/delegator-generic@v0`;
export const NPM_CLI_V1 = 'https://github.com/npm/cli/gha@v1';
export const NPM_CLI_V2 = 'https://github.com/npm/cli/gha/v2';
export const NPM_CLI_V1_GITHUB = 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1';
export const GITHUB_WORKFLOW_V1 = 'https://actions.github.io/buildtypes/workflow/v1';

/** `https://github.com/slsa-framework/slsa-github-generator/.github/workflows/`. */
export const GENERATOR_WORKFLOWS = `${GENERATOR}/.github/workflows/`;

export const RUNNER = 'https://github.com/actions/runner';

interface BuildTypes {
  readonly 'v0.2': readonly string[];
  readonly v1: readonly string[];
}

const NPM_V02 = [NPM_CLI_V1, NPM_CLI_V2];

/** By the builder's name in the certificate. */
export const BUILD_TYPES: ReadonlyMap<string, BuildTypes> = new Map([
  [`${GENERATOR_WORKFLOWS}delegator_generic_slsa3.yml`, { 'v0.2': [DELEGATOR_V0], v1: [DELEGATOR_V0] }],
  [`${GENERATOR_WORKFLOWS}delegator_lowperms-generic_slsa3.yml`, { 'v0.2': [DELEGATOR_V0], v1: [DELEGATOR_V0] }],
  [
    `${GENERATOR_WORKFLOWS}builder_go_slsa3.yml`,
    { 'v0.2': [`${GENERATOR}/go@v1`, `${GENERATOR}@v1`, 'https://github.com/slsa-framework/slsa-github-generator-go@v1'], v1: [] },
  ],
  [`${GENERATOR_WORKFLOWS}generator_generic_slsa3.yml`, { 'v0.2': [`${GENERATOR}/generic@v1`], v1: [] }],
  [`${GENERATOR_WORKFLOWS}generator_container_slsa3.yml`, { 'v0.2': [`${GENERATOR}/container@v1`], v1: [] }],
  [`${GENERATOR_WORKFLOWS}builder_container-based_slsa3.yml`, { 'v0.2': [], v1: ['https://slsa.dev/container-based-build/v0.1?draft'] }],
  [RUNNER, { 'v0.2': NPM_V02, v1: [] }],
  [`${RUNNER}/github-hosted`, { 'v0.2': NPM_V02, v1: [NPM_CLI_V1_GITHUB] }],
  ['https://github.com/bazel-contrib/.github/.github/workflows/release_ruleset.yaml', { 'v0.2': [], v1: [GITHUB_WORKFLOW_V1] }],
  ['https://github.com/bazel-contrib/publish-to-bcr/.github/workflows/publish.yaml', { 'v0.2': [], v1: [GITHUB_WORKFLOW_V1] }],
]);
