/**
 * Where projects release as their own pages say: jobs of GitHub Actions with a private Sigstore whose authority speaks for GitHub's issuer and Google's, and the
 * registries under the names that they have on the Internet. Whoever verifies has the tools of the page: ours, or the real ones, initialized once over TUF.
 */
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { personToken, type RegistryContent, serve, serveRegistry, workflowToken } from '@assay/testkit';
import { afterAll, beforeAll, expect } from 'vitest';
import { openShell } from './acceptance-shell.ts';
import { type ForeignTool, findOnPath, findTool } from './foreign-tools.ts';
import { type Internet, openInternet } from './loopback-internet.ts';
import { openPrivateSigstore } from './private-sigstore.ts';
import { type Run, Scratch } from './run-cli.ts';

export interface SeedScene {
  readonly scratch: Scratch;
  /** What lies behind each name. */
  readonly registries: Readonly<Record<string, RegistryContent>>;
  /** A file that the instance wrote for its clients. */
  document(name: 'trusted_root.json' | 'client_trust_config.json' | 'root.json'): string;
  /** The environment of a job of this workflow; `assay` signs in it as the workflow. */
  job(workflow: Workflow): Readonly<Record<string, string>>;
  /** A file with the token of a service account of Google's. */
  serviceAccount(email: string): string;
  /** Entries of the log. */
  logged(): Promise<number>;
  /** A script where every tool is ours; `ASSAY_TRUST` is the instance. */
  play(script: string, options?: PlayOptions): Promise<Run>;
  /** The same, with the tools and the home of a party, which knows the instance by `cosign initialize` alone. */
  playAs(party: Party, script: string, options?: PlayOptions): Promise<Run>;
  readonly parties: readonly Party[];
  /** Everything but the instance's TUF repository and the forge. */
  readonly withoutTuf: Internet;
}

export interface Workflow {
  readonly repository: string;
  /** `release.yaml` */
  readonly file: string;
  readonly ref: string;
  readonly commit: string;
  /** Whose job it calls, as `owner/name/.github/workflows/file@ref`; default: it is one of its own. */
  readonly called?: string;
}

export interface PlayOptions {
  /** Default: a folder of its own. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Party {
  readonly name: string;
  /** Of the cosign that it has; undefined: ours. */
  readonly version: string | undefined;
  readonly isThere: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

export const GITHUB = 'https://token.actions.githubusercontent.com';
/** Docker Hub is called by one name, and asked by another. */
const ALIASES: Readonly<Record<string, readonly string[]>> = { 'index.docker.io': ['registry-1.docker.io'] };
const TUF_HOST = 'tuf.stack.example';

/** To be awaited while the test file is loaded. `hosts` are those of registries. */
export async function openSeedScene(hosts: readonly string[], versions: readonly string[]): Promise<SeedScene> {
  const scratch = new Scratch();
  const directory = scratch.path('stack');
  const sigstore = await openPrivateSigstore(directory);
  const { stack, now } = sigstore;
  const served = await Promise.all(hosts.map(async (host) => [host, await serveRegistry()] as const));
  const urls = Object.fromEntries(served.flatMap(([host, { url }]) => [host, ...(ALIASES[host] ?? [])].map((name) => [name, url])));
  const { rekor = '', tuf = '' } = stack.endpoints;
  const internet = await openInternet({ ...urls, [TUF_HOST]: tuf.replace(/\/$/, '') }, scratch);
  const withoutTuf = await openInternet(urls, new Scratch());
  const tokens = new Map<string, Workflow>();
  const actions = await serve(async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const workflow = tokens.get(request.headers.get('authorization')?.replace(/^bearer /i, '') ?? '');
    if (pathname !== '/token' || workflow === undefined) return new Response('', { status: 401 });
    return Response.json({ value: workflowToken({ ...claimsOf(workflow), aud: searchParams.get('audience') }, { now }) });
  });
  mkdirSync(scratch.path('bin'));
  const shell = openShell(scratch.path('bin'), scratch.folder);
  symlinkSync(fileURLToPath(new URL('../bin/assay.js', import.meta.url)), scratch.path('bin/gh'));
  const document = (name: string): string => join(directory, name);
  let plays = 0;
  const run = (script: string, { folder = scratch.path(`play-${plays++}`), env = {} }: PlayOptions, variables: Readonly<Record<string, string>>) => {
    mkdirSync(folder, { recursive: true });
    return shell(`cd '${folder}'; ${script}`, { ...internet.variables, ...variables, ...env });
  };
  const parties = [undefined, ...versions].map((version) => partyOf(version, scratch));
  const playAs: SeedScene['playAs'] = (party, script, options = {}) => run(script, options, party.variables);
  beforeAll(async () => {
    for (const party of parties.filter(({ isThere }) => isThere)) {
      const done = await playAs(party, `cosign initialize --mirror https://${TUF_HOST} --root ${document('root.json')}`);
      expect(done, done.stderr).toMatchObject({ status: 0 });
    }
  });
  afterAll(async () => {
    // Whatever was played, it asked nobody but those whom the page names.
    expect([...internet.strangers, ...withoutTuf.strangers]).toEqual([]);
    await Promise.all([internet.close(), withoutTuf.close(), actions.close(), sigstore.close(), ...served.map(([, one]) => one.close())]);
  });
  return {
    scratch,
    registries: Object.fromEntries(served.map(([host, { content }]) => [host, content])),
    document,
    job(workflow) {
      const bearer = `bearer-${tokens.size}`;
      tokens.set(bearer, workflow);
      return {
        ...variablesOf(workflow),
        ACTIONS_ID_TOKEN_REQUEST_URL: `${actions.url}/token?`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
        ASSAY_TRUST: document('client_trust_config.json'),
      };
    },
    serviceAccount: (email) => scratch.write('account', personToken({ iss: 'https://accounts.google.com', email }, { now })),
    logged: async () => ((await (await fetch(`${rekor}/api/v1/log`)).json()) as { treeSize: number }).treeSize,
    play: (script, options = {}) => run(script, options, { ASSAY_TRUST: document('trusted_root.json') }),
    playAs,
    parties,
    withoutTuf,
  };
}

