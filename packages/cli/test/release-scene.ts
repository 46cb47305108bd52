/**
 * Releases of natrontech/pbs-exporter, published as its release workflow publishes them: by our own commands, as the jobs on GitHub Actions that the guide
 * names, with a private Sigstore. Then the commands of the guide find all of it under the names that it has on the Internet.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '@assay/stack';
import { OCI_INDEX, putImage, type RecordedRequest, type RegistryContent, serve, serveRegistry, workflowToken } from '@assay/testkit';
import { expect } from 'vitest';
import { openShell, type Shell } from './acceptance-shell.ts';
import { type Internet, openInternet } from './loopback-internet.ts';
import { openPrivateSigstore } from './private-sigstore.ts';
import { type Run, Scratch } from './run-cli.ts';

export interface Release {
  readonly version: string;
  /** Of the generators that made its provenance: since 2.1.0 a bundle, before that an envelope. */
  readonly generator: string;
  /** Of the index, and of the images in it. */
  readonly digest: string;
  readonly children: readonly string[];
  /** What was published beside the image. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface ReleaseScene {
  readonly scratch: Scratch;
  readonly internet: Internet;
  /** Where the log really is, and the TUF repository of the instance. */
  readonly log: string;
  readonly tuf: string;
  readonly trustedRoot: string;
  /** `root.json` of the TUF repository. */
  readonly tufRoot: string;
  /** `v0.6.0` is the latest one. */
  readonly releases: Readonly<Record<'v0.5.0' | 'v0.6.0', Release>>;
  /** What was asked of the registry since the last time. */
  registryRequests(): readonly RecordedRequest[];
  /** The commands of a guide, in a folder of their own; the tools are ours. */
  play(script: string, variables?: Readonly<Record<string, string>>): Promise<Run>;
  /** Files below the folder of the last `play`. */
  read(name: string): string;
  close(): Promise<void>;
}

export const REPOSITORY = 'natrontech/pbs-exporter';
export const artifactsOf = (version: string): string[] => ['', '.sbom.json'].map((end) => `pbs-exporter_${version}_linux_amd64.tar.gz${end}`);
/** As one printing of the guide has it in place of github.com. */
export const LOOK_ALIKE = 'github.aaakk.us.kg';
const GENERATORS = 'slsa-framework/slsa-github-generator/.github/workflows';

/** To be awaited while the test file is loaded. */
export async function openReleaseScene(): Promise<ReleaseScene> {
  const scratch = new Scratch();
  const directory = scratch.path('stack');
  const sigstore = await openPrivateSigstore(directory);
  const { stack, now } = sigstore;
  const registry = await serveRegistry();
  const files = new Map<string, Uint8Array>();
  const gitHub = await serve(async (request) => answerAsGitHub(new URL(request.url).pathname, files));
  const internet = await openInternet(
    {
      'api.github.com': gitHub.url,
      'github.com': gitHub.url,
      [LOOK_ALIKE]: gitHub.url,
      'objects.githubusercontent.com': gitHub.url,
      'ghcr.io': registry.url,
      'rekor.sigstore.dev': stack.endpoints.rekor ?? '',
    },
    scratch,
  );
  mkdirSync(scratch.path('bin'));
  const shell = openShell(scratch.path('bin'), scratch.folder);
  const publisher = new Publisher({ scratch, stack, directory, shell, internet, token: (claims) => workflowToken(claims, { now }) });
  const publish = async (version: string, generator: string): Promise<Release> => {
    const images = putImages(registry.content, version);
    const published = await publisher.publish(version, generator, images.digest);
    for (const [name, content] of published) files.set(`${version}/${name}`, content);
    return { version, generator, ...images, files: published };
  };
  const releases = { 'v0.5.0': await publish('v0.5.0', 'v2.0.0'), 'v0.6.0': await publish('v0.6.0', 'v2.1.0') };
  const trustedRoot = join(directory, 'trusted_root.json');
  let seen = registry.requests.length;
  let plays = 0;
  let folder = scratch.folder;
  return {
    scratch,
    internet,
    log: stack.endpoints.rekor ?? '',
    tuf: stack.endpoints.tuf ?? '',
    trustedRoot,
    tufRoot: join(directory, 'root.json'),
    releases,
    registryRequests() {
      const since = registry.requests.slice(seen);
      seen = registry.requests.length;
      return since;
    },
    play(script, variables = {}) {
      folder = scratch.path(`play-${plays++}`);
      mkdirSync(folder);
      return shell(`cd '${folder}'; ${script}`, { ...internet.variables, ASSAY_TRUST: trustedRoot, ...variables });
    },
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    async close() {
      await internet.close();
      await Promise.all([registry.close(), gitHub.close(), sigstore.close()]);
    },
  };
}

/** One image for each platform, of this version alone, and the index over them. */
function putImages(content: RegistryContent, version: string): Pick<Release, 'digest' | 'children'> {
  const manifests = ['amd64', 'arm64'].map((architecture) => {
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: Buffer.from(`pbs-exporter ${version} for ${architecture}`) };
    return { ...putImage(content, REPOSITORY, { layers: [layer] }), platform: { architecture, os: 'linux' } };
  });
  const { digest } = content.putManifest(REPOSITORY, { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { tag: version, mediaType: OCI_INDEX });
  return { digest, children: manifests.map((child) => child.digest) };
}

