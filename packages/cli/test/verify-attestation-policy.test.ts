/**
 * `cosign verify-attestation --policy`: rows 37, 40 and 41 of the acceptance table (cosign.md section 6) with the policies of their guide, and what policies are
 * refused for, in cosign's words. Where the real cosign is there, it is asked the same.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createInstance } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { FORMATS, type Format } from './acceptance-evidence.ts';
import type { VerifyRow } from './acceptance-rows.ts';
import { HAS_JQ, openShell } from './acceptance-shell.ts';
import { Stage } from './acceptance-stage.ts';
import { findTool } from './foreign-tools.ts';
import { type Run, Scratch } from './run-cli.ts';

const cosign = findTool('cosign', '3.1.3');
if (cosign.path === '') console.warn('policies are not compared with the real cosign: no cosign 3.1.3 in ASSAY_TESTBED or on PATH');

const scratch = new Scratch();
const instance = createInstance({ now: new Date() }); // neither a shell nor cosign has another clock
const ROOT = scratch.write('root.json', instance.trustedRoot());

const GITHUB = 'https://token.actions.githubusercontent.com';
const IMAGE = { host: 'ghcr.io', repository: 'natrontech/pbs-exporter', tag: 'v0.6.0', shape: 'index' } as const;

/** The host is as the guide prints it, and is not github.com. */
function signedBy(workflow: string): VerifyRow['signer'] {
  return { identity: { type: 'uri', value: `https://github.aaakk.us.kg/${workflow}` }, oidcIssuer: GITHUB };
}

const PROVENANCE = {
  builder: { id: 'https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v1.9.0' },
  buildType: 'https://github.com/slsa-framework/slsa-github-generator/container@v1',
  invocation: { configSource: { uri: 'git+https://github.com/natrontech/pbs-exporter@refs/tags/v0.6.0', entryPoint: '.github/workflows/release.yml' } },
};
const SBOM = { bomFormat: 'CycloneDX', specVersion: '1.4', version: 1, metadata: { tools: [{ vendor: 'anchore', name: 'syft', version: '0.98.0' }] } };

const ROW_37: VerifyRow = {
  row: '37',
  ...IMAGE,
  signer: signedBy('slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v1.9.0'),
  side: 'natrontech/signatures',
  attests: { predicateType: 'https://slsa.dev/provenance/v0.2', predicate: PROVENANCE },
  line: `COSIGN_REPOSITORY=ghcr.io/natrontech/signatures cosign verify-attestation --type slsaprovenance --certificate-oidc-issuer ${GITHUB} --certificate-identity-regexp '^https://github.aaakk.us.kg/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v[0-9]+.[0-9]+.[0-9]+$' --policy policy.cue $IMAGE`,
};
const ROW_40: VerifyRow = {
  row: '40',
  ...IMAGE,
  signer: signedBy('natrontech/pbs-exporter/.github/workflows/release.yml@refs/tags/v0.6.0'),
  side: 'natrontech/sbom',
  attests: { predicateType: 'https://cyclonedx.org/bom', predicate: SBOM },
  line: `COSIGN_REPOSITORY=ghcr.io/natrontech/sbom cosign verify-attestation --type cyclonedx --certificate-oidc-issuer ${GITHUB} --certificate-identity-regexp '^https://github.aaakk.us.kg/natrontech/pbs-exporter/.github/workflows/release.yml@refs/tags/v[0-9]+.[0-9]+.[0-9]+(-rc.[0-9]+)?$' --policy policy-sbom.cue $IMAGE`,
};

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'policy.cue': `predicateType: "https://slsa.dev/provenance/v0.2"
predicate: invocation: configSource: uri: =~"^git\\\\+https://github.com/natrontech/pbs-exporter@refs/tags/v[0-9]+.[0-9]+.[0-9]+(-rc.[0-9]+)?$"
`,
  'policy-sbom.cue': 'predicateType: "https://cyclonedx.org/bom"\npredicate: metadata: tools: [{name: "syft", ...}]\n',
  'ok.cue': 'predicate: specVersion: "1.4"',
  'bad.cue': 'predicate: specVersion: "1.5"',
  'several.cue': 'predicate: specVersion: "1.5"\npredicate: version: 2',
  'required.cue': 'predicate: missing!: string',
  'absent.cue': 'predicate: extra: "v"',
  'closed.cue': '#P: {specVersion: string}\npredicate: #P',
  'broken.cue': 'predicate: {',
  'unknown.cue': 'predicate: nothere',
  'module.cue': 'import "example.com/x"\npredicate: x.y',
  'library.cue': 'import "strings"\npredicate: specVersion: strings.MinRunes(9)',
  'a.cue': 'package a\npredicate: specVersion: "1.4"',
  'embed.cue': '@extern(embed)\npackage a\nx: _ @embed(file=ok.json)',
  'task.cue': 'import "tool/exec"\nrun: exec.Run & {cmd: "false"}',
  'empty.cue': '',
  'ok.rego': 'package signature\nallow { input.predicate.specVersion == "1.4" }',
  'new.rego': 'package signature\nimport rego.v1\nallow if input.predicate.version == 1',
  'undefined.rego': 'package signature\nallow { input.predicate.specVersion == "1.5" }',
  'false.rego': 'package signature\ndefault allow = false\nallow { input.predicate.specVersion == "1.5" }',
  'value.rego': 'package signature\nallow = input.predicate',
  'set.rego': 'package signature\nallow[x] { x := "no" }',
  'broken.rego': 'package signature\nallow {',
  'types.rego': 'package signature\nallow { foo(1) }\nother { bar(1) }',
  'conflict.rego': 'package signature\nallow = 1 { true }\nallow = 2 { true }',
  'bytes.rego': Buffer.from('package signature\nallow { "\xff" == "" }', 'latin1'),
  'package.rego': 'package sigstore\nallow { true }',
  'policy.txt': '',
  'http.rego': 'package signature\nallow { http.send({"method": "get", "url": "http://127.0.0.1:9"}).status_code == 200 }',
  'endless.rego': 'package signature\nallow { x := numbers.range(1, 1000000)[_]; y := numbers.range(1, 1000000)[_]; x * y == -1 }',
};

