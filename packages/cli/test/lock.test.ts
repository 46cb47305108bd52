/** `assay lock` and `assay verify --lock`: who signed the first time, what agrees with that later, and how each difference is told. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { utf8 } from '@assay/core';
import { generateKey } from '@assay/make';
import { OCI_INDEX, OCI_MANIFEST, putBundle, putImage, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeGithub, fakeGithub } from '../../slsa/test/github-api.ts';
import { CONTENT, type Made, OWN, openBuildScene } from './build-scene.ts';
import { type Builder, DELEGATED, DISPATCHED, GENERIC, type Statement, sha256Of, signedBy, statementOf, TAGGED } from './provenance-builds.ts';
import type { Run } from './run-cli.ts';

const scene = openBuildScene();
const { scratch, instance } = scene;
const NEXT_TAG = 'refs/tags/v1.5.0';
/** The same workflow at its next release. */
const NEXT: Made = {
  builder: { ...OWN, signer: OWN.signer.replace(TAGGED.ref, NEXT_TAG), id: OWN.id.replace(TAGGED.ref, NEXT_TAG) },
  source: { ...TAGGED, ref: NEXT_TAG, payload: { ref: NEXT_TAG } },
};
const ON_BRANCH: Made = {
  builder: { ...OWN, signer: OWN.signer.replace(TAGGED.ref, 'refs/heads/main'), id: OWN.id.replace(TAGGED.ref, 'refs/heads/main') },
  source: { ...DISPATCHED, event: 'push', payload: { ref: 'refs/heads/main' } },
};
const FORK: Made = {
  builder: { ...OWN, signer: OWN.signer.replace('example/', 'fork/'), id: OWN.id.replace('example/', 'fork/') },
  source: { ...TAGGED, repository: 'fork/app' },
};

