/** Jobs of the emulated GitHub Actions and GitLab CI beside a whole private Sigstore, and a folder to stand in. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { openStackScene, type StackScene } from './foreign-stack-scene.ts';
import { requestVariables } from './github-job.ts';
import { type Run, runCli } from './run-cli.ts';

export type Claims = Readonly<Record<string, string>>;

export interface ProvenanceScene extends StackScene {
  /** Where commands run. */
  readonly folder: string;
  /** The variables of a job of the reusable workflow that `example/app` calls at v1.2.3; with other claims, of another. */
  githubJob(claims?: Claims): Promise<Readonly<Record<string, string>>>;
  /** The variables of a job of `group/app`. */
  gitlabJob(): Promise<Readonly<Record<string, string>>>;
  /** `assay provenance generate`, in the folder. */
  generate(argv: readonly string[], env?: Readonly<Record<string, string | undefined>>): Promise<Run>;
  /** `assay …` with the instance. */
  assay(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Run>;
  /** As text, from the folder. */
  read(name: string): string;
}

export const BUILDER = 'example/builders/.github/workflows/provenance.yml@refs/tags/v1.0.0';
export const BUILDER_SAN = `https://github.com/${BUILDER}`;

/** To be awaited while the test file is loaded. */
export async function openProvenanceScene(): Promise<ProvenanceScene> {
  const scene = await openStackScene();
  const { scratch, endpoints, document } = scene;
  const folder = scratch.path('work');
  mkdirSync(folder);
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  const trust = { ASSAY_TRUST: document('client_trust_config.json') };
  const assay: ProvenanceScene['assay'] = (argv, env = {}) => runCli(argv, { network: 'open', now: new Date(), env: { ...trust, ...env } });
  return {
    ...scene,
    folder,
    assay,
    async githubJob(claims = {}) {
      return {
        GITHUB_ACTIONS: 'true',
        GITHUB_REPOSITORY: 'example/app',
        GITHUB_REF: 'refs/tags/v1.2.3',
        GITHUB_CONTEXT: JSON.stringify({ token: 'ghs_secret', repository: 'example/app', ref: 'refs/tags/v1.2.3', event_name: 'push', event: EVENT }),
        VARS_CONTEXT: '{}',
        ...(await requestVariables(scratch.path('stack'), endpoints.oidc, { ...JOB, claims: { job_workflow_ref: BUILDER, ...claims } })),
      };
    },
    async gitlabJob() {
      const token = await scene.token({ kind: 'gitlab', project: 'group/app', ref: 'main' });
      return { GITLAB_CI: 'true', CI_JOB_NAME: 'provenance', CI_PROJECT_URL: 'https://gitlab.com/group/app', SIGSTORE_ID_TOKEN: token };
    },
    generate: (argv, env = {}) => assay(['provenance', 'generate', ...argv], Object.fromEntries(Object.entries(env).filter(isSet))),
    read: (name) => readFileSync(join(folder, name), 'utf8'),
  };
}

function isSet(entry: [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}

export const EVENT = { ref: 'refs/tags/v1.2.3', base_ref: 'refs/heads/main', repository: { full_name: 'example/app' } };
const JOB = { kind: 'github', repository: 'example/app', workflow: 'release.yml', ref: 'refs/tags/v1.2.3' } as const;
