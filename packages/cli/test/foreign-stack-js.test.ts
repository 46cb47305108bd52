/**
 * Keyless signing with sigstore-js and with ours, against one stack. Theirs signs with Rekor v1 by URLs, with Rekor v2 by the signing configuration, and with a
 * token that it finds in its environment. Whatever one made, both accept, theirs by what TUF tells it and by the trusted root; another identity, another issuer
 * and changed bytes both refuse, and no log grows.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleFromJSON, bundleToJSON, type SerializedBundle } from '@sigstore/bundle';
import { SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { bundleBuilderFromSigningConfig } from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { attest, sign, verify } from 'sigstore';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ARTIFACT,
  CHANGED_ARTIFACT,
  type Demand,
  type Made,
  openStackScene,
  PERSON,
  PREDICATE,
  PREDICATE_TYPE,
  WORKFLOW_SAN,
  withClaim,
} from './foreign-stack-scene.ts';

const scene = await openStackScene();
const { scratch, endpoints, document } = scene;
const artifact = readFileSync(scratch.path(ARTIFACT));
const STATEMENT_TYPE = 'application/vnd.in-toto+json';
/** Theirs leaves it to its callers to say what a statement is about. */
const statement = Buffer.from(
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: ARTIFACT, digest: { sha256: createHash('sha256').update(artifact).digest('hex') } }],
    predicateType: PREDICATE_TYPE,
    predicate: JSON.parse(readFileSync(scratch.path(PREDICATE), 'utf8')),
  }),
);
const URLS = { fulcioURL: endpoints.fulcio, rekorURL: endpoints.rekor, tsaServerURL: endpoints.tsa };

interface Cell extends Made {
  readonly name: string;
  make(): Promise<SerializedBundle>;
}

const CELLS: readonly Cell[] = [
  { name: 'theirs signs a message by URLs', content: 'message', rekor: 1, make: async () => sign(artifact, await byUrls()) },
  { name: 'theirs signs a statement by URLs', content: 'statement', rekor: 1, make: async () => attest(statement, STATEMENT_TYPE, await byUrls()) },
  {
    name: 'theirs signs a statement by URLs, as npm did at first',
    content: 'statement',
    rekor: 1,
    make: async () => attest(statement, STATEMENT_TYPE, { ...(await byUrls()), legacyCompatibility: true }),
  },
  { name: 'theirs signs a message by configuration', content: 'message', rekor: 2, make: () => byConfiguration('messageSignature', { data: artifact }) },
  {
    name: 'theirs signs a statement by configuration',
    content: 'statement',
    rekor: 2,
    make: () => byConfiguration('dsseEnvelope', { data: statement, type: STATEMENT_TYPE }),
  },
  { name: 'ours signs a message, Rekor v2', content: 'message', rekor: 2, make: () => asOurs({ content: 'message', rekor: 2 }) },
  { name: 'ours signs a statement, Rekor v2', content: 'statement', rekor: 2, make: () => asOurs({ content: 'statement', rekor: 2 }) },
  { name: 'ours signs a message, Rekor v1', content: 'message', rekor: 1, make: () => asOurs({ content: 'message', rekor: 1 }) },
  { name: 'ours signs a statement, Rekor v1', content: 'statement', rekor: 1, make: () => asOurs({ content: 'statement', rekor: 1 }) },
];

describe.each(CELLS)('$name', (cell) => {
  let bundle: SerializedBundle;
  let file = '';
  beforeAll(async () => {
    bundle = await cell.make();
    file = scratch.write(`${cell.name}.json`, bundle);
  });

  test('a log promised the entry only where it does, and a timestamp is beside it', () => {
    const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
    expect(tlogEntries.map(({ inclusionPromise }) => Boolean(inclusionPromise))).toEqual([cell.rekor === 1]);
    expect(timestampVerificationData?.rfc3161Timestamps).toHaveLength(1);
  });

  test('both accept it, theirs however it is told whom to trust', async () => {
    await verifyByTuf(bundle, cell);
    verifyByRoot(bundle, cell);
    const run = await scene.verify(cell, file);
    expect(run, run.stdout).toMatchObject({ status: 0 });
  });

  test.each([
    ['another identity', { identity: 'other@stack.example' }, 'certificate identity error - expected other@stack.example', 'IDENTITY_MISMATCH'],
    ['another issuer', { issuer: 'http://127.0.0.1/other' }, 'invalid certificate extension - expected issuer=http://127.0.0.1/other', 'IDENTITY_ISSUER'],
  ])('both refuse %s, and nothing is put on record', async (_, demand, says, code) => {
    const before = await scene.logged();
    await expect(verifyByTuf(bundle, cell, demand)).rejects.toThrow(says);
    expect(() => verifyByRoot(bundle, cell, demand)).toThrow(says);
    expect(await scene.verify(cell, file, demand)).toMatchObject({ status: 1, stdout: expect.stringContaining(`[${code}`) });
    expect(await scene.logged()).toEqual(before);
  });

  test('both refuse changed bytes, and nothing is put on record', async () => {
    const before = await scene.logged();
    const changed =
      cell.content === 'message' ? { bundle, of: scratch.path(CHANGED_ARTIFACT) } : { bundle: withChangedPayload(bundle), of: scratch.path(ARTIFACT) };
    const says = /signature verification failed|payload hash mismatch|digest mismatch/;
    await expect(verifyByTuf(changed.bundle, cell, changed)).rejects.toThrow(says);
    expect(() => verifyByRoot(changed.bundle, cell, changed)).toThrow(says);
    const run = await scene.verify(cell, scratch.write(`changed ${cell.name}.json`, changed.bundle), { of: changed.of });
    expect(run).toMatchObject({ status: 1, stdout: expect.stringMatching(/ARTIFACT_MISMATCH|SIGNATURE_INVALID/) });
    expect(await scene.logged()).toEqual(before);
  });
});

