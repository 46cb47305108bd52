/** What is known of the build that runs here, and whose word that is. */
import { quote, TrustError } from '@assay/core';
import type { IdentityToken } from '@assay/sign';
import type { BuildFacts } from '@assay/slsa';
import {
  entryPointOf,
  factsOfGithubJob,
  factsOfGitlabJob,
  githubProvenanceV1,
  githubProvenanceV02,
  gitlabProvenance,
  localProvenance,
  type ProvenancePredicate,
  type ProvenanceVersion,
  readGithubContext,
  readGithubJob,
  readGitlabJob,
  refuseOtherGithubVariables,
  verifyTokenSignature,
} from '@assay/slsa/generate';
import { clockFrom } from '../../clock.ts';
import type { Io } from '../../io.ts';
import { type TokenWorld, tokenAtHand } from '../../obtain-token.ts';
import { withHttp } from '../../with-http.ts';

export type Builder = 'github' | 'gitlab' | 'local';

export interface BuildFlags {
  readonly builder?: Builder;
  readonly predicateVersion: ProvenanceVersion;
  readonly identityToken?: string;
  readonly oidcIssuer?: string;
  readonly builderId?: string;
  readonly buildType?: string;
  readonly parameter?: Readonly<Record<string, string>>;
  readonly source?: string;
  readonly commit?: string;
}

export interface Build {
  readonly provenance: ProvenancePredicate;
  /** What a certificate of the job must say; undefined where no platform says anything. */
  readonly facts: Required<BuildFacts> | undefined;
}

/** Nothing is taken for a build on one's own machine that was not called so. Errors: `PROVENANCE_ENVIRONMENT`, `USAGE`. */
export function builderOf({ builder, predicateVersion }: BuildFlags, env: Io['env']): Builder {
  const found = builder ?? (env['GITHUB_ACTIONS'] === 'true' ? 'github' : env['GITLAB_CI'] === 'true' ? 'gitlab' : undefined);
  if (found === undefined) {
    throw new TrustError('PROVENANCE_ENVIRONMENT', 'this is no job of GitHub Actions or GitLab CI', {
      hint: 'state a build of your own with --builder local --builder-id URI --build-type URI',
    });
  }
  if (predicateVersion === 'v0.2' && found !== 'github')
    throw new TrustError('USAGE', `provenance v0.2 is made on GitHub alone, not for ${found}`, { hint: 'leave out --predicate-version' });
  return found;
}

/** The job's own token, for `audience`, and never one of a login. Errors: `PROVENANCE_ENVIRONMENT`, `TOKEN_…`, `FILE_…`, `NET_…`. */
export async function jobToken(builder: Builder, audience: string, { identityToken = '' }: BuildFlags, world: TokenWorld): Promise<IdentityToken> {
  const token = await tokenAtHand({ given: identityToken, audience }, world);
  if (token !== undefined) return token;
  throw new TrustError('PROVENANCE_ENVIRONMENT', 'the job has no identity token, and nothing else is believed about it', {
    hint: builder === 'github' ? 'give the job the permission id-token: write' : 'give the job id_tokens: { SIGSTORE_ID_TOKEN: { aud: sigstore } }',
  });
}

/** For a signature that no authority certifies: the token is verified here. Undefined for local builds. */
export async function verifiedToken(builder: Builder, flags: BuildFlags, io: Io): Promise<IdentityToken | undefined> {
  if (builder === 'local') return undefined;
  return withHttp(io, async (http) => {
    const now = clockFrom(io);
    const token = await jobToken(builder, NOBODY, flags, { io, http, now });
    await verifyTokenSignature(token, { issuer: flags.oidcIssuer ?? ISSUERS[builder], audience: NOBODY, http, now: now() });
    return token;
  });
}

/** Errors: `PROVENANCE_ENVIRONMENT`, `PROVENANCE_DISAGREEMENT`, `NET_…`. */
export async function describeBuild(
  builder: Builder,
  token: IdentityToken | undefined,
  of: 'generic' | 'container',
  flags: BuildFlags,
  io: Io,
): Promise<Build> {
  if (builder === 'local')
    return {
      provenance: localProvenance({ ...flags, builderId: flags.builderId, buildType: flags.buildType, parameters: flags.parameter ?? {} }),
      facts: undefined,
    };
  if (token === undefined) throw new TypeError('a job without its token');
  if (builder === 'gitlab') {
    const job = readGitlabJob(token);
    return { provenance: gitlabProvenance(job, io.env), facts: factsOfGitlabJob(job) };
  }
  const job = readGithubJob(token);
  refuseOtherGithubVariables(io.env, job);
  const facts = factsOfGithubJob(job);
  if (facts.builder === facts.workflow)
    io.stderr(`note: the job that signs is one of ${quote(facts.workflow)} itself: Build L2 at most, see docs/slsa-levels.md\n`);
  if (flags.predicateVersion === 'v1') return { provenance: githubProvenanceV1(job), facts };
  const context = readGithubContext({ github: io.env['GITHUB_CONTEXT'], vars: io.env['VARS_CONTEXT'] }, job);
  const apiToken = io.env['GITHUB_TOKEN'];
  const entryPoint = await withHttp(io, (http) => entryPointOf(job, apiToken ? { http, token: apiToken } : undefined));
  return { provenance: githubProvenanceV02(job, { of, context, entryPoint }), facts };
}

/** A token for nobody signs nothing, should it get lost. */
const NOBODY = 'nobody';
const ISSUERS = { github: 'https://token.actions.githubusercontent.com', gitlab: 'https://gitlab.com' } as const;