let count = 0;
/** Where a lock is, or will be: each test has its own. */
function lockFile(content?: object | string): string {
  count += 1;
  const path = scratch.path(`lock${count}/assay.lock`);
  mkdirSync(dirname(path), { recursive: true });
  if (content !== undefined) writeFileSync(path, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
  return path;
}

/** A file with these pieces of evidence beside it, in one document. */
function fileWith(...evidence: readonly Uint8Array[]): string {
  const file = scene.file();
  if (evidence.length > 0) writeFileSync(`${file}.sigstore.jsonl`, evidence.map((one) => new TextDecoder().decode(one)).join('\n'));
  return file;
}

const provenance = (made: Made = {}): Uint8Array => scene.sign({ builder: OWN, ...made }).bundleBytes;
const signature = ({ builder = OWN, source = TAGGED }: Made = {}): Uint8Array =>
  instance.sign(utf8(CONTENT), { ...signedBy(builder, source, {}), content: 'message' }).bundleBytes;
/** An SBOM of the file, by the workflow. */
function sbom({ builder = OWN, source = TAGGED }: Made = {}): Uint8Array {
  const statement: Statement = {
    ...statementOf(builder, source, { app: CONTENT }),
    predicateType: 'https://cyclonedx.org/bom',
    predicate: { bomFormat: 'CycloneDX' },
  };
  return instance.sign(utf8(CONTENT), signedBy(builder, source, statement)).bundleBytes;
}

const offline = (command: readonly string[], thing: string, lock: string, flags: readonly string[], now?: Date): Promise<Run> =>
  scene.assay([...command, thing, '--lock', lock, '--offline', ...flags], now && { now });
const add = (thing: string, lock: string, flags: readonly string[] = []): Promise<Run> => offline(['lock', 'add'], thing, lock, flags);
const check = (thing: string, lock: string, flags: readonly string[] = [], now?: Date): Promise<Run> => offline(['lock', 'check'], thing, lock, flags, now);
const verify = (thing: string, lock: string, flags: readonly string[] = []): Promise<Run> => offline(['verify'], thing, lock, flags);

const WORKFLOW = 'https://github.com/example/app/.github/workflows/release.yml';
const ENTRY = {
  issuer: 'https://token.actions.githubusercontent.com',
  identity: `${WORKFLOW}@refs/tags/*`,
  source: 'https://github.com/example/app',
  ref: 'refs/tags/*',
  builder: `${WORKFLOW}@refs/tags/*`,
  evidence: 'build-l2',
};
const GENERIC_ENTRY = { identity: GENERIC.id.replace('v2.0.0', '*'), builder: GENERIC.id.replace('v2.0.0', '*'), evidence: 'build-l3' };
const locked = (entry: object = {}, exceptions?: readonly object[]): string =>
  lockFile({ version: 1, artifacts: { app: { ...ENTRY, ...entry } }, ...(exceptions && { exceptions }) });

describe('the first time', () => {
  test('who signed is kept, the diff is printed, and a person is told to look', async () => {
    const lock = lockFile();
    const run = await add(fileWith(provenance(), sbom()), lock);
    expect(run).toMatchObject({ status: 0 });
    expect(readFileSync(lock, 'utf8')).toBe(`{
  "version": 1,
  "artifacts": {
    "app": {
      "issuer": "https://token.actions.githubusercontent.com",
      "identity": "${WORKFLOW}@refs/tags/*",
      "source": "https://github.com/example/app",
      "ref": "refs/tags/*",
      "builder": "${WORKFLOW}@refs/tags/*",
      "evidence": "build-l2",
      "sbom": true,
      "firstSeen": {
        "reference": "app",
        "digest": "sha256:${sha256Of(CONTENT)}",
        "identity": "${OWN.id}"
      }
    }
  }
}
`);
    const added = run.stdout.split('\n').filter((line) => /^\+(?!\+\+)/.test(line));
    expect(`${added.map((line) => line.slice(1)).join('\n')}\n`).toBe(readFileSync(lock, 'utf8'));
    expect(run.stderr).toMatch(/^first seen: app: signed by .*@refs\/tags\/v1\.4\.2 \(.*evidence build-l2; .* review the diff before you commit it$/m);
  });

  test.each<[string, readonly Uint8Array[], object]>([
    ['a signature of a workflow, which says nothing of the build', [signature()], { evidence: 'recorded', source: ENTRY.source }],
    ['a builder of the SLSA project', [provenance({ builder: GENERIC })], { evidence: 'build-l3', builder: GENERIC.id.replace('v2.0.0', '*') }],
    ['the tool that a delegator signs for', [provenance({ builder: DELEGATED })], { evidence: 'build-l3', builder: DELEGATED.id.replace('v2.0.0', '*') }],
    [
      'a builder of somebody else, by its name',
      [provenance({ builder: elsewhere('refs/tags/v3') })],
      { evidence: 'build-l2', builder: 'https://github.com/shared/ci/.github/workflows/build.yml@refs/tags/*' },
    ],
    [
      'and at its commit, which is another one each time',
      [provenance({ builder: elsewhere('c'.repeat(40)) })],
      { builder: `https://github.com/shared/ci/.github/workflows/build.yml@${'c'.repeat(40)}` },
    ],
    [
      'the stronger of two by one commit',
      [signature(), provenance({ builder: GENERIC })],
      { evidence: 'build-l3', identity: GENERIC.id.replace('v2.0.0', '*') },
    ],
    ['provenance of a person, which no platform has vouched for', [personal()], { identity: 'alice@example.org', evidence: 'recorded' }],
    ['a branch as it is', [provenance(ON_BRANCH)], { identity: `${WORKFLOW}@refs/heads/main`, builder: `${WORKFLOW}@refs/heads/main` }],
  ])('%s', async (_, evidence, entry) => {
    const lock = lockFile();
    const file = fileWith(...evidence);
    expect((await add(file, lock)).stderr).toContain('first seen: app');
    expect(JSON.parse(readFileSync(lock, 'utf8')).artifacts.app).toMatchObject(entry);
    expect((await check(file, lock)).status).toBe(0);
  });

  function personal(): Uint8Array {
    const payload = utf8(JSON.stringify(statementOf(OWN, TAGGED, { app: CONTENT })));
    return instance.sign(utf8(CONTENT), {
      content: 'dsse',
      payload,
      identity: { type: 'email', value: 'alice@example.org' },
      oidcIssuer: 'https://login.example',
    }).bundleBytes;
  }

  function elsewhere(ref: string): Builder {
    const signer = `shared/ci/.github/workflows/build.yml@${ref}`;
    return { ...OWN, signer, id: `https://github.com/${signer}` };
  }

  test('a person, of whom nothing is known but the address', async () => {
    const lock = lockFile();
    const by = (address: string) =>
      fileWith(instance.sign(utf8(CONTENT), { identity: { type: 'email', value: address }, oidcIssuer: 'https://login.example' }).bundleBytes);
    expect((await add(by('alice@example.org'), lock)).status).toBe(0);
    const { firstSeen: _, ...entry } = JSON.parse(readFileSync(lock, 'utf8')).artifacts.app;
    expect(entry).toEqual({ issuer: 'https://login.example', identity: 'alice@example.org', evidence: 'recorded' });
    expect((await check(by('alice@example.org'), lock)).status).toBe(0);
    expect((await check(by('bob@example.org'), lock)).stdout).toContain('[LOCK_SIGNER]');
    expect((await check(by('Alice@example.org'), lock)).stdout).toContain('they differ in upper and lower case only');
  });

  test('two who have nothing to do with each other are told apart by a person', async () => {
    const lock = lockFile();
    const file = fileWith(provenance(), provenance(FORK));
    const run = await add(file, lock);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('[LOCK_AMBIGUOUS]');
    expect(run.stderr).toContain('fork/app');
    expect(existsSync(lock)).toBe(false);
    const said = await add(file, lock, ['--source', 'github.com/example/app']);
    expect(said).toMatchObject({ status: 0 });
    expect(said.stderr).toMatch(/^added: app: signed by/);
    expect(JSON.parse(readFileSync(lock, 'utf8')).artifacts.app.source).toBe(ENTRY.source);
  });

  test.each<[string, readonly Uint8Array[], string]>([
    ['no evidence', [], 'EVIDENCE_NOT_FOUND'],
    ['evidence of another file', [provenance({ artifacts: { app: 'another' } })], 'SLSA_SUBJECT'],
    ['a build of a pull request', [provenance({ source: { ...TAGGED, event: 'pull_request' } })], 'SLSA_TRIGGER'],
    [
      'provenance that says something else than the certificate',
      [provenance({ edit: (one) => JSON.parse(JSON.stringify(one).replaceAll('v1.4.2', 'v1.4.1')) as object })],
      'SLSA_DISAGREEMENT',
    ],
  ])('%s is not kept', async (_, evidence, code) => {
    const lock = lockFile();
    const run = await add(fileWith(...evidence), lock);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain(`[${code}]`);
    expect(existsSync(lock)).toBe(false);
  });

  test('demands are met, or nothing is kept', async () => {
    const lock = lockFile();
    const file = fileWith(provenance(), sbom());
    for (const demand of [
      ['--source', 'github.com/example/other'],
      ['--identity', 'alice@example.org', '--issuer', ENTRY.issuer],
    ]) {
      expect(await add(file, lock, demand)).toMatchObject({ status: 1, stdout: '' });
    }
    expect(await add(fileWith(sbom()), lock, ['--source', 'github.com/example/app'])).toMatchObject({ status: 1, stdout: '' });
    expect(existsSync(lock)).toBe(false);
    const policy = scratch.write('policy.yaml', POLICY.replace('OWNER', 'other'));
    const refused = await add(file, lock, ['--policy', policy]);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(existsSync(lock)).toBe(false);
    const right = scratch.write('policy.yaml', POLICY.replace('OWNER', 'example'));
    expect(await add(file, lock, ['--policy', right])).toMatchObject({ status: 0, stderr: expect.stringMatching(/^added: app/) });
  });

  const POLICY = `apiVersion: assay.dev/v1alpha1
kind: ImagePolicy
metadata: { name: app }
spec:
  signers: [{ github: OWNER/app, workflow: release.yml }]
  attestations: [{ type: slsaprovenance1 }]
`;

  test('several at once: all or none', async () => {
    const lock = lockFile();
    const [one, other] = [fileWith(provenance()), scratch.write('unsigned', 'x')];
    const run = await scene.assay(['lock', 'add', one, other, '--lock', lock, '--offline']);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(existsSync(lock)).toBe(false);
  });

  test('a name with a version in it is told of', async () => {
    const lock = lockFile();
    const file = scratch.write('app-1.4.2.tar.gz', CONTENT);
    writeFileSync(`${file}.sigstore.json`, provenance());
    expect((await add(file, lock)).stderr).toContain('write a * for it in the lock');
    writeFileSync(lock, readFileSync(lock, 'utf8').replace('"app-1.4.2.tar.gz": {', '"app-*.tar.gz": {'));
    const next = scratch.write('app-1.5.0.tar.gz', CONTENT);
    writeFileSync(`${next}.sigstore.json`, provenance(NEXT));
    expect(await add(next, lock)).toMatchObject({ status: 0, stdout: '', stderr: expect.stringContaining('nothing changes') });
    expect((await check(scratch.write('other-1.5.0.tar.gz', CONTENT), lock)).stdout).toContain('[LOCK_UNKNOWN]');
  });
});

describe('later', () => {
  test('the same workflow at its next tag agrees, and nothing is written', async () => {
    const lock = lockFile();
    await add(fileWith(provenance()), lock);
    const before = readFileSync(lock);
    const { mtimeMs } = lstatSync(lock);
    const next = fileWith(provenance(NEXT));
    expect(await add(next, lock)).toMatchObject({ status: 0, stdout: '' });
    expect(await add(next, lock, ['--update'])).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(lock)).toEqual(before);
    expect(lstatSync(lock).mtimeMs).toBe(mtimeMs);
    const run = await verify(next, lock);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('✔ signed by whom the lock has, with no less evidence');
    expect(run.stdout).toContain('supports   SLSA Build level 2');
    expect(run.stdout).not.toContain('warning');
    expect(await check(next, lock)).toEqual(run);
  });

  test.each<[string, object, readonly Uint8Array[], string, string, string]>([
    ['a fork', {}, [provenance(FORK)], 'lock.signer', 'LOCK_SIGNER', 'in another repository (a fork?)'],
    [
      'a branch, where a tag was locked',
      {},
      [provenance(ON_BRANCH)],
      'lock.signer',
      'LOCK_SIGNER',
      'the workflow matches; the branch main was found, any tag was locked',
    ],
    ['another workflow', {}, [provenance({ builder: GENERIC })], 'lock.signer', 'LOCK_SIGNER', 'a'],
    ['another issuer', { issuer: 'https://issuer.example' }, [provenance()], 'lock.issuer', 'LOCK_ISSUER', 'a'],
    ['another repository, through the same builder', { source: 'https://github.com/example/other' }, [provenance()], 'lock.source', 'LOCK_SOURCE', 'a'],
    ['a branch, through the builder of somebody else', GENERIC_ENTRY, [provenance({ builder: GENERIC, source: DISPATCHED })], 'lock.ref', 'LOCK_SOURCE', 'a'],
    [
      'another builder',
      { builder: `${WORKFLOW.replace('release', 'build')}@refs/tags/*` },
      [provenance()],
      'lock.builder',
      'LOCK_BUILDER',
      'the repository matches',
    ],
    ['a signature, where provenance was locked', {}, [signature()], 'lock.level', 'LOCK_WEAKER', 'a'],
    ['a lower level', { evidence: 'build-l3' }, [provenance()], 'lock.level', 'LOCK_WEAKER', 'a'],
    ['no SBOM', { sbom: true }, [provenance()], 'lock.sbom', 'LOCK_WEAKER', 'a'],
    ['an SBOM of somebody else', { sbom: true }, [provenance(), sbom(FORK)], 'lock.sbom', 'LOCK_WEAKER', 'a'],
  ])('%s is refused', async (_, entry, evidence, id, code, hint) => {
    const lock = locked(entry);
    const before = readFileSync(lock);
    const file = fileWith(...evidence);
    const run = await verify(file, lock);
    expect(run).toMatchObject({ status: 1, stderr: '' });
    expect(run.stdout).toContain(`[${code}]`);
    const json = await verify(file, lock, ['--output', 'json']);
    const failed = leaves(JSON.parse(json.stdout).root).find((leaf) => leaf.id === id);
    expect(failed).toMatchObject({ status: 'fail', code, expected: expect.any(String), found: expect.any(String) });
    if (hint !== 'a') expect(failed?.hint).toContain(hint);
    const added = await add(file, lock);
    expect(added).toMatchObject({ status: 1, stdout: '' });
    expect(added.stderr).toContain(`[${code}]`);
    expect(readFileSync(lock)).toEqual(before);
  });

  test('--update writes what differs, and prints it', async () => {
    const lock = locked();
    const run = await add(fileWith(provenance(FORK)), lock, ['--update']);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('-      "source": "https://github.com/example/app",\n');
    expect(run.stdout).toContain('+      "source": "https://github.com/fork/app",\n');
    expect(run.stderr).toMatch(/^changed: app: /);
    expect((await check(fileWith(provenance()), lock)).status).toBe(1);
  });

  test('more evidence agrees, and --update keeps it', async () => {
    const lock = locked({ evidence: 'recorded', builder: undefined });
    const file = fileWith(signature(), provenance());
    expect((await check(file, lock, ['--full'])).stdout).toContain('to hold later ones to it: assay lock add --update');
    expect(await add(file, lock)).toMatchObject({ status: 0, stdout: '' });
    expect((await add(file, lock, ['--update'])).stdout).toContain('+      "evidence": "build-l2",');
    expect((await check(fileWith(signature()), lock)).status).toBe(1);
  });

  test('evidence of others beside it changes nothing', async () => {
    const lock = locked({ sbom: true });
    expect((await check(fileWith(provenance(FORK), sbom(FORK), provenance(), sbom()), lock)).status).toBe(0);
    expect(await add(fileWith(provenance(FORK), provenance(), sbom()), lock, ['--update'])).toMatchObject({ status: 0, stdout: '' });
  });

  test('demands hold besides', async () => {
    const lock = locked();
    const file = fileWith(provenance());
    expect((await verify(file, lock, ['--source', 'github.com/example/app', '--tag', 'v1.4.2'])).status).toBe(0);
    const wrong = await verify(file, lock, ['--source', 'github.com/example/app', '--tag', 'v1.4.3']);
    expect(wrong.stdout).toContain('[SLSA_TAG]');
    const identity = ['--issuer', ENTRY.issuer, '--identity'];
    expect((await verify(file, lock, [...identity, OWN.id])).status).toBe(0);
    expect((await verify(file, lock, [...identity, `${OWN.id}0`])).stdout).toContain('[IDENTITY_MISMATCH]');
  });

  test('an SBOM is no signature, though the same workflow has attested it', async () => {
    const run = await verify(fileWith(sbom()), locked({ evidence: 'recorded', builder: undefined }));
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('what is stated of an artifact is no signature of it  [LOCK_WEAKER]');
    const lock = lockFile();
    expect((await add(fileWith(sbom()), lock)).stderr).toContain('[LOCK_WEAKER]');
    expect(existsSync(lock)).toBe(false);
  });
});

/** Every check without children. */
function leaves(check: { id: string; checks?: never[] } & Record<string, unknown>): ({ id: string } & Record<string, unknown>)[] {
  return check.checks === undefined ? [check] : check.checks.flatMap(leaves);
}

describe('an exception', () => {
  const exception = { artifact: 'app', until: '2026-12-31', reason: 'the builder is down', allows: { evidence: 'recorded' } };

  test('lets less pass, and is told with its reason', async () => {
    const run = await check(fileWith(signature()), locked({}, [exception]));
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('warning: an exception until 2026-12-31 allows it: evidence recorded (the builder is down)');
  });

  test.each<[string, object, string]>([
    ['that has expired', { until: '2026-01-31' }, 'expired on 2026-01-31'],
    ['of another digest', { digest: `sha256:${'0'.repeat(64)}` }, 'LOCK_WEAKER'],
    ['of another version', { version: '1.2.3' }, 'LOCK_WEAKER'],
    ['of something else', { allows: { issuer: 'https://issuer.example' } }, 'LOCK_WEAKER'],
  ])('%s does not', async (_, change, text) => {
    const run = await check(fileWith(signature()), locked({}, [{ ...exception, ...change }]));
    expect(run.status).toBe(1);
    expect(run.stdout).toContain(text);
  });

  test('counts until its last day has ended, in UTC', async () => {
    const lock = locked({}, [exception]);
    const file = fileWith(signature());
    expect((await check(file, lock, [], new Date('2026-12-31T23:59:59Z'))).status).toBe(0);
    expect((await check(file, lock, [], new Date('2027-01-01T00:00:00Z'))).status).toBe(1);
  });

  test('of this digest, of no SBOM, of another signer', async () => {
    const digest = `sha256:${sha256Of(CONTENT)}`;
    expect((await check(fileWith(signature()), locked({}, [{ ...exception, digest }]))).status).toBe(0);
    expect((await check(fileWith(provenance()), locked({ sbom: true }, [{ ...exception, allows: { sbom: false } }]))).status).toBe(0);
    const fork = 'https://github.com/fork/app';
    const name = `${fork}/.github/workflows/release.yml@refs/tags/*`;
    const other = locked({}, [{ ...exception, allows: { identity: name, builder: name, source: fork } }]);
    expect((await check(fileWith(provenance(FORK)), other)).status).toBe(0);
    expect((await check(fileWith(provenance()), other)).status).toBe(0);
    expect((await check(fileWith(provenance(FORK)), locked({}, [{ ...exception, allows: { identity: name } }]))).stdout).toContain('[LOCK_SIGNER]');
  });
});

describe('a key', () => {
  const key = generateKey('p256');
  const pub = scratch.write('lock.pub', key.publicPem);
  const other = scratch.write('other.pub', generateKey('p256').publicPem);
  const signed = (): Uint8Array => instance.sign(utf8(CONTENT), { key, content: 'message' }).bundleBytes;
  const stated = (): Uint8Array =>
    instance.sign(utf8(CONTENT), { key, content: 'dsse', payload: utf8(JSON.stringify(statementOf(GENERIC, TAGGED, { app: CONTENT }))) }).bundleBytes;

  test('is kept by its fingerprint, and needed to verify', async () => {
    const lock = lockFile();
    const file = fileWith(signed());
    expect((await add(file, lock)).status).toBe(1);
    expect((await add(file, lock, ['--key', pub])).status).toBe(0);
    expect(JSON.parse(readFileSync(lock, 'utf8')).artifacts.app).toMatchObject({ key: expect.stringMatching(/^sha256:[\da-f]{64}$/), evidence: 'recorded' });
    expect((await check(file, lock, ['--key', pub])).status).toBe(0);
    expect(await check(file, lock)).toMatchObject({ status: 2, stderr: expect.stringContaining('add --key FILE') });
    expect((await check(file, lock, ['--key', other])).status).toBe(1);
    expect((await check(fileWith(provenance()), lock, ['--key', pub])).status).toBe(1);
  });

  test('says how a thing was built, at its own word', async () => {
    const lock = lockFile();
    const file = fileWith(stated());
    expect((await add(file, lock, ['--key', pub])).status).toBe(0);
    expect(JSON.parse(readFileSync(lock, 'utf8')).artifacts.app).toMatchObject({ evidence: 'build-l1', source: ENTRY.source });
    expect((await check(fileWith(signed()), lock, ['--key', pub])).stdout).toContain('[LOCK_SOURCE]');
  });

  test('without a log is the least evidence', async () => {
    const lock = lockFile();
    const bundle = { ...instance.sign(utf8(CONTENT), { key, content: 'message' }).bundle };
    const unlogged = { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries: [] } };
    const file = fileWith(utf8(JSON.stringify(unlogged)));
    const flags = ['--key', pub, '--log-threshold', '0'];
    expect((await add(file, lock, flags)).status).toBe(0);
    expect(JSON.parse(readFileSync(lock, 'utf8')).artifacts.app.evidence).toBe('signed');
    expect((await check(fileWith(signed()), lock, [...flags, '--trusted-root', scene.root])).status).toBe(0);
    writeFileSync(lock, readFileSync(lock, 'utf8').replace('"signed"', '"recorded"'));
    expect((await check(file, lock, flags)).stdout).toContain('[LOCK_WEAKER]');
  });

  test('where an identity was locked is another signer', async () => {
    const run = await check(fileWith(signed()), locked({ evidence: 'recorded', builder: undefined, source: undefined, ref: undefined }), ['--key', pub]);
    expect(run.stdout).toContain('it was signed in another way than the lock has');
  });
});

