/**
 * The walk-through of policy-controller, as it is written, on a real API server (rows 15 to 24 and 28): Assay instead of the controller, Docker Hub and the chart's
 * repository by mirrors on this machine, and a token instead of a browser. No kubelet runs, so the chart is installed without waiting, and the webhook runs beside
 * the cluster with the rights of the chart's own service account.
 */

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../admission/test/cluster/cluster.ts';
import { CLUSTER_START_MS } from '../../admission/test/cluster/servers.ts';
import { clusterTools } from '../../admission/test/cluster/tools.ts';
import { type AdmissionProcess, startAdmissionProcess } from './admission-process.ts';
import { findHelm, runRealHelm } from './foreign-helm.ts';
import { openStackScene, PERSON } from './foreign-stack-scene.ts';
import { findTool, runTool } from './foreign-tools.ts';
import { type Run, runCli, runCosign } from './run-cli.ts';

const CHART = fileURLToPath(new URL('../../../deploy/charts/assay', import.meta.url));
const helm = findHelm();
const cosign = findTool('cosign', '3.1.3');
const missing = [...clusterTools().missing, ...(helm === undefined ? ['helm'] : []), ...(cosign.path === '' ? ['cosign 3.1.3'] : [])];
if (missing.length > 0) console.warn(`the walk-through on a real API server is skipped: no ${missing.join(', ')} in ASSAY_TESTBED or on PATH`);
const scene = await openStackScene();

