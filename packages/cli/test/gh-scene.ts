/**
 * Where the tests of `gh` play: an artifact of `acme/widget` with attestations of public Sigstore and of GitHub's own instance, each played by an instance
 * of the test kit under its name; GitHub's API, its TUF repository and a registry, on sockets of this machine.
 */
import { makeTufRepository } from '@assay/make';
import { type Instance, putBundle, putImage, type Sample, type Server, serve, serveRegistry, type TestRegistry } from '@assay/testkit';
import { ARTIFACT, type AttestOptions, attest, DIGEST, instanceOf, PRIVATE, REPO } from '../../slsa/test/attestations.ts';
import { type FakeGithub, fakeGithub } from '../../slsa/test/github-api.ts';
import type { Scratch } from './run-cli.ts';

export interface GhScene {
  readonly scratch: Scratch;
  readonly github: FakeGithub;
  readonly registry: TestRegistry;
  /** GitHub's TUF repository, and its requests. */
  readonly tuf: { readonly url: string; readonly requests: string[] };
  readonly publicGood: Instance;
  readonly privateInstance: Instance;
  /** By public Sigstore. */
  sign(options?: AttestOptions): Sample;
  /** `HOST/acme/widget:1` */
  readonly image: string;
  close(): Promise<void>;
}

/** Writes `widget.tar.gz`, `public.json`, `private.json`, `both.jsonl`, `trusted_root.jsonl`, `public-root.json`, `tuf-root.json` and `public-tuf-root.json`. */
export async function openGhScene(scratch: Scratch): Promise<GhScene> {
  const publicGood = instanceOf('sigstore.dev');
  const privateInstance = instanceOf('GitHub, Inc.');
  const [open, closed] = [attest(publicGood), attest(privateInstance, PRIVATE)];
  const lines = (...documents: readonly Uint8Array[]) => documents.map((document) => `${new TextDecoder().decode(document)}\n`).join('');
  scratch.write('widget.tar.gz', ARTIFACT);
  scratch.write('public.json', open.bundleBytes);
  scratch.write('private.json', closed.bundleBytes);
  scratch.write('both.jsonl', lines(open.bundleBytes, closed.bundleBytes));
  scratch.write('trusted_root.jsonl', lines(open.trustedRootBytes, closed.trustedRootBytes));
  scratch.write('public-root.json', open.trustedRootBytes);

  const github = await fakeGithub();
  github.kept.set(`repos/${REPO} ${DIGEST}`, [{ bundle: open.bundleBytes }, { bundle: closed.bundleBytes, place: 'storage' }]);
  const { server, roots, requests } = await serveTuf({ '': closed.trustedRootBytes, 'public/': open.trustedRootBytes });
  scratch.write('tuf-root.json', roots[''] ?? '');
  scratch.write('public-tuf-root.json', roots['public/'] ?? '');
  const registry = await serveRegistry();
  return {
    scratch,
    github,
    registry,
    tuf: { url: server.url, requests },
    publicGood,
    privateInstance,
    sign: (options) => attest(publicGood, options),
    image: `${registry.host}/${putAttestedImage(registry, publicGood)}`,
    close: async () => {
      await Promise.all([github.close(), server.close(), registry.close()]);
    },
  };
}

/** Repositories by their path on one server; each has the default root, and that of the trust domain `eu`. */
async function serveTuf(
  trustedRoots: Readonly<Record<string, Uint8Array>>,
): Promise<{ server: Server; roots: Record<string, Uint8Array>; requests: string[] }> {
  const repositories = Object.entries(trustedRoots).map(([path, root]) => {
    const repository = makeTufRepository({ now: NOW, targets: { 'trusted_root.json': root, 'eu.trusted_root.json': root } });
    return { path, repository };
  });
  const requests: string[] = [];
  const server = await serve(async (request) => {
    const { pathname } = new URL(request.url);
    requests.push(pathname);
    const asked = decodeURIComponent(pathname.slice(1));
    const found = repositories.findLast(({ path }) => asked.startsWith(path));
    const content = found?.repository.files.get(asked.slice(found.path.length));
    return content === undefined ? new Response('', { status: 404 }) : new Response(content.slice());
  });
  return { server, roots: Object.fromEntries(repositories.map(({ path, repository }) => [path, repository.initialRoot])), requests };
}

/** `acme/widget:1`, with an attestation as its referrer; `acme/plain:1` has none. */
function putAttestedImage({ content }: TestRegistry, instance: Instance): string {
  putImage(content, 'acme/plain', { tag: '1' });
  const subject = putImage(content, 'acme/widget', { tag: '1' });
  const manifest = content.getManifest('acme/widget', subject.digest)?.bytes ?? new Uint8Array(0);
  putBundle(content, 'acme/widget', subject, attest(instance, { artifact: manifest }).bundleBytes);
  return 'acme/widget:1';
}

const NOW = new Date('2026-08-25T00:00:00Z');
