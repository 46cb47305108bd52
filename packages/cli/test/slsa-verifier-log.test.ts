/**
 * Provenance of generators before 2.1.0, which carries no log proof, by the command line: found in a log by the file that was signed (slsa.md section 1.8 C) or
 * by the artifact (D), kept, and verified again without network. One log is that of a private Sigstore, with entries of kind dsse; the other one keeps entries
 * of kind intoto 0.0.1, as the public log did in those years and none does any more.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decodeBase64, utf8 } from '@assay/core';
import { createHttpClient } from '@assay/net';
import { logToRekorV1 } from '@assay/sign';
import { createLog, startStack } from '@assay/stack';
import { createInstance, type Handler, type Instance, type StubFault, serve } from '@assay/testkit';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { type OlderFile, olderFile, olderLog, recordOlder } from '../../slsa/test/older-envelope.ts';
import { findTool, runTool } from './foreign-tools.ts';
import {
  BUILDERS,
  type Builder,
  COMMIT,
  DELEGATED,
  DISPATCHED,
  GENERATOR,
  GENERIC,
  GO,
  type Source,
  sha256Of,
  signedBy,
  statementOf,
  TAGGED,
} from './provenance-builds.ts';
import { type Run, type RunOptions, runCli, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const instance = createInstance({ now: new Date() });
const directory = scratch.path('stack');
const stack = await startStack({
  directory,
  log: createLog('error', (line) => process.stderr.write(line)),
  elsewhere: { urls: { fulcio: 'http://127.0.0.1:9' }, trustedRoot: utf8(JSON.stringify(instance.trustedRoot())) },
});
const older = await serve(olderLog(instance));
const http = createHttpClient();
afterAll(async () => {
  http.close();
  await Promise.all([older.close(), stack.close()]);
});

/** A log, and how what a builder left gets into it. */
interface Log {
  readonly log: string;
  readonly kind: 'dsse 0.0.1' | 'intoto 0.0.1';
  readonly url: string;
  readonly trustedRoot: string;
  record(text: string, build: Build): Promise<void>;
}

const STACK: Log = {
  log: 'a private Sigstore',
  kind: 'dsse 0.0.1',
  url: stack.endpoints.rekor ?? '',
  trustedRoot: join(directory, 'trusted_root.json'),
  async record(text, { file }) {
    const { payload, payloadType, signatures } = JSON.parse(text) as { payload: string; payloadType: string; signatures: [{ sig: string }] };
    const [signature, bytes] = [signatures[0].sig, payload].map((base64) => decodeBase64(base64) as Uint8Array) as [Uint8Array, Uint8Array];
    const content = { kind: 'dsse', payload: bytes, payloadType, signature, keyid: '', stored: utf8(text) } as const;
    await logToRekorV1({ content, verifierPem: file.pem }, { url: STACK.url, http }, { envelopeKind: 'dsse' });
  },
};
const OLDER: Log = {
  log: 'the log of those years',
  kind: 'intoto 0.0.1',
  url: older.url,
  trustedRoot: scratch.write('root.json', instance.trustedRoot()),
  async record(text, { file, artifacts }) {
    recordOlder(instance, text, file.pem, { ...file, kind: 'intoto', digest: sha256Of(readFileSync(artifacts[0] as string, 'utf8')) });
  },
};
const LOGS: readonly Log[] = [STACK, OLDER];
const FORMS = ['certified', 'bare'] as const;
type Form = (typeof FORMS)[number];

interface Build {
  readonly builder: Builder;
  readonly file: OlderFile;
  /** The signed statement. */
  readonly payload: string;
  readonly artifacts: readonly string[];
  readonly folder: string;
}

let count = 0;

/** Artifacts of their own, and the provenance of them; not on record anywhere. */
function build(builder: Builder = GENERIC, { source = TAGGED, names = ['app'] }: { source?: Source; names?: readonly string[] } = {}): Build {
  const folder = `build-${count++}`;
  const contents = Object.fromEntries(names.map((name) => [name, `${name} of ${folder}\n`]));
  const options = signedBy(builder, source, statementOf(builder, source, contents));
  // Before the logs are asked, since their clocks are right.
  const file = olderFile(instance, { ...options, signedAt: new Date(instance.now.getTime() - 60_000) });
  const artifacts = Object.entries(contents).map(([name, content]) => scratch.write(`${folder}/${name}`, content));
  return { builder, file, payload: Buffer.from(options.payload as Uint8Array).toString(), artifacts, folder };
}