/** Downloads lead elsewhere, as GitHub's do. */
function answerAsGitHub(path: string, files: ReadonlyMap<string, Uint8Array>): Response {
  if (path === `/repos/${REPOSITORY}/releases/latest`) return Response.json({ tag_name: 'v0.6.0', draft: false, prerelease: false });
  const download = `/${REPOSITORY}/releases/download/`;
  if (path.startsWith(download)) {
    return new Response(null, { status: 302, headers: { Location: `https://objects.githubusercontent.com/release/${path.slice(download.length)}` } });
  }
  const file = files.get(path.replace(/^\/release\//, ''));
  return file === undefined ? new Response('Not Found', { status: 404 }) : new Response(Buffer.from(file));
}

interface PublisherParts {
  readonly scratch: Scratch;
  readonly stack: Stack;
  readonly directory: string;
  readonly shell: Shell;
  readonly internet: Internet;
  token(claims: object): string;
}

/** The release workflow. */
class Publisher {
  readonly #parts: PublisherParts;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** The files of the release; what is about the image lies in the registry. */
  async publish(version: string, generator: string, digest: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const { scratch, stack, directory } = this.#parts;
    const artifacts = artifactsOf(version);
    const built = artifacts.map((name) => ({ name, path: scratch.write(`${version}/${name}`, `${name}, as it was built\n`) }));
    const sums = built.map(({ name, path }) => `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${name}\n`);
    scratch.write(`${version}/checksums.txt`, sums.join(''));
    const job = { ...jobOf(version), ASSAY_TRUST: join(directory, 'client_trust_config.json'), COSIGN_REPOSITORY: 'ghcr.io/natrontech/signatures' };
    const image = `ghcr.io/${REPOSITORY}@${digest}`;
    const run = async (workflow: string, script: string): Promise<void> => {
      const token = scratch.write(`${version}/token`, this.#parts.token(claimsOf(version, workflow)));
      const done = await this.#parts.shell(`set -e; cd '${scratch.path(version)}'; ${script}`, { ...this.#parts.internet.variables, ...job, TOKEN: token });
      expect(done, done.stderr).toMatchObject({ status: 0 });
    };
    const own = `${REPOSITORY}/.github/workflows/release.yml@refs/tags/${version}`;
    const services = `--use-signing-config=false --fulcio-url ${urlOfAuthority(directory)} --rekor-url ${stack.endpoints.rekor}`;
    const sign = `--yes --identity-token "$TOKEN" --trusted-root '${join(directory, 'trusted_root.json')}' --new-bundle-format=false ${services}`;
    await run(own, `cosign sign-blob ${sign} --output-signature checksums.txt.sig --output-certificate checksums.txt.pem checksums.txt`);
    await run(own, `cosign sign ${sign} ${image}`);
    const generate = 'assay provenance generate --yes --predicate-version v0.2 --identity-token "$TOKEN"';
    const form = generator === 'v2.1.0' ? 'bundle' : 'envelope';
    await run(`${GENERATORS}/generator_generic_slsa3.yml@refs/tags/${generator}`, `${generate} --format ${form} --subjects-file checksums.txt`);
    await run(`${GENERATORS}/generator_container_slsa3.yml@refs/tags/${generator}`, `${generate} --attach att ${image}`);
    const names = [...artifacts, 'checksums.txt', 'checksums.txt.sig', 'checksums.txt.pem', 'multiple.intoto.jsonl'];
    return new Map(names.map((name) => [name, readFileSync(scratch.path(`${version}/${name}`))]));
  }
}

function urlOfAuthority(directory: string): string {
  const { caUrls } = JSON.parse(readFileSync(join(directory, 'signing_config.json'), 'utf8')) as { caUrls: { url: string }[] };
  return caUrls[0]?.url ?? '';
}

/** The variables of the job, whose event was a push of the tag. */
function jobOf(version: string): Readonly<Record<string, string>> {
  const ref = `refs/tags/${version}`;
  const event = { ref, base_ref: 'refs/heads/main', repository: { full_name: REPOSITORY } };
  return {
    GITHUB_ACTIONS: 'true',
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_REF: ref,
    GITHUB_CONTEXT: JSON.stringify({ repository: REPOSITORY, ref, event_name: 'push', event }),
    VARS_CONTEXT: '{}',
  };
}

function claimsOf(version: string, workflow: string): object {
  const ref = `refs/tags/${version}`;
  const workflowRef = `${REPOSITORY}/.github/workflows/release.yml@${ref}`;
  return {
    sub: `repo:${REPOSITORY}:ref:${ref}`,
    repository: REPOSITORY,
    repository_owner: 'natrontech',
    ref,
    ref_type: 'tag',
    base_ref: '',
    head_ref: '',
    workflow: 'goreleaser',
    workflow_ref: workflowRef,
    job_workflow_ref: workflow,
    run_number: '17',
    actor: 'someone',
    actor_id: '4711',
  };
}
