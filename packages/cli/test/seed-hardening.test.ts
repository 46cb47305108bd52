/**
 * The page on hardening of x509-certificate-exporter, played from its first command to its last, under the names that it prints: with our tools, and with the
 * real cosign, crane and helm for what is theirs. What they look at, `assay release` and `assay copy` have published.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ENIX_FLAGS } from './acceptance-rows.ts';
import { findOnPath } from './foreign-tools.ts';
import type { Run } from './run-cli.ts';
import { ARCHIVE, CHART, CLIENT_GO, HOSTS, publishHardened, REPOSITORY } from './seed-hardening.ts';
import { GITHUB, openSeedScene, type PlayOptions } from './seed-scene.ts';
import { expand, parseYaml, type Step } from './workflow-file.ts';

const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';
/** As the page prints them. */
const CLIENT_GO_QUESTION = `| jq -r '.payload | @base64d | fromjson
           | .predicate.components[]
           | select(.name | contains("k8s.io/client-go"))
           | "\\(.name)@\\(.version)"'`;
const CI_STEP = `name: Verify exporter image
run: |
  cosign verify quay.io/enix/x509-certificate-exporter:\${{ env.VERSION }} \\
    --certificate-identity-regexp '^https://github\\.com/enix/x509-certificate-exporter/' \\
    --certificate-oidc-issuer https://token.actions.githubusercontent.com
`;
const CLUSTER_IMAGE_POLICY = `apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: enix-x509-exporter
spec:
  images:
    - glob: "**/enix/x509-certificate-exporter*"
  authorities:
    - keyless:
        identities:
          - issuer: https://token.actions.githubusercontent.com
            subjectRegExp: ^https://github\\.com/enix/x509-certificate-exporter/
`;
/** The page only names the rule: the same demand, as Kyverno has it. */
const KYVERNO_POLICY = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: enix-x509-exporter
spec:
  rules:
    - name: signed
      match: { any: [{ resources: { kinds: [Pod] } }] }
      verifyImages:
        - imageReferences: ['*/enix/x509-certificate-exporter*']
          type: SigstoreBundle
          failureAction: Enforce
          attestors:
            - entries:
                - keyless:
                    issuer: https://token.actions.githubusercontent.com
                    subjectRegExp: ^https://github\\.com/enix/x509-certificate-exporter/
                    rekor: { url: https://rekor.sigstore.dev }
`;

const missing = ['jq', 'tar', 'sha256sum'].filter((name) => findOnPath(name) === '');
if (missing.length === 0) await declarePage();
else test.skip(`the page on hardening: no ${missing.join(', ')} on PATH`, () => undefined);

async function declarePage(): Promise<void> {
  const scene = await openSeedScene(HOSTS, ['3.1.3']);
  const { folder, generated, digest, chartDigest } = await publishHardened(scene);
  const IMAGE = `quay.io/${REPOSITORY}:4.0.0`;
  const NAMES = [`ghcr.io/${REPOSITORY}:4.0.0`, IMAGE, `${REPOSITORY}:4.0.0`];
  const WORKFLOW = `https://github.com/${REPOSITORY}/.github/workflows/release.yaml@refs/tags/v4.0.0`;
  const exactly = (image: string, identity = WORKFLOW): string =>
    `cosign verify ${image} --certificate-identity '${identity}' --certificate-oidc-issuer ${GITHUB}`;
  const attested = `cosign verify-attestation ghcr.io/${REPOSITORY}:4.0.0 --type cyclonedx ${ENIX_FLAGS}`;
  const step = parseYaml<Step>(CI_STEP).run ?? '';

  describe.each(scene.parties)('with the tools of $name', (party) => {
    const { isThere } = party;
    const play = (script: string, options?: PlayOptions): Promise<Run> => scene.playAs(party, script, options);
    const played = async (script: string, options?: PlayOptions): Promise<Run> => succeeded(await play(script, options));

    describe.skipIf(!isThere)('Container images', () => {
      test.each(NAMES)('the signature of %s', async (name) => {
        const { stdout, stderr } = await played(`cosign verify ${name} ${ENIX_FLAGS}`);
        // Everything that is signed about the image is told.
        expect(signedTypes(stdout, digest)).toEqual(['https://cyclonedx.org/bom', SIGNATURE, 'https://slsa.dev/provenance/v1']);
        expect(stderr).toContain('Existence of the claims in the transparency log was verified offline');
      });

      test.each(NAMES)('the SBOM of %s', async (name) => {
        const { stdout } = await played(`${attested.replace(NAMES[0] ?? '', name)} | jq -r '.payload | @base64d | fromjson | .predicate'`);
        expect(JSON.parse(stdout)).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component: { name: `quay.io/${REPOSITORY}` } } });
      });

      test('which client-go is in it', async () => {
        expect(await played(`${attested} ${CLIENT_GO_QUESTION}`)).toMatchObject({ stdout: `k8s.io/client-go@${CLIENT_GO}\n` });
      });
    });

    test.skipIf(!isThere)('Helm chart', async () => {
      const { stdout, stderr } = await played('helm pull oci://quay.io/enix/charts/x509-certificate-exporter --version 4.0.0 && ls');
      expect(`${stdout}${stderr}`).toContain(`Digest: ${chartDigest}\n`);
      expect(stdout).toMatch(/^x509-certificate-exporter-4\.0\.0\.tgz$/m);
      const signed = await played(`cosign verify quay.io/enix/charts/x509-certificate-exporter:4.0.0 ${ENIX_FLAGS}`);
      expect(signedTypes(signed.stdout, chartDigest)).toEqual([SIGNATURE, 'https://slsa.dev/provenance/v1']);
    });

    test.skipIf(!isThere)('Binary releases: checksums, and who vouches for them', async () => {
      const download = `cp ${folder}/{${ARCHIVE},checksums.txt,checksums.txt.sigstore.json} .`;
      const signed = await played(`${download}; cosign verify-blob --bundle checksums.txt.sigstore.json ${ENIX_FLAGS} checksums.txt`);
      expect(signed).toMatchObject({ stdout: '', stderr: 'Verified OK\n' });
      expect(await played(`${download}; sha256sum --check --ignore-missing checksums.txt`)).toMatchObject({ stdout: `${ARCHIVE}: OK\n` });
    });

    describe.skipIf(!isThere)('Stricter verification', () => {
      test('exactly that workflow, exactly that tag', () => played(exactly(NAMES[0] ?? '')));

      test.each([
        ['another tag', 'v4.0.0', 'v4.0.1'],
        ['another workflow', 'release.yaml', 'nightly.yaml'],
        ['another repository', 'enix/', 'mallory/'],
      ])('%s is refused', async (_, right, wrong) => {
        expect(await play(exactly(NAMES[0] ?? '', WORKFLOW.replace(right, wrong)))).toMatchObject({ status: 1, stdout: '' });
      });
    });

    describe.skipIf(!isThere)('Pinning to immutable digests', () => {
      test("the chart's value is the digest of the signed image", async () => {
        const pull = 'helm pull oci://quay.io/enix/charts/x509-certificate-exporter --version 4.0.0';
        const { stdout } = await played(`${pull} >/dev/null && tar -xzOf *.tgz x509-certificate-exporter/values.yaml`);
        expect(parseYaml(stdout)).toEqual({ image: { repository: `quay.io/${REPOSITORY}`, tag: '', digest } });
      });

      test('crane digest', async () => expect(await played(`crane digest ${IMAGE}`)).toMatchObject({ stdout: `${digest}\n` }));

      // Buildx is nowhere in the test bed.
      if (party.version === undefined) {
        test('docker buildx imagetools inspect', async () => {
          expect(await played(`docker buildx imagetools inspect ${IMAGE} \\\n  --format '{{ .Manifest.Digest }}'`)).toMatchObject({ stdout: digest });
        });
      }

      test('the digest is verified, not the tag', async () => {
        const script = `ref="${IMAGE}"; digest=$(crane digest "$ref"); cosign verify "\${ref%:*}@\${digest}" ${ENIX_FLAGS}`;
        expect((await played(script)).stderr).toContain(`Verification for quay.io/${REPOSITORY}@${digest} --\n`);
      });
    });

    test.skipIf(!isThere)('In a CI pipeline: again, where only the registry can be reached', async () => {
      const script = expand(step, { env: { VERSION: '4.0.0' } });
      await played(script);
      // The real one looks for a newer root each time, unless it is told to take the one that it has.
      const again = party.version === undefined ? script : `${script.trimEnd()} --trusted-root "$(find "$HOME" -name trusted_root.json)"`;
      await played(again, { env: scene.withoutTuf.variables });
    });

    describe.skipIf(!isThere)('what is refused', () => {
      test('a tag that nobody signed', async () => {
        const { stdout } = await played(`crane digest ${IMAGE.replace('4.0.0', '4.0.1')}`);
        expect(stdout).not.toContain(digest);
        expect(await play(`cosign verify ${IMAGE.replace('4.0.0', '4.0.1')} ${ENIX_FLAGS}`)).toMatchObject({ status: 10, stdout: '' });
        expect(await play(attested.replace(NAMES[0] ?? '', IMAGE.replace('4.0.0', '4.0.1')))).toMatchObject({ status: 1, stdout: '' });
      });

      test('a tag that is not there', async () => {
        expect(await play(`cosign verify ${IMAGE.replace('4.0.0', '4.0.2')} ${ENIX_FLAGS}`)).toMatchObject({ status: 11, stdout: '' });
      });

      test('a chart that was tampered with on its way to another registry', async () => {
        const [name = '', value] = [`ghcr.io/${CHART}:4.0.0`, `digest: sha256:${'0'.repeat(64)}`];
        succeeded(await scene.play(`assay copy --force quay.io/${CHART}:4.0.0 ${name}`));
        await played(`cosign verify ${name} ${ENIX_FLAGS}`);
        const tamper = `helm pull oci://ghcr.io/${CHART} --version 4.0.0 && tar -xzf *.tgz && sed -i 's/digest: .*/${value}/' x509-certificate-exporter/values.yaml`;
        await played(`${tamper} && helm package x509-certificate-exporter && helm push x509-certificate-exporter-4.0.0.tgz oci://ghcr.io/enix/charts`);
        expect(await play(`cosign verify ${name} ${ENIX_FLAGS}`)).toMatchObject({ status: 10, stdout: '' });
      });

      test('checksums of other files', async () => {
        const changed = `cp ${folder}/checksums.txt{,.sigstore.json} .; sed -i s/^./0/ checksums.txt`;
        const verify = `cosign verify-blob --bundle checksums.txt.sigstore.json ${ENIX_FLAGS} checksums.txt`;
        expect(await play(`${changed}; ${verify}`)).toMatchObject({ status: 1, stderr: expect.not.stringContaining('Verified OK') });
      });
    });
  });

  describe('with Assay alone', () => {
    const play = scene.play;
    const played = async (script: string): Promise<Run> => succeeded(await play(script));

    test('which client-go is in it, without jq', async () => {
      const query = `assay sbom query ghcr.io/${REPOSITORY}:4.0.0 --contains k8s.io/client-go`;
      expect(await played(query)).toMatchObject({ stdout: `k8s.io/client-go@${CLIENT_GO}\n` });
      const demanded = (identity: string): string => `${query} --from-attestation --identity ${identity} --issuer ${GITHUB}`;
      expect(await played(demanded(WORKFLOW))).toMatchObject({ stdout: `k8s.io/client-go@${CLIENT_GO}\n` });
      expect(await play(demanded(WORKFLOW.replace('v4.0.0', 'v4.0.1')))).toMatchObject({ status: 1, stdout: '' });
    });

    describe('Binary releases', () => {
      const download = `cp ${folder}/{${ARCHIVE},multiple.intoto.jsonl} ${generated} .`;
      const tampered = `${download}; echo >> ${ARCHIVE}`;

      // SLSA's generator makes what the page calls Level 3: slsa-verifier takes provenance of no other builder.
      const slsa = `slsa-verifier verify-artifact ${ARCHIVE} --provenance-path x509-certificate-exporter.intoto.jsonl \\
        --source-uri github.com/${REPOSITORY} --source-tag v4.0.0`;
      test('slsa-verifier verify-artifact', async () => {
        expect((await played(`${download}; ${slsa}`)).stderr).toMatch(/PASSED: SLSA verification passed\n$/);
      });

      test.each([
        ['another tag', `${download}; ${slsa.replace('-tag v4.0.0', '-tag v4.0.1')}`],
        ['another repository', `${download}; ${slsa.replace('github.com/enix', 'github.com/mallory')}`],
        ['an archive that was changed', `${tampered}; ${slsa}`],
        ["provenance of the project's own workflow", `${download}; ${slsa.replace('x509-certificate-exporter.intoto', 'multiple.intoto')}`],
      ])('slsa-verifier refuses %s', async (_, script) => {
        expect(await play(script)).toMatchObject({ status: 1, stderr: expect.stringContaining('FAILED: SLSA verification failed: ') });
      });

      // Provenance of `assay release` is that of the workflow which it runs in, and is verified as the page says since then. GitHub keeps no copy: it is a file.
      const roots = `gh attestation trusted-root --tuf-url https://tuf.stack.example --tuf-root ${scene.document('root.json')} > trusted_root.jsonl`;
      const gh = `gh attestation verify ${ARCHIVE} --owner enix --source-ref refs/tags/v4.0.0 --bundle multiple.intoto.jsonl --custom-trusted-root trusted_root.jsonl`;
      test('gh attestation verify', async () => {
        expect(await played(`${download}; ${roots}; ${gh}`)).toEqual({ status: 0, stdout: '', stderr: '' });
      });

      test.each([
        ['another tag', `${download}; ${roots}; ${gh.replace('v4.0.0 --b', 'v4.0.1 --b')}`],
        ['another owner', `${download}; ${roots}; ${gh.replace('--owner enix', '--owner mallory')}`],
        ['an archive that was changed', `${tampered}; ${roots}; ${gh}`],
      ])('gh refuses %s', async (_, script) => {
        expect(await play(script)).toMatchObject({ status: 1, stdout: '' });
      });

      test('everything at once', async () => {
        const verify = `assay verify ${folder} --identity ${WORKFLOW} --issuer ${GITHUB}`;
        expect((await played(verify)).stdout).toContain('x509-certificate-exporter 4.0.0');
        expect(await play(verify.replace('v4.0.0', 'v4.0.1'))).toMatchObject({ status: 1 });
      });
    });

    describe('At cluster admission', () => {
      const pod = (image: string): string => `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: '${image}' }] }\n`;
      const files = (policy: string, image: string): string => `cat > policy.yaml <<'END'\n${policy}END\ncat > pod.yaml <<'END'\n${pod(image)}END\n`;
      const controllers = [
        ['policy-controller', CLUSTER_IMAGE_POLICY, (image: string) => `assay policy test policy.yaml --image ${image} --resource pod.yaml`, 'is refused by'],
        ['Kyverno', KYVERNO_POLICY, () => 'assay kyverno apply policy.yaml --resource pod.yaml', 'failed to verify image'],
      ] as const;

      describe.each(controllers)('%s', (_, policy, command, says) => {
        const judge = (image: string): Promise<Run> => play(`${files(policy, image)}${command(image)}`);

        test.each([...NAMES, `quay.io/${REPOSITORY}@${digest}`])('%s is let in', async (name) => {
          succeeded(await judge(name));
        });

        test('an image that nobody signed is not', async () => {
          expect(await judge(`quay.io/${REPOSITORY}:4.0.1`)).toMatchObject({ status: 1, stdout: expect.stringContaining(says) });
        });
      });

      test('signed by another workflow, it is let in by neither', async () => {
        for (const [, policy, command, says] of controllers) {
          const script = `${files(policy.replaceAll('github\\.com/enix', 'github\\.com/mallory'), IMAGE)}${command(IMAGE)}`;
          expect(await play(script)).toMatchObject({ status: 1, stdout: expect.stringContaining(says) });
        }
      });
    });
  });

  test('the description of the release names what the page is about', () => {
    expect(JSON.parse(readFileSync(`${folder}/assay.release.json`, 'utf8'))).toMatchObject({
      images: [{ repository: `quay.io/${REPOSITORY}`, digest, tags: ['4.0.0'] }],
      charts: [{ repository: `quay.io/${CHART}`, digest: chartDigest, images: { image: 'x509-certificate-exporter' } }],
    });
  });
}

/** Of what `cosign verify` prints, all of it about one digest. */
function signedTypes(stdout: string, digest: string): string[] {
  const elements = JSON.parse(stdout) as { critical: { type: string; image: Readonly<Record<string, string>> } }[];
  for (const { critical } of elements) expect(critical.image).toEqual({ 'docker-manifest-digest': digest });
  return elements.map(({ critical }) => critical.type).sort();
}

function succeeded(run: Run): Run {
  expect(run, run.stderr + run.stdout).toMatchObject({ status: 0 });
  return run;
}
