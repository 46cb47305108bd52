/**
 * The acceptance table (cosign.md section 6), rows about images, charts and registries: the command lines of the guides in a shell, with our tools under the
 * names they use, the registries they name on this machine, and evidence in both storage formats. Other rows: verify-blob.txt of the transcripts, helm and crane.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createInstance, type Instance } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { FORMATS, type Format } from './acceptance-evidence.ts';
import { CYCLONEDX, ENIX_FLAGS, SBOM, VERIFY_ROWS, type VerifyRow } from './acceptance-rows.ts';
import { HAS_JQ, openShell } from './acceptance-shell.ts';
import { Stage } from './acceptance-stage.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

if (!HAS_JQ) console.warn('jq is not on PATH: what the guides pipe into it is done in the tests');

const scratch = new Scratch();
mkdirSync(scratch.path('bin'));
mkdirSync(scratch.path('work'));
const instance: Instance = createInstance({ now: new Date() }); // a shell has no other clock
const ROOT = scratch.write('root.json', instance.trustedRoot());
const shell = openShell(scratch.path('bin'), scratch.path('work'));

/** What a guide pipes into, and the same in this process. */
interface Filter {
  readonly jq: string;
  readonly here: (text: string) => string;
}

const PRETTY: Filter = {
  jq: 'jq .',
  here: (text) =>
    documents(text)
      .map((one) => `${JSON.stringify(one, null, 2)}\n`)
      .join(''),
};

function documents(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown);
}

async function play(stage: Stage, script: string, filter?: Filter): Promise<Run> {
  if (filter === undefined || HAS_JQ) return shell(filter === undefined ? script : `${script} | ${filter.jq}`, stage.variables);
  const run = await shell(script, stage.variables);
  return { ...run, stdout: run.status === 0 ? filter.here(run.stdout) : '' };
}