/** The same, on record. */
async function recorded(log: Log, form: Form, ...made: Parameters<typeof build>): Promise<Build> {
  const one = build(...made);
  await log.record(one.file[form], one);
  return one;
}

interface Asked {
  /** The provenance file, when it is not as it was made. */
  readonly text?: string;
  readonly path?: string;
  readonly artifacts?: readonly string[];
  readonly url?: string;
  readonly flags?: readonly string[];
  readonly run?: RunOptions;
}

/** `assay slsa-verifier verify-artifact`, as of `example/app` at v1.4.2. */
async function verify(log: Log, form: Form, { file, artifacts, folder }: Build, asked: Asked = {}): Promise<Run> {
  const path = asked.path ?? scratch.write(`${folder}/${form}.intoto.jsonl`, asked.text ?? file[form]);
  const flags = asked.flags ?? ['--source-tag', 'v1.4.2'];
  const source = flags.includes('--source-uri') ? [] : ['--source-uri', 'github.com/example/app'];
  const where = flags.includes('--offline') ? [] : ['--rekor-url', asked.url ?? log.url];
  const argv = ['--provenance-path', path, ...source, ...flags, ...where, '--trusted-root', log.trustedRoot, ...(asked.artifacts ?? artifacts)];
  return scratch.relative(await runCli(['slsa-verifier', 'verify-artifact', ...argv], { network: 'open', now: new Date(), ...asked.run }));
}

const SEARCHED = 'No certificate provided, trying Redis search index to find entries by subject digest\n';
const PASSED = 'PASSED: Verified SLSA provenance\nPASSED: SLSA verification passed\n';
const FAILED = 'FAILED: SLSA verification failed: ';
const found = ({ kind }: Log): string =>
  `Verified signature against tlog entry index N at URL: ${kind === 'dsse 0.0.1' ? STACK.url : 'https://rekor.testkit.example'}/api/v1/log/entries/UUID\n`;
const accepted = (log: Log, form: Form, { builder, artifacts }: Build): string =>
  artifacts
    .map((path) => {
      const search = form === 'bare' ? SEARCHED : '';
      const [folder, name] = path.split('/').slice(-2);
      return `${search}${found(log)}Verified build using builder "${builder.id}" at commit ${COMMIT}\nVerifying artifact ${folder}/${name}: PASSED\n\n`;
    })
    .join('');
const steady = (text: string): string => text.replace(/index \d+ at URL: (\S+\/)[0-9a-f]{80}$/gm, 'index N at URL: $1UUID');
/** The last line without its beginning, and the code of the first failure. */
function refusal({ status, stdout, stderr }: Run): { status: number; stdout: string; says: string; code: string } {
  expect(stderr).not.toContain('PASSED: ');
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  expect(last).toMatch(new RegExp(`^${FAILED}`));
  return { status, stdout, says: last.slice(FAILED.length), code: /\[([A-Z_]+)\]$/m.exec(stderr)?.[1] ?? '' };
}
const refused = (code: string, says: unknown) => ({ status: 1, stdout: '', code, says });