describe('images', () => {
  let registry: TestRegistry;
  let github: FakeGithub;
  beforeAll(async () => {
    [registry, github] = await Promise.all([serveRegistry(), fakeGithub()]);
  });
  afterAll(() => Promise.all([registry.close(), github.close()]));

  let images = 0;
  /** Another version of the same image, unless `repository` is another. */
  function image(tag: string, made: readonly ((digest: string) => Uint8Array)[], repository = 'app'): string {
    images += 1;
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8(`image ${images}`) };
    const { digest } = putImage(registry.content, repository, { tag, layers: [layer] });
    for (const one of made) putBundle(registry.content, repository, { mediaType: OCI_MANIFEST, digest: digest as `sha256:${string}`, size: 1 }, one(digest));
    return `${registry.host}/${repository}:${tag}`;
  }
  const about = (digest: string, statement: Statement): Statement => ({
    ...statement,
    subject: [{ name: '', digest: { sha256: digest.slice('sha256:'.length) } }],
  });
  const built =
    ({ builder = OWN, source = TAGGED }: Made = {}) =>
    (digest: string): Uint8Array =>
      instance.sign(utf8(''), signedBy(builder, source, about(digest, statementOf(builder, source, {})))).bundleBytes;
  const described =
    ({ builder = OWN, source = TAGGED }: Made = {}) =>
    (digest: string): Uint8Array => {
      const statement = { ...statementOf(builder, source, {}), predicateType: 'https://spdx.dev/Document/v2.3', predicate: { spdxVersion: 'SPDX-2.3' } };
      return instance.sign(utf8(''), signedBy(builder, source, about(digest, statement))).bundleBytes;
    };
  const online = (...argv: readonly string[]): Promise<Run> => scene.assay(argv, { network: 'open', env: { ASSAY_GITHUB_API: github.url } });

  test('are known by their repository, whatever the tag', async () => {
    const lock = lockFile();
    const first = image('1.4.2', [described(), built()]);
    const run = await online('lock', 'add', first, '--lock', lock);
    expect(run).toMatchObject({ status: 0 });
    const { artifacts } = JSON.parse(readFileSync(lock, 'utf8'));
    const name = `${registry.host}/app`;
    expect(artifacts[name]).toMatchObject({ ...ENTRY, sbom: true, firstSeen: { reference: first, digest: expect.stringMatching(/^sha256:/) } });

    const next = image('1.5.0', [built(NEXT), described(NEXT)]);
    const agreed = await online('verify', next, '--lock', lock, '--print-ref');
    expect(agreed).toMatchObject({ status: 0, stderr: '' });
    expect(agreed.stdout).toMatch(new RegExp(`^${name}@sha256:[0-9a-f]{64}\n$`));
    expect((await online('lock', 'check', next, '--lock', lock)).stdout).toContain('✔ signed by whom the lock has');

    const bare = image('1.6.0', [built(NEXT)]);
    expect((await online('lock', 'check', bare, '--lock', lock)).stdout).toContain('the lock has an attested SBOM, and there is none by this signer');
    const foreign = image('1.7.0', [built(FORK), described(FORK)]);
    expect(await online('lock', 'check', foreign, '--lock', lock, '--print-ref')).toMatchObject({ status: 1, stdout: '' });
    const exception = { artifact: name, version: '1.6.0', allows: { sbom: false }, until: '2026-12-31', reason: 'x' };
    writeFileSync(lock, JSON.stringify({ version: 1, artifacts, exceptions: [exception] }));
    expect((await online('lock', 'check', bare, '--lock', lock)).status).toBe(0);
    expect((await online('lock', 'check', image('1.6.1', [built(NEXT)]), '--lock', lock)).status).toBe(1);
  });

  test('that are not in the lock are refused, without asking any registry', async () => {
    const run = await scene.assay(['verify', 'registry.example/other:1', '--lock', locked()]);
    expect(run).toMatchObject({ status: 1, stderr: '' });
    expect(run.stdout).toContain('[LOCK_UNKNOWN]');
    expect(run.stdout).toContain('assay lock add registry.example/other:1');
  });

  test('have evidence at the forge of the source that is locked, which is asked when the registry has none', async () => {
    const lock = lockFile();
    github.requests.length = 0;
    expect((await online('lock', 'add', image('1', [built(), described()], 'forge'), '--lock', lock)).status).toBe(0);
    expect(github.requests).toEqual([]);
    const bare = image('2', [], 'forge');
    const [digest = ''] = /sha256:[0-9a-f]{64}/.exec((await online('crane', 'digest', bare)).stdout) ?? [];
    expect((await online('lock', 'check', bare, '--lock', lock)).stdout).toContain('attestations of github.com/example/app: none');
    github.answer = () =>
      Response.json({ attestations: [built(NEXT), described(NEXT)].map((one) => ({ bundle: JSON.parse(new TextDecoder().decode(one(digest))) })) });
    const run = await online('lock', 'check', bare, '--lock', lock);
    github.answer = undefined;
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('evidence: attestations of github.com/example/app, 1 of 2');
  });

  test('of several platforms: the digest of one, and evidence of each', async () => {
    const lock = lockFile();
    const children = ['amd64', 'arm64'].map((architecture) => {
      const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8(`multi ${architecture}`) };
      return { ...putImage(registry.content, 'multi', { layers: [layer] }), platform: { os: 'linux', architecture } };
    });
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: children };
    const { digest } = registry.content.putManifest('multi', index, { tag: '1', mediaType: OCI_INDEX });
    for (const one of [built(), described()]) putBundle(registry.content, 'multi', { mediaType: OCI_INDEX, digest, size: 1 }, one(digest));
    const name = `${registry.host}/multi`;
    expect((await online('lock', 'add', `${name}:1`, '--lock', lock)).status).toBe(0);
    const one = await online('verify', `${name}:1`, '--lock', lock, '--platform', 'linux/arm64', '--print-ref');
    expect(one).toMatchObject({ status: 0, stdout: `${name}@${children[1]?.digest}\n` });
    expect((await online('verify', `${name}:1`, '--lock', lock, '--recursive')).status).toBe(1);
    for (const child of children) putBundle(registry.content, 'multi', { mediaType: OCI_MANIFEST, digest: child.digest, size: 1 }, built()(child.digest));
    expect((await online('verify', `${name}:1`, '--lock', lock, '--recursive')).status).toBe(0);
  });

  test('two versions in one command: the second is compared with the first', async () => {
    const lock = lockFile();
    const [one, two, fork] = [image('1', [built()], 'pair'), image('2', [built(NEXT)], 'pair'), image('3', [built(FORK)], 'pair')];
    expect((await online('lock', 'add', one, fork, '--lock', lock)).stderr).toContain('[LOCK_SIGNER]');
    expect(existsSync(lock)).toBe(false);
    expect((await online('lock', 'add', one, two, '--lock', lock)).status).toBe(0);
    expect(JSON.parse(readFileSync(lock, 'utf8')).artifacts[`${registry.host}/pair`].firstSeen.reference).toBe(one);
  });
});

