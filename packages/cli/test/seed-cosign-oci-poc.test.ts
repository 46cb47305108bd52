/**
 * The flow of the cosign-oci-poc seed, whole: a repository that holds source alone, a base image whose signer is demanded, and two workflows that release an image
 * and the chart of it, by digest only, with the version in annotations. Then what its readers are told to run, with our cosign and helm, and with the real ones.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { VERIFY_ROWS } from './acceptance-rows.ts';
import { findOnPath } from './foreign-tools.ts';
import type { Run } from './run-cli.ts';
import { BASE, BASE_SIGNER, CHART, IMAGE, publishBase, REPOSITORY, writeSource } from './seed-cosign-oci-poc.ts';
import { GITHUB, openSeedScene, type Party, type PlayOptions } from './seed-scene.ts';

const VERSION = '1.2.3';
const MAIN = 'refs/heads/main';

const missing = ['git', 'jq', 'tar'].filter((name) => findOnPath(name) === '');
if (missing.length === 0) await declareFlow();
else test.skip(`the flow of cosign-oci-poc: no ${missing.join(', ')} on PATH`, () => undefined);

async function declareFlow(): Promise<void> {
  const scene = await openSeedScene(['ghcr.io', 'gcr.io'], ['3.1.3', '2.6.5']);
  const { scratch } = scene;
  const checkout = scratch.path('checkout');
  const temporary = (name: string): string => scratch.path(`runner/${name}`);

  /** In the checkout. */
  const git = async (line: string): Promise<string> => succeeded(await scene.play(`git ${line}`, { folder: checkout })).stdout;
  succeeded(await publishBase(scene));
  succeeded(await writeSource(scene, checkout));
  const commit = (await git('rev-parse HEAD')).trim();
  /** The job of a workflow of the repository, on its main branch. */
  const job = (file: string, script: string) =>
    scene.play(script, { folder: checkout, env: { ...scene.job({ repository: REPOSITORY, file, ref: MAIN, commit }), IMAGE_SEMVER_EXPECTED: VERSION } });
  const release = (description: string, folder: string): string =>
    `assay release ${description} --release-version "$IMAGE_SEMVER_EXPECTED" --folder ${temporary(folder)}`;

  const before = await scene.logged();
  // Beside the build's output, where git does not look.
  scratch.write(
    'checkout/build/other.release.yaml',
    readFileSync(`${checkout}/build.release.yaml`, 'utf8').replace('from: build/image', 'from: image').replace(BASE_SIGNER, `other-${BASE_SIGNER}`),
  );
  const refused = await job('build.yaml', release('build/other.release.yaml', 'refused'));
  const afterRefusal = { logged: await scene.logged(), pushed: [...(scene.registries['ghcr.io']?.repositories.keys() ?? [])] };
  const built = await job('build.yaml', release('build.release.yaml', 'image'));
  const packaged = await job('helm-release.yaml', release('helm.release.yaml', 'chart'));
  const [imageDigest = '', chartDigest = ''] = [built, packaged].map(({ stdout }) => /@(sha256:\w+)\n[^@]*$/.exec(stdout)?.[1]);
  const released = (folder: string) => JSON.parse(readFileSync(temporary(`${folder}/assay.release.json`), 'utf8'));

  const VARIABLES = { IMAGE_DIGEST: imageDigest, CHART_DIGEST: chartDigest, IMAGE_SEMVER_EXPECTED: VERSION, CHART_SEMVER_EXPECTED: VERSION };

  describe('the release', () => {
    test('is none on a base image that somebody else signed: nothing is signed, and nothing is pushed', () => {
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toContain(`the base image ${BASE} is not verified`);
      expect(refused.stderr).not.toContain('signing as');
      expect(afterRefusal).toEqual({ logged: before, pushed: [] });
      expect(existsSync(temporary('refused'))).toBe(false);
      expect(existsSync(temporary('refused.partial'))).toBe(false);
    });

    test('of the image and of the chart is made by one command each', () => {
      succeeded(built);
      succeeded(packaged);
      expect(built.stdout).toBe(`${IMAGE}@${imageDigest}\n${temporary('image')}/assay.release.json\n`);
      expect(packaged.stdout).toBe(`${IMAGE}@${imageDigest}\n${CHART}@${chartDigest}\n${temporary('chart')}/assay.release.json\n`);
    });

    test('demands the signature of the base image first', () => {
      expect(built.stderr).toMatch(/^✔ .*gcr\.io\/distroless.*\nsigning as/s);
    });

    test('leaves the repository as the developers left it', async () => {
      expect(await git('status --porcelain')).toBe('');
      expect(await git('rev-parse HEAD')).toBe(`${commit}\n`);
      expect(await git('status --porcelain --ignored')).toBe('!! build/\n');
      expect(readdirSync(`${checkout}/build`).sort()).toEqual(['image', 'other.release.yaml']);
    });

    test('says of which commit it is, and by which workflow', () => {
      for (const folder of ['image', 'chart']) expect(released(folder)).toMatchObject({ version: VERSION, commit });
    });

    test('sets no tag on the image: there are digests only', () => {
      const content = scene.registries['ghcr.io'];
      expect(content?.tags(REPOSITORY)).toEqual([]);
      expect(content?.getManifest(REPOSITORY, imageDigest)).toBeDefined();
      // Helm finds charts by the tag of their version.
      expect(content?.tags(`${REPOSITORY}-helm`)).toEqual([VERSION]);
      expect(content?.getManifest(`${REPOSITORY}-helm`, VERSION)?.digest).toBe(chartDigest);
    });

    test.each([
      ['image', 'build.yaml'],
      ['chart', 'helm-release.yaml'],
    ])('of the %s is verified as a whole', async (folder, file) => {
      const verify = (who: string, flags = '') => scene.play(`assay verify ${temporary(folder)} --identity ${who} --issuer ${GITHUB} ${flags}`);
      const workflow = `https://github.com/${REPOSITORY}/.github/workflows/${file}@${MAIN}`;
      expect(succeeded(await verify(workflow)).stdout).toContain(`${folder === 'image' ? 'cosign-oci-poc' : 'cosign-oci-poc-helm'} ${VERSION}`);
      succeeded(await verify(workflow, '--offline'));
      expect(await verify(workflow.replace(MAIN, 'refs/heads/other'))).toMatchObject({ status: 1 });
    });
  });

  describe.each(scene.parties)('with the tools of $name', (party) => {
    const { isThere } = party;
    const play = (script: string, options?: PlayOptions) => scene.playAs(party, script, { env: VARIABLES, ...options });
    const README = `--certificate-oidc-issuer ${GITHUB}`;
    const readme = (file: string, name: string): string =>
      `cosign verify --certificate-identity https://github.com/${REPOSITORY}/.github/workflows/${file}@${MAIN} ${README} ${name}`;

    test.skipIf(!isThere)('row 29: the base image', async () => {
      const { stdout } = succeeded(await play(lineOf('29', party)));
      expect(signatures(stdout)).toHaveLength(1);
      // Of bundles, cosign does not print who signed.
      if (party.version === undefined)
        expect(signatures(stdout)).toMatchObject([{ optional: { Subject: BASE_SIGNER, Issuer: 'https://accounts.google.com' } }]);
      expect(await play(lineOf('29', party).replace(BASE_SIGNER, `other-${BASE_SIGNER}`))).toMatchObject({ status: 1, stdout: '' });
    });

    const rows = [
      { row: '30', file: 'build.yaml', name: `${IMAGE}@$IMAGE_DIGEST`, digest: imageDigest, annotation: { imageRef: `refs/tags/${VERSION}` } },
      { row: '31', file: 'helm-release.yaml', name: `${CHART}@$CHART_DIGEST`, digest: chartDigest, annotation: { chartVersion: VERSION } },
    ] as const;
    describe.skipIf(!isThere).each(rows)('row $row: $name', ({ row, file, name, digest, annotation }) => {
      const subject = `https://github.com/${REPOSITORY}/.github/workflows/${file}@${MAIN}`;
      const line = lineOf(row, party);

      // Cosign 2 looks at no annotation of a bundle, and passes whatever is demanded.
      const readsAnnotations = party.version !== '2.6.5';
      if (readsAnnotations) {
        test('is signed, with the version in an annotation', async () => {
          const { stdout, stderr } = succeeded(await play(`${line} | jq .`));
          expect(stderr).toContain('The specified annotations were verified.');
          const [element, ...others] = signatures(stdout);
          expect(others).toEqual([]);
          expect(element).toMatchObject({ critical: { image: { 'docker-manifest-digest': digest } }, optional: annotation });
        });

        test('another version is refused', async () => {
          const run = await play(`${line.replace('_EXPECTED"', '_EXPECTED-rc.1"')} | jq .`);
          expect(run).toMatchObject({ status: 1, stdout: '' });
          expect(run.stderr).toMatch(/missing or incorrect annotation/);
        });
      }

      test('is signed by the exact identity of the README', async () => {
        const { stdout } = succeeded(await play(`${forVersion(readme(file, name), party)} | jq .`));
        const [element] = signatures(stdout);
        if (party.version === undefined) expect(element?.optional).toMatchObject({ Subject: subject, Issuer: GITHUB });
        expect(element?.critical.image).toEqual({ 'docker-manifest-digest': digest });
      });

      test.each([
        ['another workflow', file, 'other.yaml'],
        ['another branch', MAIN, 'refs/heads/other'],
        ['another owner', 'github.com/michaelvl', 'github.com/mallory'],
        ['another issuer', GITHUB, 'https://gitlab.com'],
      ])('%s is refused', async (_, right, wrong) => {
        expect(await play(forVersion(readme(file, name).replace(right, wrong), party))).toMatchObject({ status: 1, stdout: '' });
      });
    });

    test.skipIf(!isThere)('the SBOM of each platform names what the base brought, and what was built', async () => {
      const { images } = released('image') as { images: { platforms: { platform: string; digest: string }[] }[] };
      expect(images[0]?.platforms.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
      for (const { digest } of images[0]?.platforms ?? []) {
        const verify = `cosign verify-attestation --type cyclonedx --certificate-identity https://github.com/${REPOSITORY}/.github/workflows/build.yaml@${MAIN} ${README} ${IMAGE}@${digest}`;
        const names = `jq -r '.payload | @base64d | fromjson | .predicate.components[] | select(.version) | "\\(.name)@\\(.version)"'`;
        const { stdout } = succeeded(await play(`${forVersion(verify, party)} | ${names}`));
        expect(stdout.split('\n')).toEqual(expect.arrayContaining(['base-files@11.1+deb11u11', 'github.com/prometheus/client_golang@v1.20.5']));
        expect(await play(forVersion(verify.replace('build.yaml', 'other.yaml'), party))).toMatchObject({ status: 1, stdout: '' });
      }
    });

    test.skipIf(!isThere)('helm pull: the chart is the one that was signed, and names the image by its digest', async () => {
      for (const what of [`--version ${VERSION}`, `@${chartDigest}`]) {
        const pull = `helm pull oci://${CHART}${what.startsWith('@') ? '' : ' '}${what}`;
        const values = `tar -xzOf *.tgz cosign-oci-poc-helm/values.yaml`;
        const { stdout, stderr } = succeeded(await play(`${pull} && ${values}`));
        expect(stdout + stderr).toContain(`Digest: ${chartDigest}\n`);
        expect(stdout).toContain(`image:\n  repository: ${IMAGE} # by digest only\n  digest: ${imageDigest}\n`);
      }
    });

    // Ours renders nothing.
    if (party.version !== undefined) {
      test.skipIf(!isThere)('helm template: that is what runs', async () => {
        const { stdout } = succeeded(await play(`helm template app oci://${CHART} --version ${VERSION}`));
        expect(stdout).toContain(`image: "${IMAGE}@${imageDigest}"\n`);
      });
    }
  });
}

function succeeded(run: Run): Run {
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return run;
}

/** Of the acceptance table, as it is printed. */
function lineOf(row: string, party: Party): string {
  const found = VERIFY_ROWS.find((one) => one.row === row);
  if (found === undefined) throw new Error(`no row ${row}`);
  return forVersion(found.line, party);
}

/** Cosign 2 has to be told which format is meant, and that timestamps count. */
function forVersion(line: string, { version }: Party): string {
  return version === '2.6.5' ? line.replace(/^cosign \S+/, '$& --new-bundle-format --use-signed-timestamps') : line;
}

interface Signature {
  readonly critical: { readonly image: Readonly<Record<string, string>> };
  readonly optional: Readonly<Record<string, unknown>>;
}

function signatures(stdout: string): Signature[] {
  return JSON.parse(stdout) as Signature[];
}