function rowNamed(name: string): VerifyRow {
  const row = VERIFY_ROWS.find((one) => one.row === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
}

/** A row with its evidence stored, to the end of the test. */
async function staged(row: VerifyRow, format: Format, change?: Parameters<Stage['sign']>[2]): Promise<Stage> {
  const stage = await Stage.open(row, scratch, ROOT);
  onTestFinished(() => stage.close());
  stage.store(stage.sign(instance, format, change));
  return stage;
}

/** What cosign says on standard error: whose signatures, and which checks. */
function headerFor(name: string, annotations: boolean): string {
  return [
    '',
    `Verification for ${name} --`,
    'The following checks were performed on each of these signatures:',
    ...(annotations ? ['  - The specified annotations were verified.'] : []),
    '  - The cosign claims were validated',
    '  - Existence of the claims in the transparency log was verified offline',
    '  - The code-signing certificate was verified using trusted certificate authority certificates',
    '',
  ].join('\n');
}

interface Element {
  readonly critical: { readonly identity: Record<string, string>; readonly image: Record<string, string>; readonly type: string };
  readonly optional: Readonly<Record<string, unknown>>;
}

describe.each(FORMATS)('evidence as %s', (format) => {
  const rows = VERIFY_ROWS.filter(({ attests }) => attests === undefined);
  test.each(rows)('row $row: verifies, and prints who signed what', async (row) => {
    const stage = await staged(row, format);
    const pretty = ['20', '30', '31', '38'].includes(row.row);
    const { status, stdout, stderr } = await play(stage, row.line, pretty ? PRETTY : undefined);
    expect({ status, stderr }).toEqual({ status: 0, stderr: headerFor(stage.printedName, row.line.includes(' -a ')) });
    const [element, ...others] = JSON.parse(stdout) as Element[];
    expect(others).toEqual([]);
    expect(element?.critical).toEqual({
      identity: { 'docker-reference': format === 'layer' ? `${row.host}/${row.repository}` : stage.printedName },
      image: { 'docker-manifest-digest': stage.digest },
      type: format === 'layer' ? 'cosign container image signature' : 'https://sigstore.dev/cosign/sign/v1',
    });
    const issuer = row.signer.oidcIssuer ?? 'https://token.actions.githubusercontent.com';
    expect(element?.optional).toMatchObject({ ...row.annotations, Issuer: issuer, Subject: stage.subjectName, '1.3.6.1.4.1.57264.1.1': issuer });
    // What was stored beside the signature is told as it is.
    expect(Object.hasOwn(element?.optional ?? {}, 'Bundle')).toBe(format === 'layer');
    if (row.signer.githubClaims !== undefined) {
      const { repository, ref } = row.signer.githubClaims;
      expect(element?.optional).toMatchObject({ githubWorkflowRepository: repository, githubWorkflowRef: ref, '1.3.6.1.4.1.57264.1.5': repository });
    }
  });

  test('row 1: another owner is refused', async () => {
    const row = rowNamed('1, quay.io');
    const path = 'mallory/x509-certificate-exporter/.github/workflows/release.yaml@refs/tags/v4.0.0';
    const stage = await staged(row, format, { signer: { githubClaims: { job_workflow_ref: path } } });
    const { status, stdout, stderr } = await play(stage, row.line);
    expect({ status, stdout }).toEqual({ status: format === 'layer' ? 12 : 1, stdout: '' });
    expect(stderr).toContain(format === 'layer' ? `got subjects [https://github.com/${path}]` : `got "https://github.com/${path}"`);
  });

  test.each([
    ['tag', 'enix/x509-certificate-exporter/.github/workflows/release.yaml@refs/tags/v4.0.1'],
    ['workflow', 'enix/x509-certificate-exporter/.github/workflows/nightly.yaml@refs/tags/v4.0.0'],
  ])('row 9: another %s is refused', async (_, path) => {
    const row = rowNamed('9');
    const stage = await staged(row, format, { signer: { githubClaims: { job_workflow_ref: path } } });
    expect(await play(stage, row.line)).toMatchObject({ status: format === 'layer' ? 12 : 1, stdout: '' });
  });

  test('row 2: the SBOM', async () => {
    const row = rowNamed('2');
    const stage = await staged(row, format);
    const predicateOf = (line: unknown) => statementIn(line).predicate;
    const { status, stdout, stderr } = await play(stage, row.line, {
      jq: `jq -r '.payload | @base64d | fromjson | .predicate'`,
      here: (text) => `${JSON.stringify(predicateOf(documents(text)[0]), null, 2)}\n`,
    });
    expect({ status, predicate: JSON.parse(stdout) as unknown }).toEqual({ status: 0, predicate: SBOM });
    const told = stderr.slice(stderr.indexOf('\nVerification'));
    expect(told.startsWith(headerFor('quay.io/enix/x509-certificate-exporter:4.0.0', false))).toBe(true);
  });

  test('row 2: another type is refused, and the one that is there is told', async () => {
    const row = rowNamed('2');
    const stage = await staged(row, format);
    const { status, stdout, stderr } = await play(stage, row.line.replace('cyclonedx', 'spdxjson'));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`Error: none of the attestations matched the predicate type: spdxjson, found: ${CYCLONEDX}\n`);
  });

  test('row 3: one component of the SBOM', async () => {
    const row = rowNamed('2');
    const stage = await staged(row, format);
    const components = (text: string) =>
      (statementIn(documents(text)[0]).predicate as typeof SBOM).components.filter(({ name }) => name.includes('k8s.io/client-go'));
    const { status, stdout } = await play(stage, row.line, {
      jq: `jq -r '.payload | @base64d | fromjson | .predicate.components[] | select(.name | contains("k8s.io/client-go")) | "\\(.name)@\\(.version)"'`,
      here: (text) =>
        components(text)
          .map(({ name, version }) => `${name}@${version}\n`)
          .join(''),
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'k8s.io/client-go@v0.34.1\n' });
  });

  test('row 12: pinned by crane, the header shows the digest', async () => {
    const row = rowNamed('9');
    const stage = await staged(row, format);
    const script = `ref=quay.io/enix/x509-certificate-exporter:4.0.0; digest=$(crane digest "$ref"); cosign verify "\${ref%:*}@\${digest}" ${ENIX_FLAGS}`;
    const { status, stderr } = await play(stage, script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: headerFor(`quay.io/enix/x509-certificate-exporter@${stage.digest}`, false) });
  });

  test('rows 30 and 31: another value of the annotation is refused', async () => {
    for (const name of ['30', '31']) {
      const row = rowNamed(name);
      const stage = await staged(row, format);
      const { status, stdout, stderr } = await play(stage, row.line.replace('_EXPECTED"', '_EXPECTED-rc.1"'), PRETTY);
      // Of the pipe, the command that failed decides.
      expect({ status, stdout }).toEqual({ status: format === 'layer' ? 12 : 1, stdout: '' });
      expect(stderr).toMatch(/^Error: no matching (?:signatures|attestations): missing or incorrect annotation$/m);
    }
  });

  test('row 35: the digest behind the tag is a name that all tools take', async () => {
    const row = rowNamed('38');
    const stage = await staged(row, format);
    const name = `${row.host}/${row.repository}:${row.tag}@${stage.digest}`;
    const script = [
      `IMAGE="\${IMAGE}@"$(crane digest "\${IMAGE}")`,
      'echo "$IMAGE"',
      'crane digest "$IMAGE"',
      'cosign triangulate "$IMAGE"',
      `docker buildx imagetools inspect "$IMAGE" --format '{{ .Manifest.Digest }}'`,
    ];
    expect(await play(stage, script.join(' && '))).toMatchObject({
      status: 0,
      stdout: `${name}\n${stage.digest}\n${row.host}/${row.repository}:${stage.digest.replace(':', '-')}.sig\n${stage.digest}`,
    });
    const { status } = await play(stage, `${script[0]}; ${row.line.replace('$PINNED', '$IMAGE')}`, PRETTY);
    expect(status).toBe(0);
  });

  test('row 38: an image of the signed index is not signed itself, and the index is named', async () => {
    const row = rowNamed('38');
    const stage = await staged(row, format);
    const [child = ''] = stage.children;
    const { status, stdout, stderr } = await play(stage, row.line.replace('$PINNED', `ghcr.io/natrontech/pbs-exporter@${child}`), PRETTY);
    expect({ status, stdout }).toEqual({ status: 10, stdout: '' });
    // The tag is told when it was what led there.
    const named = stderr.replace(' (tag v0.6.0)', '');
    expect(named).toContain(`${child} is one platform of the index ghcr.io/natrontech/pbs-exporter@${stage.digest}, which is signed as demanded.\n`);
    expect(stderr).toContain('Error: no signatures found\n');
  });

  test('row 38: the host in the pattern is no other host', async () => {
    const row = rowNamed('38');
    const path = 'natrontech/pbs-exporter/.github/workflows/release.yml@refs/tags/v0.6.0';
    const stage = await staged(row, format, { signer: { identity: { type: 'uri', value: `https://github.com/${path}` } } });
    expect(await play(stage, row.line, PRETTY)).toMatchObject({ status: format === 'layer' ? 12 : 1, stdout: '' });
  });

  test('row 38: without COSIGN_REPOSITORY nothing is found', async () => {
    const row = rowNamed('38');
    const stage = await staged(row, format);
    expect(await play(stage, row.line.replace(/^COSIGN_REPOSITORY=\S+ /, ''))).toMatchObject({ status: 10, stdout: '' });
  });
});

