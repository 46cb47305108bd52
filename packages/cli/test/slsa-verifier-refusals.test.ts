/** Provenance that `slsa-verifier` refuses: by its own error, with our code and the near miss beside it, in the tree too. And what looks wrong and is not. */
import { catalogue, type ErrorCode, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { CONTENT, type Made } from './build-scene.ts';
import { COMMIT, DELEGATED, DISPATCHED, GENERATOR, GENERIC, type Source, type Statement, TAGGED } from './provenance-builds.ts';
import type { Run } from './run-cli.ts';
import { FAILED, openVerifierScene, PASSED } from './slsa-verifier-scene.ts';

const { scratch, instance, verifier, verify, bundle } = openVerifierScene();

interface Bad {
  readonly bad: string;
  readonly provenance: () => string;
  readonly flags?: readonly string[];
  readonly code: ErrorCode;
  /** The last line, behind what it begins with; or a part of it. */
  readonly says: string;
  /** What a person is told besides: lines of `expected`, `found` and `try`. */
  readonly near: readonly string[];
}

const signedAs = (reference: string) => (): string => bundle({ sign: { githubClaims: { job_workflow_ref: reference } } });
const changed = (edit: (statement: Statement) => object | string) => (): string => bundle({ edit });
const numbered = (length: number) => Array.from({ length }, (_, i) => ({ name: `file-${i}`, digest: { sha256: i.toString(16).padStart(64, '0') } }));
const FORM_HINT = 'try       pass one Sigstore bundle or one DSSE envelope; of a file with several lines, one line';
const PULL_REQUEST: Source = { repository: 'example/app', ref: 'refs/pull/7/merge', event: 'pull_request', payload: {} };

/** Files that cannot be read as provenance at all. */
const FORMS: readonly Bad[] = [
  {
    bad: 'two documents in one file',
    provenance: () => `${bundle()}\n${bundle()}`,
    code: 'SLSA_FORM',
    says: 'more text after the document',
    near: [FORM_HINT],
  },
  {
    bad: 'a member twice in the bundle',
    provenance: () => bundle().replace('{', '{"mediaType":"",'),
    code: 'SLSA_FORM',
    says: 'duplicate member "mediaType"',
    near: [FORM_HINT],
  },
  {
    bad: 'a member of the bundle that nobody knows',
    provenance: () => bundle().replace('"dsseEnvelope":{', '"dsseEnvelope":{"extra":1,'),
    code: 'SLSA_FORM',
    says: 'a Sigstore bundle has no such member, or another kind of it: dsseEnvelope.extra',
    near: [FORM_HINT],
  },
  {
    bad: 'a page of a web server',
    provenance: () => '<!doctype html><title>Not Found</title>',
    code: 'SLSA_FORM',
    says: 'neither a Sigstore bundle nor a DSSE envelope',
    near: [FORM_HINT],
  },
  { bad: 'an empty file', provenance: () => '', code: 'SLSA_FORM', says: 'neither a Sigstore bundle nor a DSSE envelope', near: [FORM_HINT] },
  { bad: 'an empty object, which is a bundle', provenance: () => '{}', code: 'BUNDLE_VERSION', says: 'unmarshaling bundle: ', near: ['found     (none)'] },
];

/** Signed as they are: what is wrong is found by looking at the statement, the certificate or the log entry. */
const BAD: readonly Bad[] = [
  {
    bad: 'a member twice in the statement',
    provenance: changed((statement) => JSON.stringify(statement).replace('"predicateType"', '"_type":"","predicateType"')),
    code: 'SLSA_STATEMENT',
    says: 'invalid DSSE envelope payload: decoding provenance: duplicate member "_type"',
    near: ['try       look at it with: assay provenance show FILE'],
  },
  {
    bad: 'two members that differ in letter case only',
    provenance: changed((statement) => JSON.stringify(statement).replace('"predicateType"', '"_Type":"","predicateType"')),
    code: 'SLSA_STATEMENT',
    says: 'invalid DSSE envelope payload: decoding provenance: ',
    near: [],
  },
  {
    bad: 'a member of the statement that nobody knows',
    provenance: changed((statement) => ({ ...statement, extra: 1 })),
    code: 'SLSA_STATEMENT',
    says: 'invalid DSSE envelope payload: decoding provenance: json: unknown field "extra"',
    near: ['found     decoding provenance: json: unknown field "extra"'],
  },
  {
    bad: 'another payload type',
    provenance: () => bundle({ sign: { payloadType: 'application/json' } }),
    code: 'SLSA_STATEMENT',
    says: "invalid DSSE envelope payload: expected payload type 'application/vnd.in-toto+json', got 'application/json'",
    near: ['expected  application/vnd.in-toto+json', 'found     application/json'],
  },
  {
    bad: 'another predicate',
    provenance: changed((statement) => ({ ...statement, predicateType: 'https://cyclonedx.org/bom' })),
    code: 'SLSA_PREDICATE_TYPE',
    says: "invalid DSSE envelope payload: unexpected predicate type 'https://cyclonedx.org/bom'",
    near: ['expected  https://slsa.dev/provenance/v0.2 or https://slsa.dev/provenance/v1', 'found     https://cyclonedx.org/bom'],
  },
  {
    bad: 'a subject with a digest of another algorithm',
    provenance: changed((statement) => ({ ...statement, subject: [{ name: 'app', digest: { sha512: 'ab'.repeat(64) } }] })),
    code: 'SLSA_SUBJECT_ALGORITHM',
    says: 'not found: artifact hash does not match provenance subject',
    near: ['found     sha512', 'try       pass the artifact itself, or its sha256 digest'],
  },
  {
    bad: '5,000 subjects, none of which it is',
    provenance: changed((statement) => ({ ...statement, subject: numbered(5000) })),
    code: 'SLSA_SUBJECT',
    says: 'not found: artifact hash does not match provenance subject',
    near: [`found     sha256:${'0'.repeat(64)} file-0, sha256:${'0'.repeat(63)}1 file-1, sha256:${'0'.repeat(63)}2 file-2 and 4997 more`],
  },
  {
    bad: 'a digest in upper case',
    provenance: changed((statement) => ({
      ...statement,
      subject: statement.subject.map((one) => ({ ...one, digest: { sha256: one.digest['sha256']?.toUpperCase() } })),
    })),
    code: 'SLSA_SUBJECT',
    says: 'not found: artifact hash does not match provenance subject',
    near: ['try       a subject has this digest in upper case; digests are lower-case hex'],
  },
  {
    bad: 'a tag where a branch was claimed',
    provenance: () => bundle({ source: { ...TAGGED, payload: { ref: TAGGED.ref, base_ref: null } } }),
    flags: ['--source-branch', 'main'],
    code: 'SLSA_REF',
    says: 'verifying branch: invalid ref: "": unexpected ref type: ""',
    near: ['expected  the branch main', 'found     refs/tags/v1.4.2', 'try       ask for the tag: --source-tag v1.4.2'],
  },
  {
    bad: 'a tag that was claimed to be a branch',
    provenance: () => bundle(),
    flags: ['--source-branch', 'v1.4.2'],
    code: 'SLSA_BRANCH',
    says: "expected branch 'v1.4.2', got 'main': branch used to generate the binary does not match provenance",
    near: ['try       v1.4.2 is the tag that it was built from: --source-tag v1.4.2'],
  },
  {
    bad: 'a branch where a tag was claimed',
    provenance: () => bundle({ source: DISPATCHED }),
    flags: ['--source-tag', 'v1.4.2'],
    code: 'SLSA_REF',
    says: 'verifying tag: invalid ref: "": unexpected ref type: ""',
    near: ['found     refs/heads/main', 'try       ask for the branch: --source-branch main'],
  },
  {
    bad: 'a pull request where a branch was claimed',
    provenance: () => bundle({ source: PULL_REQUEST }),
    flags: ['--source-branch', 'main'],
    code: 'SLSA_TRIGGER',
    says: 'verifying branch: invalid ref: "refs/pull/7/merge": unexpected ref type: "pull"',
    near: ['found     refs/pull/7/merge', 'try       take what was built from a branch or a tag'],
  },
  {
    bad: 'an empty tag, which is a demand',
    provenance: () => bundle(),
    flags: ['--source-tag', ''],
    code: 'SLSA_TAG',
    says: "expected tag '', got 'v1.4.2'",
    near: ['expected  one without a name', 'found     v1.4.2'],
  },
  {
    bad: 'a tag with its whole name',
    provenance: () => bundle(),
    flags: ['--source-tag', 'refs/tags/v1.4.2'],
    code: 'SLSA_TAG',
    says: "expected tag 'refs/tags/v1.4.2', got 'v1.4.2'",
    near: ['try       leave refs/tags/ out: names are compared without it'],
  },
  {
    bad: 'a version that is none',
    provenance: () => bundle(),
    flags: ['--source-versioned-tag', '1.4.2'],
    code: 'SLSA_TAG',
    says: '1.4.2: invalid semantic version',
    near: [],
  },
  {
    bad: 'a builder at a branch',
    provenance: signedAs(GENERIC.signer.replace(/@.*/, '@refs/heads/main')),
    code: 'SLSA_BUILDER_REF',
    says: 'invalid ref: "refs/heads/main": unexpected ref type: "heads"',
    near: ['expected  refs/tags/vX.Y.Z', 'found     refs/heads/main'],
  },
  {
    bad: 'a builder at a commit',
    provenance: signedAs(GENERIC.signer.replace(/@.*/, `@${COMMIT}`)),
    code: 'SLSA_BUILDER_REF',
    says: `invalid ref: "${COMMIT}": unexpected ref type: ""`,
    near: [`found     ${COMMIT}`],
  },
  {
    bad: 'a builder at a release candidate',
    provenance: signedAs(GENERIC.signer.replace(/@.*/, '@refs/tags/v2.0.0-rc.1')),
    code: 'SLSA_BUILDER_REF',
    says: 'invalid ref: v2.0.0-rc.1: not of the form vX.Y.Z',
    near: ['expected  refs/tags/vX.Y.Z'],
  },
  {
    bad: "the project's own workflow",
    provenance: signedAs('example/app/.github/workflows/release.yml@refs/tags/v1.4.2'),
    code: 'SLSA_BUILDER_UNTRUSTED',
    says: 'untrusted reusable workflow: https://github.com/example/app/.github/workflows/release.yml with builderID provided: false',
    near: ['try       name the builder that you mean to trust with --builder-id'],
  },
  {
    bad: "a fork of the builder's repository",
    provenance: () => bundle(),
    flags: ['--builder-id', 'https://github.com/mallory/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml'],
    code: 'SLSA_BUILDER',
    says: 'untrusted reusable workflow: builderID does not match provenance: expected name',
    near: ['try       the file generator_generic_slsa3.yml is the same, in another repository'],
  },
  {
    bad: 'a builder that names another than the one that signed',
    provenance: () => bundle({ builder: { ...GENERIC, id: `${GENERATOR}/.github/workflows/builder_go_slsa3.yml@refs/tags/v2.0.0` } }),
    code: 'SLSA_DISAGREEMENT',
    says: 'builderID does not match provenance: ',
    near: [`expected  ${GENERIC.id}`],
  },
  {
    bad: 'a builder behind the delegator that is none of the SLSA project',
    provenance: () => bundle({ builder: { ...DELEGATED, id: 'https://github.com/example/builder/.github/workflows/build.yml@refs/tags/v1.0.0' } }),
    code: 'SLSA_BUILDER_UNTRUSTED',
    says: 'builderID is invalid: BuilderID Path Mismatch. Got: "https://github.com/example/builder/.github/workflows/build.yml".',
    near: ['try       if you trust it, name it: --builder-id https://github.com/example/builder/.github/workflows/build.yml'],
  },
  {
    bad: 'a builder id without its scheme',
    provenance: () => bundle(),
    flags: ['--builder-id', GENERIC.id.replace('https://', '')],
    code: 'SLSA_UNSUPPORTED',
    says: 'no verifier support the builder: github.com/',
    near: [`try       builders are named with their scheme: ${GENERIC.id.replace(/@.*/, '')}`],
  },
  {
    bad: 'Cloud Build for a file',
    provenance: () => bundle(),
    flags: ['--builder-id', 'https://cloudbuild.googleapis.com/GoogleHostedWorker'],
    code: 'SLSA_UNSUPPORTED',
    says: 'not supported: ',
    near: ['try       verify the image: slsa-verifier verify-image'],
  },
  ...(
    [
      ['with a scheme', 'https://github.com/example/app', 'name the source as github.com/example/app, without scheme, trailing slash, .git or ref'],
      ['with a slash behind it', 'github.com/example/app/', 'name the source as github.com/example/app, without scheme, trailing slash, .git or ref'],
      ['with .git', 'github.com/example/app.git', 'name the source as github.com/example/app, without scheme, trailing slash, .git or ref'],
      [
        'with a ref',
        'git+https://github.com/example/app@refs/tags/v1.4.2',
        'name the source as github.com/example/app, without scheme, trailing slash, .git or ref',
      ],
      ['in other letter case', 'github.com/Example/app', 'they differ in upper and lower case only; repositories are compared as they are written'],
      ['of a fork', 'github.com/mallory/app', 'the repository has the same name, its owner is another (a fork?): github.com/example/app'],
      ['of the same owner', 'github.com/example/other', 'the owner is the same, the repository is another: github.com/example/app'],
      ['on another host', 'gitlab.example/example/app', 'the host differs: gitlab.example was demanded, it was built on github.com.'],
    ] as const
  ).map(
    ([which, source, hint]): Bad => ({
      bad: `a source ${which}`,
      provenance: () => bundle(),
      flags: ['--source-uri', source],
      code: 'SLSA_SOURCE',
      says: `source used to generate the binary does not match provenance: expected source '${source.replace(/^git\+https:\/\//, '').replace(/^github\.com\//, '')}', got 'example/app'`,
      near: ['found     github.com/example/app', `try       ${hint}`],
    }),
  ),
  {
    bad: 'a source without its host',
    provenance: () => bundle(),
    flags: ['--source-uri', 'example/app'],
    code: 'SLSA_SOURCE_URI',
    says: 'URI is malformed: expected source github.com repository "git+https://example/app"',
    near: ['expected  github.com/OWNER/REPOSITORY', 'found     example/app'],
  },
  {
    bad: 'a person who signed',
    provenance: () => bundle({ sign: { identity: { type: 'email', value: 'someone@testkit.example' } } }),
    code: 'IDENTITY_MISMATCH',
    says: 'invalid certificate: ',
    near: ['found     someone@testkit.example'],
  },
  {
    bad: 'another issuer',
    provenance: () => bundle({ sign: { oidcIssuer: 'https://issuer.example' } }),
    code: 'IDENTITY_ISSUER',
    says: 'invalid certificate: ',
    near: ['found     https://issuer.example'],
  },
  {
    bad: 'a signature in place of provenance',
    provenance: () => Buffer.from(instance.sign(utf8(CONTENT)).bundleBytes).toString(),
    code: 'SLSA_FORM',
    says: 'expected DSSE bundle content',
    near: ['try       pass the provenance, a file named such as multiple.intoto.jsonl; cosign verify-blob takes this one'],
  },
  {
    bad: 'an entry of Rekor v2',
    provenance: () => bundle({ sign: { log: 'v2' } }),
    code: 'TLOG_KIND',
    says: 'matching bundle entry with content: unexpected tlog entry type: wanted either intoto v0.0.2 or dsse v0.0.1, got: hashedrekord 0.0.2',
    near: ['try       assay verify --source takes it'],
  },
  {
    bad: 'no log entry',
    provenance: () => bundle({ sign: { log: 'none', timestamp: true } }),
    code: 'TLOG_THRESHOLD',
    says: 'bundle missing offline tlog verification material 0',
    near: ['try       ask the publisher for provenance that is on record; assay verify --source takes signed timestamps too'],
  },
  {
    bad: 'a statement that was changed after it was signed',
    provenance: () => {
      const document = JSON.parse(bundle()) as { dsseEnvelope: { payload: string } };
      const payload = Buffer.from(Buffer.from(document.dsseEnvelope.payload, 'base64').toString().replaceAll('v1.4.2', 'v1.4.3')).toString('base64');
      return JSON.stringify({ ...document, dsseEnvelope: { ...document.dsseEnvelope, payload } });
    },
    code: 'SIGNATURE_INVALID',
    says: 'invalid signature: ',
    near: [],
  },
];

describe('a file that is wrong', () => {
  test.each(FORMS)('$bad', async ({ provenance, code, says, near }) => {
    const run = await verify(provenance());
    expectRefusal(run, { code, says, near });
  });

  test.each(BAD)('$bad', async ({ provenance, flags = [], code, says, near }) => {
    const text = provenance();
    expectRefusal(await verify(text, flags), { code, says, near });
    // In the tree too, unless there was nothing to look at.
    const explained = await verify(text, [...flags, '--explain']);
    expectRefusal(explained, { code, says, near });
    const isTree = code !== 'SLSA_UNSUPPORTED';
    expect(new RegExp(`^ *✘ .*\\[${code}\\]$`, 'm').test(explained.stderr)).toBe(isTree);
    const [tree = ''] = explained.stderr.split('Verifying artifact ');
    // What the catalogue says of a code, the tree does not repeat at each check.
    const general = `try       ${catalogue[code].hint}`;
    for (const line of isTree ? near.filter((one) => one !== general) : []) expect(tree).toContain(`    ${line}`);
  });

  test.each<[string, readonly string[], string]>([
    ['provenance', ['--provenance-path', 'nofile', 'app'], 'open nofile: no such file or directory'],
    ['artifact', ['--provenance-path', 'p', 'nofile'], 'open nofile: no such file or directory'],
    ['trusted root', ['--provenance-path', 'p', '--trusted-root', 'nofile', 'app'], 'open nofile: no such file or directory'],
    ['file, but a folder', ['--provenance-path', 'folder', 'app'], 'read folder: is a directory'],
  ])('no such %s', async (_, words, says) => {
    scratch.write('p', bundle());
    scratch.write('folder/file', '');
    const paths = new Set(['nofile', 'app', 'p', 'folder']);
    const argv = words.map((word) => (paths.has(word) ? scratch.path(word) : word));
    const { status, stdout, stderr } = await verifier(['verify-artifact', '--source-uri', 'github.com/example/app', ...argv]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`Verifying artifact ${argv.at(-1)?.endsWith('nofile') ? 'nofile' : 'app'}: FAILED: ${says}\n\n`);
    expect(stderr.endsWith(`${FAILED}${says}\n`)).toBe(true);
  });
});

function expectRefusal({ status, stdout, stderr }: Run, { code, says, near }: Pick<Bad, 'code' | 'says' | 'near'>): void {
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).not.toContain('PASSED');
  const lines = stderr.trimEnd().split('\n');
  const last = lines.at(-1) ?? '';
  expect(last.startsWith(FAILED)).toBe(true);
  expect(last).toContain(says);
  expect(stderr).toContain(`\nVerifying artifact app: FAILED: ${last.slice(FAILED.length)}\n\n`.slice(stderr.startsWith('Verifying') ? 1 : 0));
  // Between the two lines of slsa-verifier, ours: what it means, with its code, and what to do.
  const ours = stderr.slice(stderr.lastIndexOf('Verifying artifact '));
  expect(ours).toMatch(new RegExp(`^  .*\\[${code}\\]$`, 'm'));
  for (const line of near) expect(ours).toContain(`\n  ${line}`);
}