mkdirSync(scratch.path('bin'));
mkdirSync(scratch.path('folder.cue'));
for (const [name, content] of Object.entries(FILES)) scratch.write(name, content);

async function staged(row: VerifyRow, format: Format): Promise<Stage> {
  const stage = await Stage.open(row, scratch, ROOT);
  onTestFinished(() => stage.close());
  stage.store(stage.sign(instance, format));
  return stage;
}

/** The row's words with these files as policies; they lie in the scratch folder. */
const withPolicies =
  (...policies: readonly string[]) =>
  (words: readonly string[]): readonly string[] => {
    const at = words.indexOf('--policy');
    return [...words.slice(0, at), ...policies.flatMap((name) => ['--policy', scratch.path(name)]), ...words.slice(at + 2)];
  };

function statementIn(stdout: string): { readonly predicateType: string; readonly predicate: unknown } {
  const [line = '', ...others] = stdout.split('\n').filter((one) => one !== '');
  expect(others).toEqual([]);
  return JSON.parse(Buffer.from((JSON.parse(line) as { payload: string }).payload, 'base64').toString());
}

describe.each(FORMATS)('evidence as %s', (format) => {
  test('row 37: provenance that the policy describes', async () => {
    const stage = await staged(ROW_37, format);
    const { status, stdout, stderr } = scratch.relative(await stage.play(withPolicies('policy.cue')));
    expect({ status, stderr: stderr.split('\n', 3) }).toEqual({
      status: 0,
      stderr: ['will be validating against CUE policies: [policy.cue]', '', 'Verification for ghcr.io/natrontech/pbs-exporter:v0.6.0 --'],
    });
    expect(statementIn(stdout)).toMatchObject({ predicateType: 'https://slsa.dev/provenance/v0.2', predicate: PROVENANCE });
  });

  test('row 37: provenance of another repository is refused', async () => {
    const predicate = { ...PROVENANCE, invocation: { configSource: { uri: 'git+https://github.com/mallory/pbs-exporter@refs/tags/v0.6.0' } } };
    const stage = await staged({ ...ROW_37, attests: { predicateType: 'https://slsa.dev/provenance/v0.2', predicate } }, format);
    const { status, stdout, stderr } = scratch.relative(await stage.play(withPolicies('policy.cue')));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('There are 1 number of errors occurred during the validation:\n\n- predicate.invocation.configSource.uri: invalid value "git+');
    expect(stderr).toContain('\nError: 1 validation errors occurred\n');
  });

  test('row 40: the statement of an SBOM', async () => {
    const stage = await staged(ROW_40, format);
    const { status, stdout } = await stage.play(withPolicies('policy-sbom.cue'));
    expect({ status, predicate: statementIn(stdout).predicate }).toEqual({ status: 0, predicate: SBOM });
  });
});