describe.each(LOGS)('in $log ($kind)', (log) => {
  const cases = BUILDERS.flatMap((builder) => FORMS.map((form) => ({ builder, kind: builder.kind, form })));
  test.each(cases)('$kind, $form: accepted', async ({ builder, form }) => {
    const one = await recorded(log, form, builder);
    const run = await verify(log, form, one);
    expect({ ...run, stderr: steady(run.stderr) }).toEqual({ status: 0, stdout: '', stderr: `${accepted(log, form, one)}${PASSED}` });
  });

  test.each(FORMS)('two artifacts and one provenance, %s', async (form) => {
    const one = build(GENERIC, { names: ['app', 'app.sbom.json'] });
    await log.record(one.file[form], one);
    if (log === OLDER && form === 'bare') {
      // What the index of that log finds an entry by is given; a log reads it out of the statement.
      const other = sha256Of(readFileSync(one.artifacts[1] as string, 'utf8'));
      recordOlder(instance, one.file.bare, one.file.pem, { ...one.file, digest: other, at: new Date(one.file.signedAt.getTime() + 5000) });
    }
    const run = await verify(log, form, one);
    expect({ ...run, stderr: steady(run.stderr) }).toEqual({ status: 0, stdout: '', stderr: `${accepted(log, form, one)}${PASSED}` });
  });

  test.each(FORMS)('prints the statement byte for byte when asked to, %s', async (form) => {
    const one = await recorded(log, form);
    const run = await verify(log, form, one, { flags: ['--print-provenance'] });
    expect(run).toMatchObject({ status: 0, stdout: `${one.payload}\n` });
  });

  test.each(FORMS)('not on record: refused, %s', async (form) => {
    const says = form === 'certified' ? 'error searching rekor entries: no matching rekor entries' : 'error searching rekor entries: no matching entries found';
    expect(refusal(await verify(log, form, build()))).toEqual(refused('SLSA_LOG_NOT_FOUND', says));
  });

  test('another artifact: its entry holds, and it is no subject', async () => {
    const [one, other] = [await recorded(log, 'certified'), build()];
    const run = await verify(log, 'certified', one, { artifacts: other.artifacts });
    const hash = sha256Of(readFileSync(other.artifacts[0] as string, 'utf8'));
    expect(refusal(run)).toEqual(refused('SLSA_SUBJECT', `expected hash '${hash}' not found: artifact hash does not match provenance subject`));
    expect(steady(run.stderr).startsWith(found(log))).toBe(true);
  });

  test('another artifact: the index has nothing about it', async () => {
    const [one, other] = [await recorded(log, 'bare'), build()];
    const run = await verify(log, 'bare', one, { artifacts: other.artifacts });
    expect(refusal(run)).toEqual(refused('SLSA_LOG_NOT_FOUND', 'error searching rekor entries: no matching entries found'));
  });

  test('a line end more: nothing is found by the file, and the hint says why', async () => {
    const one = await recorded(log, 'certified');
    const run = await verify(log, 'certified', one, { text: `${one.file.certified}\n` });
    expect(refusal(run)).toEqual(refused('SLSA_LOG_NOT_FOUND', 'error searching rekor entries: no matching rekor entries'));
    expect(run.stderr).toContain('  try       the file ends in a line end, which generators do not write: fetch it again as it was published\n');
  });

  test('a changed statement', async () => {
    const one = await recorded(log, 'certified');
    const run = await verify(log, 'certified', one, { text: withOtherPayload(one.file.certified) });
    // A log that verifies what it is asked for says what is wrong with it.
    const reason = log === STACK ? /^error searching rekor entries: .*: server returned HTTP 400: .*signature/ : /no matching rekor entries$/;
    expect(refusal(run)).toEqual(refused(log === STACK ? 'NET_STATUS' : 'SLSA_LOG_NOT_FOUND', expect.stringMatching(reason)));
  });

  test('a changed statement, found by the artifact', async () => {
    const one = await recorded(log, 'bare');
    const run = await verify(log, 'bare', one, { text: withOtherPayload(one.file.bare) });
    expect(refusal(run)).toEqual(
      refused('SLSA_LOG_NOT_FOUND', expect.stringMatching(/^could not find a matching valid signature entry: got unexpected errors /)),
    );
  });

  describe.each(FORMS)('%s, kept', (form) => {
    test('it needs no network any more', async () => {
      const one = await recorded(log, form);
      const kept = scratch.path(`${one.folder}/kept.json`);
      const online = await verify(log, form, one, { flags: ['--save-bundle', kept] });
      expect(online).toMatchObject({ status: 0 });
      expect(online.stderr).toContain(`wrote ${one.folder}/kept.json: pass it as --provenance-path from now on\n`);
      const { mediaType } = JSON.parse(readFileSync(kept, 'utf8')) as { mediaType: string };
      const isBundle = log.kind === 'dsse 0.0.1';
      expect(mediaType).toBe(isBundle ? 'application/vnd.dev.sigstore.bundle.v0.3+json' : 'application/vnd.assay.logged-envelope.v1+json');

      const offline = await verify(log, form, one, { path: kept, flags: ['--offline', '--source-tag', 'v1.4.2'], run: { network: 'none' } });
      // A bundle has no line about the log.
      const told = accepted(log, 'certified', one).replace(isBundle ? found(log) : '', '');
      expect({ ...offline, stderr: steady(offline.stderr) }).toEqual({ status: 0, stdout: '', stderr: `${told}${PASSED}` });
      const wrong = await verify(log, form, one, { path: kept, flags: ['--offline', '--source-tag', 'v1.4.3'], run: { network: 'none' } });
      expect(refusal(wrong).code).toBe('SLSA_TAG');
      const changed = scratch.write(`${one.folder}/changed.json`, changedOnce(readFileSync(kept, 'utf8')));
      refusal(await verify(log, form, one, { path: changed, flags: ['--offline'], run: { network: 'none' } }));
    });

    test('not what does not hold', async () => {
      const one = await recorded(log, form);
      const kept = scratch.path(`${one.folder}/kept.json`);
      refusal(await verify(log, form, one, { flags: ['--source-tag', 'v2.0.0', '--save-bundle', kept] }));
      expect(existsSync(kept)).toBe(false);
    });
  });
});