describe('what is right nevertheless', () => {
  const BUILT = `Verified build using builder "${GENERIC.id}" at commit ${COMMIT}\nVerifying artifact app: PASSED\n\n`;

  test('5,000 subjects, of which it is the last', async () => {
    const provenance = bundle({ edit: (statement) => ({ ...statement, subject: [...numbered(4999), ...statement.subject] }) });
    expect(await verify(provenance)).toMatchObject({ status: 0 });
  });

  test.each<[string, Made, readonly string[]]>([
    ['an empty builder id', {}, ['--builder-id', '']],
    ['a source with git+https', {}, ['--source-uri', 'git+https://github.com/example/app']],
    ['inputs', { source: DISPATCHED }, ['--build-workflow-input', 'channel=beta', '--source-branch', 'main']],
    ['the first two parts of a version', {}, ['--source-versioned-tag', 'v1.4']],
    ['a repository for provenance, which is for images', {}, ['--provenance-repository', 'ghcr.io/example/signatures']],
    ['a bundle of version 0.1', { sign: { version: '0.1' } }, []],
    ['a bundle of version 0.2 whose entry is of kind intoto', { sign: { version: '0.2', entryKind: 'intoto' } }, []],
  ])('%s', async (_, made, flags) => {
    const run = await verify(bundle(made), flags);
    expect(run, run.stderr).toMatchObject({ status: 0, stdout: '' });
  });

  // slsa-verifier does not ask; who looks at the tree is told.
  test.each<[string, Made, string, string]>([
    ['a pull request', { source: PULL_REQUEST }, 'SLSA_TRIGGER', 'pull_request'],
    ['a runner of somebody', { sign: { githubClaims: { runner_environment: 'self-hosted' } } }, 'SLSA_RUNNER', 'self-hosted'],
  ])('%s is accepted, and told', async (_, made, code, found) => {
    const provenance = bundle(made);
    expect(await verify(provenance)).toEqual({ status: 0, stdout: '', stderr: `${BUILT}${PASSED}` });
    const { status, stderr } = await verify(provenance, ['--explain']);
    expect(status).toBe(0);
    expect(stderr).toMatch(new RegExp(`^  · .*\\[${code}\\]\n    found     ${found}\n    warning   slsa-verifier accepts it`, 'm'));
  });
});