function statementIn(envelope: unknown): { predicate: unknown } {
  const { payload } = envelope as { payload: string };
  return JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: unknown };
}

describe('the older storage format', () => {
  test('row 20: an RFC 3161 timestamp beside the signature is told too', async () => {
    const row = rowNamed('20');
    const stage = await staged(row, 'layer', { signer: { timestamp: true } });
    const { status, stdout } = await play(stage, row.line, PRETTY);
    expect(status).toBe(0);
    const [{ optional }] = JSON.parse(stdout) as [Element];
    expect(Object.keys(optional)).toEqual(['1.3.6.1.4.1.57264.1.1', 'Bundle', 'Issuer', 'RFC3161Timestamp', 'Subject', 'real']);
    expect(optional['Bundle']).toEqual({
      SignedEntryTimestamp: expect.stringMatching(/^[\w+/]+=*$/),
      Payload: { body: expect.any(String), integratedTime: expect.any(Number), logIndex: expect.any(Number), logID: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(optional['RFC3161Timestamp']).toEqual({ SignedRFC3161Timestamp: expect.any(String) });
  });

  test('row 21: the manifest of the signature has its parts as annotations', async () => {
    const row = rowNamed('20');
    const stage = await staged(row, 'layer', { signer: { timestamp: true } });
    const { status, stdout } = await play(stage, 'IMAGE=knabben/netshoot:latest; crane manifest $(cosign triangulate $IMAGE 2>/dev/null)', PRETTY);
    expect(status).toBe(0);
    const { layers } = JSON.parse(stdout) as { layers: { mediaType: string; annotations: Record<string, string> }[] };
    expect(layers).toEqual([expect.objectContaining({ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' })]);
    expect(Object.keys(layers[0]?.annotations ?? {}).toSorted()).toEqual([
      'dev.cosignproject.cosign/signature',
      'dev.sigstore.cosign/bundle',
      'dev.sigstore.cosign/certificate',
      'dev.sigstore.cosign/chain',
      'dev.sigstore.cosign/rfc3161timestamp',
    ]);
  });

  test('row 21: triangulate warns beside what it prints, so that $(…) takes the name alone', async () => {
    const stage = await staged(rowNamed('20'), 'layer');
    const { status, stdout, stderr } = await play(stage, 'cosign triangulate knabben/netshoot:latest');
    expect({ status, stdout }).toEqual({ status: 0, stdout: `index.docker.io/knabben/netshoot:${stage.digest.replace(':', '-')}.sig\n` });
    expect(stderr).toMatch(/^Command "triangulate" is deprecated, triangulate will be removed in v4\.0\.0 /);
  });
});

describe('what the tools around it print', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(rowNamed('9'), scratch, ROOT);
  });
  afterAll(() => stage.close());
  const IMAGE = 'quay.io/enix/x509-certificate-exporter:4.0.0';

  test('row 10: crane digest', async () => {
    expect(await play(stage, `crane digest ${IMAGE}`)).toEqual({ status: 0, stdout: `${stage.digest}\n`, stderr: '' });
  });

  // Like buildx, without the end of the line when it is not for people.
  test('row 11: docker buildx imagetools', async () => {
    const run = await play(stage, `docker buildx imagetools inspect ${IMAGE} --format '{{ .Manifest.Digest }}'`);
    expect(run).toEqual({ status: 0, stdout: stage.digest, stderr: '' });
  });

  test('row 4: helm pull', async () => {
    const chart = await Stage.open(rowNamed('5'), scratch, ROOT);
    onTestFinished(() => chart.close());
    scratch.write('chart/Chart.yaml', 'apiVersion: v2\nname: x509-certificate-exporter\nversion: 4.0.0\n');
    const helm = (...argv: string[]) => runCli(['helm', ...argv], { network: 'open', env: chart.variables });
    expect(await helm('package', scratch.path('chart'), '--destination', scratch.folder)).toMatchObject({ status: 0 });
    const pushed = await helm('push', scratch.path('x509-certificate-exporter-4.0.0.tgz'), 'oci://quay.io/enix/charts');
    expect(pushed).toMatchObject({ status: 0 });
    const [digest] = /sha256:[0-9a-f]{64}/.exec(pushed.stderr) ?? [];
    const run = await play(chart, 'helm pull oci://quay.io/enix/charts/x509-certificate-exporter --version 4.0.0');
    expect(run).toMatchObject({ status: 0 });
    expect(`${run.stdout}${run.stderr}`).toBe(`Pulled: quay.io/enix/charts/x509-certificate-exporter:4.0.0\nDigest: ${digest}\n`);
    const name = 'x509-certificate-exporter-4.0.0.tgz';
    expect(readFileSync(scratch.path(`work/${name}`))).toEqual(readFileSync(scratch.path(name)));
  });
});