describe('the file', () => {
  test.each<[string, string | undefined, number, string]>([
    ['that is not there', undefined, 2, 'make it with assay lock add'],
    ['that is empty', '', 4, 'the file is empty'],
    ['with a key twice', '{"version":1,"artifacts":{"app":{},"app":{}}}', 4, 'duplicate member "app"'],
    ['with a misspelt key', '{"version":1,"artifacts":{"app":{"isuer":"x"}}}', 4, 'did you mean issuer?'],
    ['without any artifact', '{"version":1,"artifacts":{}}', 1, 'LOCK_UNKNOWN'],
  ])('%s is refused', async (_, content, status, text) => {
    const lock = lockFile(content);
    const run = await verify(fileWith(provenance()), lock);
    expect(run.status).toBe(status);
    expect(run.stdout + run.stderr).toContain(text);
  });

  test('in CRLF is read, and written with LF when it changes', async () => {
    const lock = locked();
    const crlf = readFileSync(lock, 'utf8').replaceAll('\n', '\r\n');
    writeFileSync(lock, crlf);
    expect(await add(fileWith(provenance()), lock)).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(lock, 'utf8')).toBe(crlf);
    const other = scratch.write('second', CONTENT);
    writeFileSync(`${other}.sigstore.json`, provenance());
    const run = await add(other, lock);
    expect(run.stdout.split('\n').filter((line) => /^-(?!--)/.test(line))).toEqual([]);
    expect(readFileSync(lock, 'utf8')).not.toContain('\r');
  });

  test('behind a link stays there, with its mode, and no draft is left', async () => {
    const real = locked();
    const link = lockFile();
    symlinkSync(real, link);
    chmodSync(real, 0o600);
    expect((await add(fileWith(provenance(FORK)), link, ['--update'])).status).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(lstatSync(real).mode & 0o777).toBe(0o600);
    expect(readFileSync(real, 'utf8')).toContain('fork/app');
    expect(readdirSync(dirname(real))).toEqual(['assay.lock']);
    const nowhere = lockFile();
    symlinkSync(scratch.path('nowhere'), nowhere);
    expect((await add(fileWith(provenance()), nowhere)).status).toBe(2);
  });

  test.each([
    [['--policy', 'x'], '--policy'],
    [['--type', 'cyclonedx'], '--type'],
    [['--tag', 'v1'], '--tag is a demand on a build'],
  ])('does not go with %j', async (flags, text) => {
    expect(await verify(fileWith(provenance()), locked(), flags)).toMatchObject({ status: 2, stderr: expect.stringContaining(text) });
  });

  test.each(['-', `sha256:${'0'.repeat(64)}`])('knows no %s', async (thing) => {
    expect(await verify(thing, locked())).toMatchObject({ status: 2, stderr: expect.stringContaining('has no name by which a lock could know it') });
  });
});