function withOtherPayload(text: string): string {
  const envelope = JSON.parse(text) as { payload: string };
  const payload = Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace('v1.4.2', 'v1.4.3')).toString('base64');
  return JSON.stringify({ ...envelope, payload });
}

/** One digit of a digest in the envelope or of a proof: the first character behind the middle that can be another one. */
function changedOnce(text: string): string {
  const at = text.indexOf('A', text.length / 2);
  return `${text.slice(0, at)}B${text.slice(at + 1)}`;
}

describe('written anew, the file is found by the artifact still', () => {
  test.each([
    [STACK, 'accepted, since the entry names payload and signature', true],
    [OLDER, 'refused, since the entry commits to every byte', false],
  ] as const)('$kind: %s', async (log, _, holds) => {
    const one = await recorded(log, 'bare');
    const run = await verify(log, 'bare', one, { text: `${JSON.stringify(JSON.parse(one.file.bare), null, 2)}\n` });
    if (holds) expect(run).toMatchObject({ status: 0 });
    else expect(refusal(run).says).toBe('could not find a matching valid signature entry: got unexpected errors the entry is about another envelope');
  });
});

describe('what is on record, and is not what was demanded', () => {
  const WORKFLOWS = `${GENERATOR}/.github/workflows`;
  test.each<[string, { builder?: Builder; source?: Source; flags: readonly string[] }, string, string]>([
    [
      'another source',
      { flags: ['--source-uri', 'github.com/example/other'] },
      'SLSA_SOURCE',
      "source used to generate the binary does not match provenance: expected source 'example/other', got 'example/app'",
    ],
    [
      'a look-alike host',
      { flags: ['--source-uri', 'github.example/example/app'] },
      'SLSA_SOURCE',
      "expected source 'github.example/example/app', got 'example/app'",
    ],
    [
      'another tag',
      { flags: ['--source-tag', 'v1.4.3'] },
      'SLSA_TAG',
      "expected tag 'v1.4.3', got 'v1.4.2': tag used to generate the binary does not match provenance",
    ],
    ['another version', { flags: ['--source-versioned-tag', 'v1.5'] }, 'SLSA_TAG', "minor version expected '5', got '4'"],
    [
      'a branch, and it has the name of the tag',
      { flags: ['--source-branch', 'v1.4.2'] },
      'SLSA_BRANCH',
      "expected branch 'v1.4.2', got 'main': branch used to generate the binary does not match provenance",
    ],
    [
      'a tag of a build of a branch',
      { source: DISPATCHED, flags: ['--source-tag', 'main'] },
      'SLSA_REF',
      'verifying tag: invalid ref: "": unexpected ref type: ""',
    ],
    ['another branch', { source: DISPATCHED, flags: ['--source-branch', 'release'] }, 'SLSA_BRANCH', "expected branch 'release', got 'main'"],
    [
      'another input',
      { source: DISPATCHED, flags: ['--build-workflow-input', 'channel=stable'] },
      'SLSA_INPUT',
      "workflow input does not match: expected 'channel=stable', got 'channel=beta'",
    ],
    ['an input of a push', { flags: ['--build-workflow-input', 'channel=stable'] }, 'SLSA_TRIGGER', "expected 'workflow_dispatch' trigger, got push"],
    [
      'another builder',
      { flags: ['--builder-id', `${WORKFLOWS}/builder_go_slsa3.yml`] },
      'SLSA_BUILDER',
      'untrusted reusable workflow: builderID does not match provenance: expected name',
    ],
    [
      'another version of the builder',
      { flags: ['--builder-id', `${GENERIC.id.split('@')[0]}@v1.9.0`] },
      'SLSA_BUILDER',
      "expected version 'v1.9.0', got 'refs/tags/v2.0.0'",
    ],
    [
      'another builder behind the delegator',
      { builder: DELEGATED, flags: ['--builder-id', `${WORKFLOWS}/builder_maven_slsa3.yml`] },
      'SLSA_BUILDER',
      'builderID does not match provenance',
    ],
  ])('%s', async (_, { builder = GENERIC, source = TAGGED, flags }, code, says) => {
    const one = await recorded(STACK, 'certified', builder, { source });
    expect(refusal(await verify(STACK, 'certified', one, { flags }))).toEqual(refused(code, expect.stringContaining(says)));
  });

  test.each<[string, { builder?: Builder; source?: Source; flags: readonly string[] }]>([
    [
      'branch and inputs',
      { source: DISPATCHED, flags: ['--source-branch', 'main', '--build-workflow-input', 'channel=beta', '--build-workflow-input', 'release=true'] },
    ],
    ['the branch behind the tag', { flags: ['--source-branch', 'main'] }],
    ['a version', { flags: ['--source-versioned-tag', 'v1.4'] }],
    ['the builder behind the delegator', { builder: DELEGATED, flags: ['--builder-id', DELEGATED.id.replace('refs/tags/', '')] }],
  ])('but this is: %s', async (_, { builder = GENERIC, source = TAGGED, flags }) => {
    const one = await recorded(STACK, 'certified', builder, { source });
    const run = await verify(STACK, 'certified', one, { flags });
    expect(run, run.stderr).toMatchObject({ status: 0 });
  });
});