describe('in a shell', () => {
  const shell = openShell(scratch.path('bin'), scratch.folder);
  if (!HAS_JQ) console.warn('jq is not on PATH: what the guides pipe into it is done in the tests');

  test('rows 40 and 41: the statement, and the SBOM in a file', async () => {
    const stage = await staged(ROW_40, 'bundle');
    if (!HAS_JQ) {
      const { status, stdout } = await shell(ROW_40.line, stage.variables);
      expect({ status, ...statementIn(stdout) }).toMatchObject({ status: 0, predicate: SBOM });
      return;
    }
    const statement = `${ROW_40.line} | jq -r '.payload' | base64 -d | jq`;
    const { status, stdout } = await shell(statement, stage.variables);
    expect({ status, ...(JSON.parse(stdout) as object) }).toMatchObject({ status: 0, predicateType: 'https://cyclonedx.org/bom', predicate: SBOM });
    const written = await shell(`${statement} -r '.predicate' > sbom.json`, stage.variables);
    expect({ status: written.status, sbom: JSON.parse(readFileSync(scratch.path('sbom.json'), 'utf8')) as unknown }).toEqual({ status: 0, sbom: SBOM });
  });
});

test('one statement that does not hold refuses the image, though another holds', async () => {
  const stage = await staged(ROW_40, 'bundle');
  const other = await staged({ ...ROW_40, attests: { predicateType: 'https://cyclonedx.org/bom', predicate: { ...SBOM, specVersion: '1.6' } } }, 'bundle');
  stage.store(other.sign(instance, 'bundle'));
  const { status, stdout, stderr } = await stage.play(withPolicies('ok.cue'));
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr.match(/will be validating against CUE policies/g)).toHaveLength(2);
  expect(stderr).toContain('\n- predicate.specVersion: conflicting values "1.6" and "1.4"\n');
});

/** One statement that does not hold refuses the image, so fewer of them may let it in; none never does. */
test.each(['empty.cue', 'ok.cue', 'absent.cue', 'ok.rego', 'new.rego'])(
  'without any statement of the type nothing is let in, whatever the policy: %s',
  async (name) => {
    const stage = await Stage.open(ROW_40, scratch, ROOT);
    onTestFinished(() => stage.close());
    expect((await stage.play(withPolicies(name))).status).toBe(1);
    const other = await staged({ ...ROW_40, attests: { predicateType: 'https://spdx.dev/Document', predicate: SBOM } }, 'bundle');
    expect((await other.play(withPolicies(name))).status).toBe(1);
  },
);

/** Both print the same; what is refused, with the lines told. */
const SAME: readonly (readonly [policies: readonly string[], refusals?: readonly string[]])[] = [
  [['ok.cue']],
  [['absent.cue']],
  [['empty.cue']],
  [['a.cue', 'ok.cue']],
  [['task.cue']],
  [['ok.rego']],
  [['new.rego']],
  [['ok.rego', 'new.rego']],
  [['ok.rego', 'undefined.rego']],
  [['ok.cue', 'ok.rego']],
  [['ok.cue,ok.rego']],
  [['bad.cue'], ['predicate.specVersion: conflicting values "1.4" and "1.5"']],
  [['ok.cue', 'bad.cue'], ['predicate.specVersion: conflicting values "1.4" and "1.5"']],
  [['several.cue'], ['predicate.specVersion: conflicting values "1.4" and "1.5"']],
  [['required.cue'], ['predicate.missing: field is required but not present']],
  [['closed.cue'], ['predicate.bomFormat: field not allowed (and 2 more errors)']],
  [['broken.cue'], ["expected '}', found 'EOF'"]],
  [['unknown.cue'], ['predicate: reference "nothere" not found']],
  [['module.cue'], ['import failed: module.cue:1:8: imports are unavailable because there is no cue.mod/module.cue file']],
  [['library.cue'], ['predicate.specVersion: invalid value "1.4" (does not satisfy strings.MinRunes(9))']],
  [['embed.cue'], ['cannot embed files when not in a module']],
  [['missing.cue'], ['stat missing.cue: no such file or directory']],
  [['folder.cue'], ['read folder.cue: is a directory']],
  [['undefined.rego'], ["result is undefined for query 'data.signature.allow'"]],
  [['package.rego'], ["result is undefined for query 'data.signature.allow'"]],
  [['false.rego'], ['expression value, false, is not true']],
  [
    ['value.rego'],
    ['expression value, map[bomFormat:CycloneDX metadata:map[tools:[map[name:syft vendor:anchore version:0.98.0]]] specVersion:1.4 version:1], is not true'],
  ],
  [['set.rego'], ['expression value, [no], is not true']],
  [['broken.rego'], ['1 error occurred during loading: broken.rego:2: rego_parse_error: unexpected eof token\n\tallow {\n\t      ^']],
  [['types.rego'], ['2 errors occurred:\ntypes.rego:2: rego_type_error: undefined function foo\ntypes.rego:3: rego_type_error: undefined function bar']],
  [['conflict.rego'], ['conflict.rego:3: eval_conflict_error: complete rules must not produce multiple outputs']],
  [
    ['bytes.rego'],
    [
      '2 errors occurred during loading:\nbytes.rego:2: rego_parse_error: illegal utf-8 character\n\tallow { "\ufffd" == "" }\n\t        ^\nbytes.rego:2: rego_parse_error: illegal token\n\tallow { "\ufffd" == "" }\n\t        ^',
    ],
  ],
  [['missing.rego'], ['1 error occurred during loading: stat missing.rego: no such file or directory']],
  [['bad.cue', 'undefined.rego'], ['predicate.specVersion: conflicting values "1.4" and "1.5"']],
  [['ok.cue', 'undefined.rego'], ["result is undefined for query 'data.signature.allow'"]],
];