test('in a job on GitHub Actions theirs signs as the workflow, and both accept that', async () => {
  for (const [name, value] of Object.entries(await scene.job())) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const bundle = await sign(artifact, URLS);
  const demand = { identity: WORKFLOW_SAN, issuer: `${endpoints.oidc}/github` };
  await verifyByTuf(bundle, { content: 'message' }, demand);
  expect(await scene.verify({ content: 'message' }, scratch.write('job.json', bundle), demand)).toMatchObject({ status: 0 });
});

test.each([
  ['signature', async () => (await scene.token()).replace(/.{4}$/, 'AAAA')],
  ['claim', async () => withClaim(await scene.token(), 'email', 'other@stack.example')],
] as const)('theirs signs nothing with a token that got another %s, and nothing is put on record', async (_, make) => {
  const before = await scene.logged();
  await expect(sign(artifact, { ...URLS, identityToken: await make() })).rejects.toThrow('error creating signing certificate - (400) There was an error');
  expect(await scene.logged()).toEqual(before);
});

async function byUrls() {
  return { ...URLS, identityToken: await scene.token() };
}

async function byConfiguration(bundleType: 'messageSignature' | 'dsseEnvelope', thing: { data: Buffer; type?: string }): Promise<SerializedBundle> {
  const signingConfig = SigningConfig.fromJSON(JSON.parse(readFileSync(document('signing_config.json'), 'utf8')));
  const token = await scene.token();
  const builder = bundleBuilderFromSigningConfig({ signingConfig, identityProvider: { getToken: async () => token }, bundleType });
  return bundleToJSON(await builder.create(thing));
}

let files = 0;
async function asOurs(made: Made): Promise<SerializedBundle> {
  const bundle = scratch.path(`ours-${files++}.json`);
  const run = await scene.sign(made, bundle);
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return JSON.parse(readFileSync(bundle, 'utf8')) as SerializedBundle;
}

type Content = Pick<Made, 'content'>;

async function verifyByTuf(
  bundle: SerializedBundle,
  { content }: Content,
  { identity = PERSON.email, issuer = endpoints.oidc, of }: Demand = {},
): Promise<void> {
  const options = {
    tufMirrorURL: endpoints.tuf,
    tufRootPath: document('root.json'),
    tufCachePath: scratch.path('tuf-cache'),
    certificateIdentityEmail: identity,
    certificateIssuer: issuer,
  };
  await (content === 'message' ? verify(bundle, readFileSync(of ?? scratch.path(ARTIFACT)), options) : verify(bundle, options));
}

function verifyByRoot(bundle: SerializedBundle, { content }: Content, { identity = PERSON.email, issuer = endpoints.oidc, of }: Demand = {}): void {
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(document('trusted_root.json'), 'utf8')))));
  const entity = toSignedEntity(bundleFromJSON(bundle), content === 'message' ? readFileSync(of ?? scratch.path(ARTIFACT)) : undefined);
  verifier.verify(entity, { subjectAlternativeName: identity, extensions: { issuer } });
}

/** With a space behind what was signed: still the same JSON. */
function withChangedPayload(bundle: SerializedBundle): SerializedBundle {
  const { dsseEnvelope } = bundle;
  if (dsseEnvelope === undefined) throw new Error('not a statement');
  const payload = Buffer.from(`${Buffer.from(dsseEnvelope.payload, 'base64')} `).toString('base64');
  return { ...bundle, dsseEnvelope: { ...dsseEnvelope, payload } } as SerializedBundle;
}