describe('a log that lies is not believed', () => {
  const lie = (fault: StubFault) => (of: Instance) => olderLog(of, { fault });
  const edited = (edit: (entry: { verification: Record<string, unknown> }) => void) => (of: Instance) => editing(olderLog(of), edit);
  const NO_INDEX = 'could not find a matching valid signature entry: got unexpected errors ';
  test.each<[string, (of: Instance) => Handler, { certified: [string, string]; bare: [string, string] }]>([
    ['is down', lie('status-500'), { certified: ['NET_STATUS', 'error searching rekor entries: '], bare: ['NET_STATUS', 'error searching rekor entries: '] }],
    [
      'answers half an answer',
      lie('malformed'),
      { certified: ['REKOR_RESPONSE', 'error searching rekor entries: '], bare: ['REKOR_RESPONSE', 'error searching rekor entries: '] },
    ],
    [
      'answers a page for people',
      lie('html'),
      { certified: ['REKOR_RESPONSE', 'error searching rekor entries: '], bare: ['REKOR_RESPONSE', 'error searching rekor entries: '] },
    ],
    [
      'answers with the entry of something else',
      lie('other-artifact'),
      { certified: ['TLOG_KIND', 'invalid Rekor entry: '], bare: ['SLSA_LOG_NOT_FOUND', `${NO_INDEX}the log answered with another entry`] },
    ],
    [
      'answers under another id',
      lie('other-id'),
      { certified: ['REKOR_ENTRY_MISMATCH', 'error verifying tlog entry: '], bare: ['SLSA_LOG_NOT_FOUND', `${NO_INDEX}the log answered with another entry`] },
    ],
    [
      'signs a promise that does not hold',
      lie('wrong-set'),
      { certified: ['TLOG_SET_INVALID', 'invalid Rekor entry: '], bare: ['SLSA_LOG_NOT_FOUND', `${NO_INDEX}the signed entry timestamp does not verify`] },
    ],
    [
      'proves another tree',
      lie('wrong-proof'),
      { certified: ['TLOG_INCLUSION_MISMATCH', 'invalid Rekor entry: '], bare: ['SLSA_LOG_NOT_FOUND', `${NO_INDEX}the proof for index`] },
    ],
    [
      'promises nothing',
      edited(({ verification }) => delete verification['signedEntryTimestamp']),
      {
        certified: ['REKOR_RESPONSE', 'error verifying tlog entry: the entry has no signed entry timestamp'],
        bare: ['SLSA_LOG_NOT_FOUND', `${NO_INDEX}the entry has no signed entry timestamp`],
      },
    ],
    [
      'proves nothing',
      edited(({ verification }) => delete verification['inclusionProof']),
      {
        certified: ['REKOR_RESPONSE', 'error verifying tlog entry: the entry has no inclusion proof'],
        bare: ['SLSA_LOG_NOT_FOUND', `${NO_INDEX}the entry has no inclusion proof`],
      },
    ],
  ])('%s', async (_, liar, expected) => {
    const server = await serve(liar(instance));
    onTestFinished(() => server.close());
    for (const form of FORMS) {
      const one = await recorded(OLDER, form);
      const [code, says] = expected[form];
      expect(refusal(await verify(OLDER, form, one, { url: server.url })), form).toEqual(refused(code, expect.stringContaining(says)));
    }
  });

  test.each(FORMS)('nor one of another instance, %s', async (form) => {
    const one = await recorded(OLDER, form);
    // Both instances know the authority that certified the builder; only one of them the log.
    const run = await verify({ ...OLDER, trustedRoot: STACK.trustedRoot }, form, one);
    const { code, says } = refusal(run);
    expect([code, says]).toEqual(
      form === 'certified'
        ? ['TLOG_UNKNOWN_LOG', expect.stringMatching(/^error retrieving Rekor public keys: /)]
        : ['SLSA_LOG_NOT_FOUND', expect.stringContaining(NO_INDEX)],
    );
  });

  test('nor one that says it was signed when the certificate had ended', async () => {
    const one = build();
    recordOlder(instance, one.file.certified, one.file.pem, { ...one.file, at: new Date(one.file.signedAt.getTime() + 660_000) });
    const run = await verify(OLDER, 'certified', one, { run: { now: new Date(Date.now() + 3_600_000) } });
    expect(refusal(run)).toEqual(refused('CERT_TIME', expect.stringMatching(/^invalid certificate: /)));
  });

  test('nothing is there', async () => {
    const run = await verify(OLDER, 'certified', build(), { url: 'http://127.0.0.1:9' });
    expect(refusal(run)).toEqual(refused('NET_UNREACHABLE', expect.stringMatching(/^error searching rekor entries: .*127\.0\.0\.1:9/)));
  });
});