describe('policies', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(ROW_40, scratch, ROOT);
    stage.store(stage.sign(instance, 'bundle'));
  });
  afterAll(() => stage.close());

  const files = (names: readonly string[]) =>
    withPolicies(
      ...names.map((name) =>
        name
          .split(',')
          .map((one, i) => (i === 0 ? one : scratch.path(one)))
          .join(','),
      ),
    );
  const ours = async (names: readonly string[]): Promise<Run> => told(await stage.play(files(names)));
  const theirs = async (names: readonly string[]): Promise<Run> => told(await stage.playWith(cosign.path, files(names)));

  test.each(SAME.map(([names, refusals]) => ({ names, refusals })))('$names', async ({ names, refusals }) => {
    const run = await ours(names);
    if (refusals === undefined) {
      expect(run, run.stderr).toMatchObject({ status: 0 });
      expect(statementIn(run.stdout).predicate).toEqual(SBOM);
    } else {
      expect({ status: run.status, stdout: run.stdout }).toEqual({ status: 1, stdout: '' });
      const count = refusals.length;
      const lines = refusals.map((one) => `- ${one}\n`).join('');
      expect(run.stderr).toContain(
        `There are ${count} number of errors occurred during the validation:\n\n${lines}Error: ${count} validation errors occurred\n`,
      );
    }
    if (cosign.path !== '') expect(await theirs(names)).toEqual(run);
  });

  test('a file of another kind is refused once the image has verified', async () => {
    const run = await ours(['policy.txt', 'ok.cue']);
    expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('Error: invalid policy format, expected .cue or .rego\n') });
    if (cosign.path !== '') expect(await theirs(['policy.txt', 'ok.cue'])).toEqual(run);
    const unsigned = await Stage.open(ROW_40, scratch, ROOT);
    onTestFinished(() => unsigned.close());
    expect((await unsigned.play(files(['policy.txt']))).stderr).toContain('Error: no matching attestations: ');
  });

  // cosign would ask the network.
  test('a policy that asks the network is refused for asking', async () => {
    const run = await ours(['http.rego']);
    expect(run).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('- 1 error occurred: http.rego:2: rego_type_error: undefined function http.send\n'),
    });
  });

  // cosign would never come back.
  test('a policy that never ends is stopped', async () => {
    const run = await ours(['endless.rego']);
    expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('- the policy was not evaluated within 5000 ms\nError: 1 validation') });
  });
});

/** Up to the header that follows, which others test. As someone reads it who stands in the folder; CUE's loader leaves the first slash away, in places. */
function told(run: Run): Run {
  const { status, stdout, stderr } = scratch.relative(run);
  return { status, stdout, stderr: stderr.replaceAll(`${scratch.folder.slice(1)}/`, '').replace(/^Verification for .*/ms, '') };
}
