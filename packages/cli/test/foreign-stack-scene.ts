/** A whole private Sigstore on a socket of this machine, for tests of clients that others made: addresses, documents, tokens, images, what is on record. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { createHttpClient } from '@assay/net';
import { digestOf, encodeImage, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, openRegistries, parseReference, type RepositoryClient, sourceOf } from '@assay/oci';
import { createLog, type Endpoints, type Identity, type IssueTokenOptions, issueToken, startStack } from '@assay/stack';
import { afterAll } from 'vitest';
import { requestVariables } from './github-job.ts';
import type { Placed } from './interop-scene.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

export interface StackScene {
  readonly scratch: Scratch;
  readonly endpoints: AllEndpoints;
  /** A file that the stack wrote for its clients. */
  document(name: DocumentName): string;
  /** A signing configuration that names Rekor v1 alone. */
  readonly olderConfig: string;
  token(identity?: Identity, options?: Partial<IssueTokenOptions>): Promise<string>;
  /** The environment of a job on GitHub Actions, which is the one of `WORKFLOW`. */
  job(): Promise<Readonly<Record<string, string>>>;
  /** With `assay sign` or `assay attest`, of `ARTIFACT`. */
  sign(made: Made, bundle: string): Promise<Run>;
  /** With `assay verify`; by default what was signed, by who signed it. */
  verify(made: Pick<Made, 'content'>, bundle: string, demand?: Demand): Promise<Run>;
  /** Two images in a repository of their own. */
  place(): Promise<Placed>;
  /** Entries of each log. */
  logged(): Promise<Logged>;
}

type AllEndpoints = { readonly [Name in keyof Endpoints]-?: string };
type DocumentName = 'trusted_root.json' | 'signing_config.json' | 'client_trust_config.json' | 'root.json';
export type Logged = Readonly<Record<'ctLog' | 'rekorV1' | 'rekorV2', number>>;

export interface Made {
  readonly content: 'message' | 'statement';
  readonly rekor: 1 | 2;
}

export interface Demand {
  readonly identity?: string;
  readonly issuer?: string;
  readonly of?: string;
}

/** Files in the scratch folder: what is signed, the same with one byte changed, and the predicate of the statement about it. */
export const ARTIFACT = 'a.txt';
export const CHANGED_ARTIFACT = 'changed/a.txt';
export const PREDICATE = 'predicate.json';
export const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';

export const PERSON = { kind: 'email', email: 'someone@stack.example' } as const;
export const WORKFLOW = { kind: 'github', repository: 'example/app', workflow: 'release.yml', ref: 'refs/tags/v1.2.3' } as const;
export const WORKFLOW_SAN = 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.3';

/** To be awaited while the test file is loaded: what its tests are called may depend on it. */
export async function openStackScene(): Promise<StackScene> {
  const scratch = new Scratch();
  const directory = scratch.path('stack');
  const stack = await startStack({ directory, log: createLog('error', (line) => process.stderr.write(line)) });
  const endpoints = stack.endpoints as AllEndpoints;
  const http = createHttpClient();
  const registries = openRegistries({ http });
  afterAll(async () => {
    http.close();
    await stack.close();
  });
  writeFiles(scratch);
  const document = (name: DocumentName): string => join(directory, name);
  const olderConfig = scratch.write('signing_config.v1.json', withoutRekorV2(document('signing_config.json')));
  const assay = (argv: readonly string[]) => runCli(argv, { network: 'open', now: new Date(), env: { ASSAY_TRUST: document('client_trust_config.json') } });
  const token: StackScene['token'] = (identity = PERSON, options = {}) => issueToken(directory, identity, { now: new Date(), ...options });
  let places = 0;
  return {
    scratch,
    endpoints,
    document,
    olderConfig,
    token,
    job: () => jobEnvironment(directory, endpoints.oidc),
    async sign({ content, rekor }, bundle) {
      const verb = content === 'message' ? ['sign'] : ['attest', '--type', PREDICATE_TYPE, '--predicate', scratch.path(PREDICATE)];
      const services = rekor === 2 ? [] : ['--signing-config', olderConfig];
      return assay([...verb, ...services, '--identity-token', await token(), '--bundle', bundle, scratch.path(ARTIFACT)]);
    },
    verify({ content }, bundle, { identity = PERSON.email, issuer = endpoints.oidc, of = scratch.path(ARTIFACT) } = {}) {
      const type = content === 'message' ? [] : ['--type', PREDICATE_TYPE];
      return assay(['verify', ...type, '--identity', identity, '--issuer', issuer, '--bundle', bundle, of]);
    },
    async place() {
      const name = `${endpoints.registry}/app${places++}`;
      const repository = registries.repository(parseReference(`${name}:image`));
      const put = async (tag: string): Promise<string> => `${name}@${await putImage(repository, tag, `of ${name}`)}`;
      return { reference: await put('image'), sibling: await put('sibling'), repository };
    },
    logged: () => countEntries(endpoints),
  };
}

function writeFiles(scratch: Scratch): void {
  scratch.write(ARTIFACT, 'an artifact\n');
  scratch.write(CHANGED_ARTIFACT, 'an artifacT\n');
  scratch.write(PREDICATE, {
    buildDefinition: { buildType: 'https://stack.example/build/v1', externalParameters: { ref: 'refs/tags/v1.2.3' } },
    runDetails: { builder: { id: 'https://stack.example/builder' } },
  });
}

function withoutRekorV2(file: string): object {
  const config = JSON.parse(readFileSync(file, 'utf8')) as { rekorTlogUrls: { majorApiVersion: number }[] };
  return { ...config, rekorTlogUrls: config.rekorTlogUrls.filter(({ majorApiVersion }) => majorApiVersion === 1) };
}

async function jobEnvironment(directory: string, baseUrl: string): Promise<Record<string, string>> {
  return { GITHUB_ACTIONS: 'true', ...(await requestVariables(directory, baseUrl, WORKFLOW)) };
}

async function countEntries({ rekor, rekorV2, ctlog }: AllEndpoints): Promise<Logged> {
  const ask = async (url: string): Promise<string> => (await fetch(url)).text();
  const [v1, v2, ct] = await Promise.all([ask(`${rekor}/api/v1/log`), ask(`${rekorV2}/api/v2/checkpoint`), ask(`${ctlog}/ct/v1/get-sth`)]);
  return {
    rekorV1: (JSON.parse(v1) as { treeSize: number }).treeSize,
    rekorV2: Number(v2.split('\n')[1]),
    ctLog: (JSON.parse(ct) as { tree_size: number }).tree_size,
  };
}

async function putImage(repository: RepositoryClient, tag: string, content: string): Promise<string> {
  const put = async (mediaType: string, bytes: Uint8Array) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await repository.putBlob(descriptor, sourceOf(bytes));
    return descriptor;
  };
  const config = await put(OCI_CONFIG, utf8('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'));
  const layer = await put(OCI_LAYER, utf8(`${tag} ${content}`));
  const bytes = encodeImage({ mediaType: OCI_MANIFEST, config, layers: [layer] });
  return repository.putManifest({ bytes, mediaType: OCI_MANIFEST, tag });
}

/** Under the signature of the token as it was. */
export function withClaim(token: string, name: string, value: string): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), [name]: value };
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}