function editing(handler: Handler, edit: (entry: { verification: Record<string, unknown> }) => void): Handler {
  return async (request) => {
    const response = await handler(request);
    if (request.url.endsWith('/index/retrieve')) return response;
    const answer = (await response.json()) as object;
    for (const named of [answer].flat()) for (const entry of Object.values(named)) edit(entry as { verification: Record<string, unknown> });
    return Response.json(answer);
  };
}

describe('several signatures', () => {
  const signatureIn = (text: string): object => (JSON.parse(text) as { signatures: [object] }).signatures[0];
  const withSignatures = (text: string, ...signatures: readonly object[]): string => JSON.stringify({ ...JSON.parse(text), signatures });

  test('whichever of them the log knows counts, though each has its certificate', async () => {
    const [one, other] = [build(), build(GO)];
    const text = withSignatures(one.file.certified, signatureIn(other.file.certified), signatureIn(one.file.certified));
    await OLDER.record(text, one);
    const run = await verify(OLDER, 'certified', one, { text });
    expect({ ...run, stderr: steady(run.stderr) }).toEqual({ status: 0, stdout: '', stderr: `${accepted(OLDER, 'bare', one)}${PASSED}` });
  });

  test('none of which is by who the log says has signed: refused', async () => {
    const [one, other] = [build(), build(GO)];
    const text = withSignatures(one.file.certified, signatureIn(other.file.certified), signatureIn(other.file.certified));
    await OLDER.record(text, one);
    expect(refusal(await verify(OLDER, 'certified', one, { text })).says).toMatch(/^could not find a matching valid signature entry: /);
  });

  test('of several entries about the artifact the one counts that is about this envelope', async () => {
    const one = build();
    const stranger = build(GO);
    recordOlder(instance, stranger.file.bare, stranger.file.pem, { ...stranger.file, digest: sha256Of(readFileSync(one.artifacts[0] as string, 'utf8')) });
    await OLDER.record(one.file.bare, one);
    expect(await verify(OLDER, 'bare', one)).toMatchObject({ status: 0 });
  });
});