/** The real tools as they are, and nothing of ours on PATH. */
function partyOf(version: string | undefined, scratch: Scratch): Party {
  const folder = scratch.path(version === undefined ? 'home' : `home-${version}`);
  mkdirSync(folder);
  if (version === undefined) return { name: 'ours', version, isThere: true, variables: { HOME: folder } };
  const tools: readonly ForeignTool[] = [findTool('cosign', version), findTool('crane', '0.22.1'), findTool('helm', '3.22.0')];
  const absent = tools.filter(({ path }) => path === '');
  if (absent.length > 0)
    console.warn(`the real tools beside cosign ${version} play nothing: no ${absent.map((tool) => `${tool.name} ${tool.version}`).join(', ')}`);
  else for (const { name, path } of tools) symlinkSync(path, join(folder, name));
  const PATH = [folder, ...['jq', 'bash', 'tar'].map((name) => dirname(findOnPath(name)))].join(':');
  return { name: `cosign ${version}`, version, isThere: absent.length === 0, variables: { HOME: folder, PATH } };
}

function claimsOf({ repository, file, ref, commit, called }: Workflow): object {
  const [owner = ''] = repository.split('/');
  const path = `${repository}/.github/workflows/${file}@${ref}`;
  return {
    sub: `repo:${repository}:ref:${ref}`,
    repository,
    repository_owner: owner,
    ref,
    ref_type: refTypeOf(ref),
    base_ref: '',
    head_ref: '',
    sha: commit,
    workflow: file,
    workflow_ref: path,
    workflow_sha: commit,
    job_workflow_ref: called ?? path,
    run_number: '17',
    actor: 'someone',
    actor_id: '4711',
  };
}

/** What the platform tells a job. */
function variablesOf({ repository, ref, commit }: Workflow): Readonly<Record<string, string>> {
  const github = { repository, ref, sha: commit, event_name: 'push', event: { ref, base_ref: 'refs/heads/main', repository: { full_name: repository } } };
  return {
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: repository,
    GITHUB_REF: ref,
    GITHUB_REF_TYPE: refTypeOf(ref),
    GITHUB_REF_NAME: ref.split('/').slice(2).join('/'),
    GITHUB_SHA: commit,
    GITHUB_CONTEXT: JSON.stringify(github),
    VARS_CONTEXT: '{}',
  };
}

function refTypeOf(ref: string): string {
  return ref.startsWith('refs/tags/') ? 'tag' : 'branch';
}