describe.skipIf(missing.length > 0)('the walk-through of policy-controller', () => {
  let cluster: Cluster;
  let charts: Server;
  let admission: AdmissionProcess;
  const { scratch, endpoints } = scene;
  const home = scratch.path('home');
  const hub = (name: string): string => `${endpoints.registry}/${name}`;
  const theirs = (...argv: string[]): Promise<Run> => runTool(cosign.path, argv, { home, env: {} });
  const theirHelm = (...argv: string[]): Promise<Run> => runRealHelm(helm ?? '', ['--kubeconfig', cluster.kubeconfig, ...argv], home);

  beforeAll(async () => {
    cluster = await startCluster();
    const initialized = await theirs('initialize', '--mirror', endpoints.tuf, '--root', scene.document('root.json'));
    expect(initialized, initialized.stderr).toMatchObject({ status: 0 });
    const packed = await theirHelm('package', CHART, '--destination', scratch.path('charts'), '--version', '0.1.0-rc.1');
    expect(packed, packed.stderr).toMatchObject({ status: 0 });
    expect(await theirHelm('repo', 'index', scratch.path('charts'))).toMatchObject({ status: 0 });
    charts = createServer(({ url = '' }, answer) => answer.end(readFileSync(join(scratch.path('charts'), url)))).listen(0, '127.0.0.1');
    for (const name of ['nicolaka/netshoot', 'knabben/test']) await putImage(name);
  }, CLUSTER_START_MS);

  afterAll(async () => {
    charts?.close();
    await admission?.end();
    await cluster?.stop();
  });

  async function putImage(name: string): Promise<void> {
    const layer = scratch.write(`${name}/layer.tar`, new Uint8Array(1024));
    const run = await runCli(['crane', 'append', '--new_layer', layer, '--new_tag', `${hub(name)}:latest`], { network: 'open' });
    expect(run, run.stderr).toMatchObject({ status: 0 });
  }

  const kubectl = (argv: string, stdin = ''): Promise<Run> => cluster.kubectl(argv.split(' '), { stdin });

  async function says(argv: string, text: string): Promise<void> {
    expect(await kubectl(argv)).toMatchObject({ status: 0, stdout: text });
  }

  /** Until the webhook has heard of it. */
  async function apply(policy: object): Promise<void> {
    const applied = await kubectl('apply --filename=-', JSON.stringify(policy));
    expect(applied, applied.stderr).toMatchObject({ status: 0 });
    const { status, stderr } = await kubectl('wait --for=condition=Ready --timeout=5s clusterimagepolicy/image-policy');
    expect(status, stderr).toBe(0);
    const { stdout } = await kubectl('get clusterimagepolicy image-policy --output=jsonpath={.metadata.generation}');
    const observed = await kubectl(`wait --for=jsonpath={.status.observedGeneration}=${stdout} --timeout=5s clusterimagepolicy/image-policy`);
    expect(observed.status, observed.stderr).toBe(0);
  }

  const imagePolicy = (authority: object) => ({
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'image-policy' },
    spec: { images: [{ glob: 'index.docker.io/knabben/**' }], authorities: [authority] },
  });
  const keyless = { keyless: { identities: [{ issuer: endpoints.oidc, subject: PERSON.email }] } };
  const denied = (message: string) => `Error from server (BadRequest): admission webhook "policy.sigstore.dev" denied the request: ${message}`;

  test('15: the repository of charts is added and updated', async () => {
    const { port } = charts.address() as { port: number };
    expect(await theirHelm('repo', 'add', 'sigstore', `http://127.0.0.1:${port}`)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('has been added'),
    });
    expect(await theirHelm('repo', 'update')).toMatchObject({ status: 0, stdout: expect.stringContaining('Update Complete') });
  });

  test('16: the chart is installed', async () => {
    await says('create namespace cosign-system', 'namespace/cosign-system created\n');
    const mirrors = scratch.write('mirrors', `docker.io = http://${endpoints.registry}\n`);
    const account = 'system:serviceaccount:cosign-system:policy-controller-assay';
    // The address is known once it serves, and the rights of its account once the chart is there: it is started twice.
    const flags = ['--registry-mirrors', mirrors, '--trusted-root', scene.document('trusted_root.json'), '--certificate-name', '127.0.0.1'];
    const folder = scratch.path('certificates');
    const first = await startAdmissionProcess({ folder, flags: ['--no-cluster', ...flags] });
    const port = Number(new URL(first.url).port);
    await first.end();
    const values = ['--set', `webhook.url=${first.url}`, '--set-file', `webhook.caBundle=${join(folder, 'ca.crt')}`];
    const installed = await theirHelm('install', 'policy-controller', '--namespace', 'cosign-system', 'sigstore/assay', '--devel', ...values);
    expect(installed, installed.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('STATUS: deployed') });
    const [, , namespace = '', name = ''] = account.split(':');
    const token = (await kubectl(`create token ${name} --namespace ${namespace}`)).stdout.trim();
    admission = await startAdmissionProcess({ folder, port, flags: ['--kubeconfig', cluster.kubeconfigOf({ token }), ...flags] });
    await cluster.settleWebhooks();
  });

  test('17: a namespace asks for enforcement', async () => {
    await says('create namespace secure', 'namespace/secure created\n');
    await says('label namespace secure policy.sigstore.dev/include=true', 'namespace/secure labeled\n');
  });

  test('18: the image is pushed', async () => {
    const run = await runCli(['crane', 'copy', `${hub('nicolaka/netshoot')}:latest`, `${hub('knabben/netshoot')}:latest`], { network: 'open' });
    expect(run, run.stderr).toMatchObject({ status: 0 });
  });

  test('19 to 21: it is signed with the real cosign, verified, and its manifest of signatures read', async () => {
    const services = ['--use-signing-config=false', '--new-bundle-format=false', '--fulcio-url', endpoints.fulcio, '--rekor-url', endpoints.rekor];
    const signed = await theirs('sign', '-a', 'real=true', ...services, '--yes', '--identity-token', await scene.token(), `${hub('knabben/netshoot')}:latest`);
    expect(signed, signed.stderr).toMatchObject({ status: 0, stderr: expect.stringContaining(`Pushing signature to: ${hub('knabben/netshoot')}`) });
    const identity = ['--certificate-identity', PERSON.email, '--certificate-oidc-issuer', endpoints.oidc];
    const env = { TUF_ROOT: scratch.path('our-tuf'), ASSAY_TRUST: scene.document('trusted_root.json') };
    const ours = (...argv: string[]) => runCosign(argv, { network: 'open', now: new Date(), env });
    const verified = await ours('verify', '--new-bundle-format=false', ...identity, hub('knabben/netshoot'));
    expect(verified, verified.stderr).toMatchObject({ status: 0 });
    expect(JSON.parse(verified.stdout)[0].optional).toMatchObject({ real: 'true', Issuer: endpoints.oidc, Subject: PERSON.email });
    const place = (await ours('triangulate', hub('knabben/netshoot'))).stdout.trim();
    const manifest = await runCli(['crane', 'manifest', place], { network: 'open' });
    expect(Object.keys(JSON.parse(manifest.stdout).layers[0].annotations)).toContain('dev.cosignproject.cosign/signature');
  });

  test('22: under a policy that lets in, the image runs, by its digest', async () => {
    await apply(imagePolicy({ static: { action: 'pass' } }));
    await says('run netshoot --namespace=secure --image=docker.io/knabben/netshoot', 'pod/netshoot created\n');
    const { stdout } = await kubectl('get pod netshoot --namespace=secure --output=jsonpath={.spec.containers[0].image}');
    expect(stdout).toMatch(/^index\.docker\.io\/knabben\/netshoot:latest@sha256:[0-9a-f]{64}$/);
  });

  test('23: an image of somebody else matches no policy', async () => {
    const run = await kubectl('run other --namespace=secure --image=docker.io/nicolaka/netshoot');
    expect(run.stderr.replace(/[0-9a-f]{64}/, 'HEX')).toBe(
      denied('validation failed: no matching policies: spec.containers[0].image\nindex.docker.io/nicolaka/netshoot:latest@sha256:HEX\n'),
    );
  });

  test('and in another namespace it runs', async () => {
    await says('run other --namespace=default --image=docker.io/nicolaka/netshoot', 'pod/other created\n');
  });

  test('under a policy that refuses, it does not', async () => {
    await apply(imagePolicy({ static: { action: 'fail', message: 'not today' } }));
    const run = await kubectl('run refused --namespace=secure --image=docker.io/knabben/netshoot');
    expect(run.stderr).toContain(' disallowed by static policy: not today\n');
  });

  test('24: under a keyless policy the signed image runs, and the unsigned one does not', async () => {
    await apply(imagePolicy(keyless));
    await says('run signed --namespace=secure --image=docker.io/knabben/netshoot', 'pod/signed created\n');
    const run = await kubectl('run httpbin --namespace=secure --image=docker.io/knabben/test');
    expect(run.stderr.replace(/[0-9a-f]{64}/g, 'HEX')).toBe(
      denied(
        'validation failed: failed policy: image-policy: spec.containers[0].image\nindex.docker.io/knabben/test:latest@sha256:HEX signature keyless validation failed for authority authority-0 for index.docker.io/knabben/test@sha256:HEX: no signatures found\n',
      ),
    );
  });

  test('28: an SBOM is demanded, and what it must say', async () => {
    const sbom = scratch.write('netshoot.sbom.json', {
      bomFormat: 'CycloneDX',
      specVersion: '1.4',
      metadata: { tools: [{ vendor: 'anchore', name: 'syft' }] },
    });
    const services = ['--use-signing-config=false', '--new-bundle-format=false', '--fulcio-url', endpoints.fulcio, '--rekor-url', endpoints.rekor];
    const attested = await theirs(
      'attest',
      '--predicate',
      sbom,
      '--type',
      'cyclonedx',
      ...services,
      '--yes',
      '--identity-token',
      await scene.token(),
      `${hub('knabben/netshoot')}:latest`,
      '-d',
    );
    expect(attested, attested.stderr).toMatchObject({ status: 0 });
    const demanding = (tool: string) => ({
      ...keyless,
      attestations: [
        {
          name: 'must-have-cyclonedx',
          predicateType: 'https://cyclonedx.org/bom',
          policy: {
            type: 'cue',
            data: `predicateType: "https://cyclonedx.org/bom"\npredicate: { specVersion: "1.4", metadata: { tools: [{ name: "${tool}" }] } }`,
          },
        },
      ],
    });
    await apply(imagePolicy(demanding('syft')));
    await says('run with-sbom --namespace=secure --image=docker.io/knabben/netshoot', 'pod/with-sbom created\n');
    await apply(imagePolicy(demanding('trivy')));
    const run = await kubectl('run other-sbom --namespace=secure --image=docker.io/knabben/netshoot');
    expect(run.stderr).toContain(
      'failed evaluating cue policy for must-have-cyclonedx: failed to evaluate the policy with error: predicate.metadata.tools.0.name: conflicting values "syft" and "trivy"\n',
    );
  });

  test('what Assay signs runs as well, in its own storage', async () => {
    await apply(imagePolicy(keyless));
    const env = { ASSAY_TRUST: scene.document('client_trust_config.json') };
    const signed = await runCli(['sign', '--identity-token', await scene.token(), `${hub('knabben/test')}:latest`], { network: 'open', now: new Date(), env });
    expect(signed, signed.stderr).toMatchObject({ status: 0 });
    // The refusal of before is kept for as long as ten seconds.
    for (let i = 0; i < 60; i++) {
      const run = await kubectl('run signed-by-assay --namespace=secure --image=docker.io/knabben/test');
      if (run.status === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error(admission.log());
  }, 30_000);
});