describe('what is kept', () => {
  test('once for several artifacts', async () => {
    const one = await recorded(STACK, 'certified', GENERIC, { names: ['app', 'app.sbom.json'] });
    const kept = scratch.path(`${one.folder}/kept.json`);
    expect(await verify(STACK, 'certified', one, { flags: ['--save-bundle', kept] })).toMatchObject({ status: 0 });
    const offline = await verify(STACK, 'certified', one, { path: kept, flags: ['--offline'], run: { network: 'none' } });
    expect(offline.stderr).toContain('Verifying artifact build-');
    expect(offline).toMatchObject({ status: 0 });
  });

  test('over nothing that is there, and the log is not asked', async () => {
    const one = await recorded(STACK, 'certified');
    const kept = scratch.write(`${one.folder}/kept.json`, 'precious');
    const run = await verify(STACK, 'certified', one, { flags: ['--save-bundle', kept], run: { network: 'none' } });
    expect(run).toEqual({
      status: 1,
      stdout: '',
      stderr: `${FAILED}${one.folder}/kept.json: is there already; name another file for --save-bundle, or remove it\n`,
    });
    expect(readFileSync(kept, 'utf8')).toBe('precious');
  });

  test('in no folder that is not there', async () => {
    const one = await recorded(STACK, 'certified');
    const run = await verify(STACK, 'certified', one, { flags: ['--save-bundle', scratch.path('nofolder/kept.json')] });
    expect(run).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/FAILED: SLSA verification failed: nofolder\/kept\.json: cannot be written: ENOENT\n$/),
    });
  });

  test('nothing of what needs no log, and that is said', async () => {
    const one = await recorded(STACK, 'certified');
    const [kept, again] = ['kept.json', 'again.json'].map((name) => scratch.path(`${one.folder}/${name}`)) as [string, string];
    await verify(STACK, 'certified', one, { flags: ['--save-bundle', kept] });
    const run = await verify(STACK, 'certified', one, { path: kept, flags: ['--save-bundle', again], run: { network: 'none' } });
    expect(run).toMatchObject({ status: 0 });
    expect(run.stderr).toContain(`${one.folder}/again.json was not written: the provenance holds its log proof already, and needs no network\n`);
    expect(existsSync(again)).toBe(false);
  });

  const cosign = findTool('cosign', '3.1.3');
  if (cosign.path === '') console.warn('what is kept is not shown to the real cosign: no cosign 3.1.3 in ASSAY_TESTBED or on PATH');
  test('is a bundle that cosign takes, ours and the real one', async () => {
    const one = await recorded(STACK, 'certified');
    const kept = scratch.path(`${one.folder}/kept.json`);
    await verify(STACK, 'certified', one, { flags: ['--save-bundle', kept] });
    const signer = ['--certificate-identity', GENERIC.id, '--certificate-oidc-issuer', 'https://token.actions.githubusercontent.com'];
    const argv = [
      'verify-blob-attestation',
      '--type',
      'slsaprovenance',
      '--bundle',
      kept,
      '--trusted-root',
      STACK.trustedRoot,
      ...signer,
      one.artifacts[0] as string,
    ];
    expect(await runCosign(argv, { now: new Date() })).toMatchObject({ status: 0, stderr: 'Verified OK\n' });
    if (cosign.path !== '') expect(await runTool(cosign.path, argv, { home: scratch.folder })).toMatchObject({ status: 0, stderr: 'Verified OK\n' });
  });
});

describe('offline', () => {
  test.each<[Form, string]>([
    ['certified', 'the file holds no log entry'],
    ['bare', 'the file holds neither a log entry nor a certificate'],
  ])('%s: refused, and told how to keep the proof once', async (form, what) => {
    const one = await recorded(OLDER, form);
    for (const [flags, env] of [
      [['--offline'], {}],
      [[], { ASSAY_OFFLINE: '1' }],
    ] as const) {
      const run = await verify(OLDER, form, one, { flags, run: { network: 'none', env } });
      const says = `error searching rekor entries: ${what}, and the log was not asked; ask it once and keep the answer with --save-bundle FILE`;
      expect(refusal(run)).toEqual(refused('SLSA_LOG_MISSING', says));
      expect(run.stderr).toContain('  try       run this once with network and --save-bundle FILE; from then on verify with FILE in place of the envelope\n');
    }
  });

  test('the entry that is missing is named as the log names it', async () => {
    const one = await recorded(OLDER, 'certified');
    const online = await verify(OLDER, 'certified', one);
    const [leafHash = ''] = /(?<=entries\/[0-9a-f]{16})[0-9a-f]{64}$/m.exec(online.stderr) ?? [];
    const offline = await verify(OLDER, 'certified', one, { flags: ['--offline'], run: { network: 'none' } });
    expect(leafHash).not.toBe('');
    expect(offline.stderr).toContain(`intoto 0.0.1 with leaf hash ${leafHash}`);
  });

  test('--explain tells what else is wrong', async () => {
    const one = build();
    const run = await verify(OLDER, 'certified', one, {
      flags: ['--offline', '--explain', '--source-tag', 'v9.9.9', '--source-uri', 'github.com/example/App'],
      run: { network: 'none' },
    });
    const codes = [...run.stderr.matchAll(/^ +✘ .*\[([A-Z_]+)\]$/gm)].map(([, code]) => code);
    expect(codes).toEqual(['SLSA_LOG_MISSING', 'SLSA_SOURCE', 'SLSA_SOURCE', 'SLSA_SOURCE', 'SLSA_TAG']);
    expect(run.stderr).toContain('they differ in upper and lower case only');
    expect(refusal(run).says).toMatch(/^error searching rekor entries: /);
  });
});

describe('several artifacts', () => {
  test('the log is asked once for what was signed', async () => {
    const log = olderLog(instance);
    const asked: string[] = [];
    const server = await serve((request) => {
      asked.push(new URL(request.url).pathname);
      return log(request);
    });
    onTestFinished(() => server.close());
    const one = await recorded(OLDER, 'certified', GENERIC, { names: ['app', 'app.sbom.json'] });
    const run = await verify(OLDER, 'certified', one, { url: server.url });
    expect({ ...run, stderr: steady(run.stderr) }).toEqual({ status: 0, stdout: '', stderr: `${accepted(OLDER, 'certified', one)}${PASSED}` });
    expect(asked).toEqual(['/api/v1/log/entries/retrieve']);
  });

  test('the first that is refused ends it', async () => {
    const one = await recorded(STACK, 'certified', GENERIC, { names: ['app', 'app.sbom.json'] });
    const [app = '', sbom = ''] = one.artifacts;
    const other = scratch.write(`${one.folder}/other`, 'something else');
    const run = await verify(STACK, 'certified', one, { artifacts: [app, other, sbom] });
    expect(refusal(run).code).toBe('SLSA_SUBJECT');
    const told = [...run.stderr.matchAll(/^Verifying artifact \S+\/(\S+): (PASSED|FAILED)/gm)].map(([, name, end]) => `${name} ${end}`);
    expect(told).toEqual(['app PASSED', 'other FAILED']);
  });

  test('of two builders: refused, should the file be another one by then', async () => {
    const [one, other] = [await recorded(STACK, 'certified'), await recorded(STACK, 'certified', GO)];
    const path = scratch.write(`${one.folder}/swapped.intoto.jsonl`, one.file.certified);
    const swap = (text: string) => {
      if (text.endsWith('PASSED\n\n')) writeFileSync(path, other.file.certified);
    };
    const run = await verify(STACK, 'certified', one, { path, artifacts: [...one.artifacts, ...other.artifacts], run: { onOutput: swap } });
    const says = `encountered different builderIDs ${GENERIC.id} ${GO.id}`;
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(
      new RegExp(`^Verifying artifact ${other.folder}/${basename(other.artifacts[0] as string)}: FAILED: ${says.replaceAll('.', '\\.')}$`, 'm'),
    );
    expect(run.stderr.endsWith(`${FAILED}${says}\n`)).toBe(true);
  });
});
