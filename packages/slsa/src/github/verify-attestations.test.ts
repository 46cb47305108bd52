import { type Check, failures, parseTrustedRoot, TrustError, type TrustedRoot, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { sha256 } from '@assay/make';
import { DEFAULT_NOW, type Sample } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { ARTIFACT, type AttestOptions, attest, COMMIT, instanceOf, OWNER, PRIVATE, PROVENANCE, REF, REPO } from '../../test/attestations.ts';
import { flagValues, readVector, vectorCases } from '../../test/vector-cases.ts';
import type { TrustSources } from './choose-trust.ts';
import { type CriteriaOptions, criteriaOf } from './criteria.ts';
import { ACTIONS_ISSUER } from './hosts.ts';
import { statedPredicateType } from './predicate-type.ts';
import { checkAuthenticity, verifyAttestations } from './verify-attestations.ts';

const publicGood = instanceOf('sigstore.dev');
const github = instanceOf('GitHub, Inc.');
const own = instanceOf('Acme');
const logless = instanceOf('Logless');
const rootOf = (sample: Sample): TrustedRoot => parseTrustedRoot(sample.trustedRootBytes);
const roots = { publicGood: rootOf(attest(publicGood)), github: rootOf(attest(github)), own: rootOf(attest(own)) };
const known: TrustSources = { publicGood: async () => roots.publicGood, github: async () => roots.github };

const criteria = (more: Partial<CriteriaOptions> = {}) =>
  criteriaOf({ host: 'github.com', repo: REPO, predicateType: PROVENANCE, issuer: ACTIONS_ISSUER, ...more });
const judge = (attestations: readonly Uint8Array[], more: Partial<CriteriaOptions> = {}, trust: TrustSources = known) =>
  verifyAttestations(
    attestations.map((bundle) => ({ bundle })),
    { artifact: { algorithm: 'sha256', value: sha256(ARTIFACT) }, criteria: criteria(more), trust, crypto: nodeCrypto, now: DEFAULT_NOW },
  );
const signed = (instance: typeof own, options: AttestOptions = {}) => attest(instance, options).bundleBytes;
const FAILED = 'verifying with issuer "sigstore.dev"';

describe('an attestation holds', () => {
  const held: [string, Uint8Array, Partial<CriteriaOptions>, TrustSources?][] = [
    ['of public Sigstore', signed(publicGood), {}],
    [
      'of version 0.2, with a root in its chain',
      signed(publicGood, { version: '0.2', alter: { chain: ({ ca }) => ca.map(({ certificate }) => certificate) } }),
      {},
    ],
    ['of Rekor v2 with a timestamp', signed(publicGood, { log: 'v2' }), {}],
    ["of GitHub's own instance", signed(github, PRIVATE), {}],
    ['of an owner', signed(publicGood), { repo: '', owner: OWNER }],
    ['of an owner in other letters', signed(publicGood), { repo: '', owner: 'ACME' }],
    ['of a repository in other letters', signed(publicGood), { repo: 'Acme/Widget' }],
    [
      'with everything that can be asked',
      signed(publicGood),
      { signerDigest: COMMIT, sourceDigest: COMMIT.toUpperCase(), sourceRef: REF, denySelfHostedRunners: true },
    ],
    ['of an instance of its own, by its root', signed(own), {}, { ...known, custom: [roots.own] }],
    ['by the first of several roots that has its name', signed(own), {}, { ...known, custom: [roots.github, roots.own] }],
    ['of public Sigstore by a given root', signed(publicGood), {}, { ...known, custom: [roots.publicGood] }],
    [
      'of an instance without a log, by a timestamp',
      signed(logless, PRIVATE),
      {},
      { ...known, custom: [{ ...rootOf(attest(logless)), logs: [], ctLogs: [] }] },
    ],
  ];
  test.each(held)('%s', async (_, bundle, more, trust) => {
    const { accepted, refusal, root } = await judge([bundle], more, trust);
    expect(refusal).toBeUndefined();
    expect(accepted).toHaveLength(1);
    expect(root.status).toBe('pass');
    expect(accepted[0]?.identity.extensions.sourceRepositoryUri).toBe(`https://github.com/${REPO}`);
  });
});

describe('an attestation is refused', () => {
  const elsewhere = { repository: 'other/thing', repository_owner: 'other' };
  const tampered = utf8(new TextDecoder().decode(signed(publicGood)).replace(/"sig":"M.{8}/, '"sig":"MEUCIQAAA'));
  const refused: [string, Uint8Array, Partial<CriteriaOptions>, string, TrustSources?][] = [
    ['when the signature does not hold', tampered, {}, FAILED],
    ['about another artifact', signed(publicGood, { artifact: utf8('another') }), {}, FAILED],
    ['by a workflow elsewhere', signed(publicGood, { githubClaims: { job_workflow_ref: 'other/b/.github/workflows/w.yml@refs/heads/main' } }), {}, FAILED],
    ['of a self-hosted runner', signed(publicGood, { githubClaims: { runner_environment: 'self-hosted' } }), { denySelfHostedRunners: true }, FAILED],
    [
      'of another owner',
      signed(publicGood, { githubClaims: elsewhere }),
      {},
      'expected SourceRepositoryOwnerURI to be https://github.com/acme, got https://github.com/other',
    ],
    [
      'of another repository',
      signed(publicGood, { githubClaims: { repository: 'acme/other' } }),
      {},
      'expected SourceRepositoryURI to be https://github.com/acme/widget, got https://github.com/acme/other',
    ],
    [
      'by another issuer',
      signed(publicGood, { oidcIssuer: 'https://issuer.example' }),
      {},
      `expected Issuer to be ${ACTIONS_ISSUER}, got https://issuer.example`,
    ],
    [
      "by an enterprise's issuer",
      signed(publicGood, { oidcIssuer: `${ACTIONS_ISSUER}/acme` }),
      {},
      `expected Issuer to be ${ACTIONS_ISSUER}, got ${ACTIONS_ISSUER}/acme -- if you have a custom OIDC issuer policy for your enterprise, use the --cert-oidc-issuer flag with your expected issuer`,
    ],
    ['of another signing commit', signed(publicGood), { signerDigest: 'ff' }, `expected BuildSignerDigest to be ff, got ${COMMIT}`],
    ['of another commit', signed(publicGood), { sourceDigest: 'ff' }, `expected SourceRepositoryDigest to be ff, got ${COMMIT}`],
    ['of another ref', signed(publicGood), { sourceRef: 'v1.2.3' }, `expected SourceRepositoryRef to be v1.2.3, got ${REF}`],
    [
      'first for the owner, last for the ref',
      signed(publicGood, { githubClaims: elsewhere }),
      { sourceRef: 'x', sourceDigest: 'x' },
      'expected SourceRepositoryOwnerURI',
    ],
    [
      'of version 0.1',
      signed(publicGood, { version: '0.1' }),
      {},
      'failed to get bundle issuer: unsupported bundle version: application/vnd.dev.sigstore.bundle+json;version=0.1',
    ],
    ['that is no bundle', utf8('{}'), {}, 'failed to get bundle issuer: bundle: unknown media type'],
    ['of an unknown instance', signed(own), {}, 'failed to find recognized issuer from bundle content: leaf certificate issuer is not recognized'],
    [
      'by roots of others',
      signed(own),
      {},
      'failed to find recognized issuer from bundle content: unable to use provided trusted roots',
      { ...known, custom: [roots.github] },
    ],
    [
      'of public Sigstore where that is not wanted',
      signed(publicGood),
      {},
      'failed to find recognized issuer from bundle content: detected public good instance but requested verification without public good instance',
      { ...known, refusePublicGood: true },
    ],
    [
      'of public Sigstore by a given root where that is not wanted',
      signed(publicGood),
      {},
      'detected public good instance but requested verification without public good instance',
      { ...known, custom: [roots.publicGood], refusePublicGood: true },
    ],
    ['of public Sigstore without a log', signed(publicGood, PRIVATE), {}, FAILED],
    ["of GitHub's own instance without a timestamp", signed(github), {}, 'verifying with issuer "GitHub, Inc."'],
    ['under a name that is not its own', signed(instanceOf('sigstore.dev')), {}, FAILED],
    [
      'when its root is missing, with what to do',
      signed(github, PRIVATE),
      {},
      'failed to find recognized issuer from bundle content: no root: add it',
      {
        ...known,
        github: async () => {
          throw new TrustError('TRUST_ROOT_MISSING', 'no root', { hint: 'add it' });
        },
      },
    ],
  ];
  test.each(refused)('%s', async (_, bundle, more, text, trust) => {
    const { accepted, refusal, root } = await judge([bundle], more, trust);
    expect(accepted).toEqual([]);
    expect(refusal?.text).toContain(text);
    expect(refusal?.stage).toBe(text.startsWith('expected') ? 'criteria' : 'signature');
    expect(root.status).toBe('fail');
    expect(codes(root)).not.toEqual([]);
  });

  test('and says everything that is wrong with it in the tree', async () => {
    const bundle = signed(publicGood, { githubClaims: elsewhere });
    const { root } = await judge([bundle], { sourceRef: 'refs/heads/x', sanPattern: '.*' });
    expect(failures(root).map(({ id }) => id)).toEqual([
      'attestation.SourceRepositoryOwnerURI',
      'attestation.SourceRepositoryURI',
      'attestation.SourceRepositoryRef',
    ]);
  });
});

const codes = (check: Check) => failures(check).map(({ code }) => code);

describe('of several attestations', () => {
  const good = signed(publicGood);
  const foreign = signed(own);
  const other = signed(publicGood, { githubClaims: { repository: 'acme/other' } });

  test('those that hold are accepted, in their order, and the others passed over', async () => {
    const { accepted, refusal } = await judge([foreign, good, other, good]);
    expect(accepted.map(({ given }) => given.bundle)).toEqual([good, good]);
    expect(refusal).toBeUndefined();
  });

  test('without one that holds the last refusal counts', async () => {
    expect((await judge([foreign, utf8('{}')])).refusal?.text).toContain('failed to get bundle issuer');
    expect((await judge([utf8('{}'), foreign])).refusal?.text).toContain('leaf certificate issuer is not recognized');
  });

  test('what is signed well counts more than what is not', async () => {
    expect((await judge([other, foreign])).refusal?.text).toContain('expected SourceRepositoryURI');
  });

  test('none is nothing', async () => {
    expect((await judge([])).refusal?.text).toBe('no attestations were verified');
  });
});

describe('authenticity', () => {
  const check = async (bundle: Uint8Array, trust = known) => (await checkAuthenticity(bundle, { trust, crypto: nodeCrypto, now: DEFAULT_NOW })).status;

  test('is told of whoever signed whatever', async () => {
    expect(await check(signed(publicGood, { githubClaims: { repository: 'any/thing' }, artifact: utf8('any') }))).toBe('pass');
    expect(await check(signed(github, PRIVATE))).toBe('pass');
  });

  test('is not told of what nobody known signed', async () => {
    expect(await check(signed(own))).toBe('fail');
    expect(await check(utf8('{}'))).toBe('fail');
  });
});

describe('the predicate type that is stated', () => {
  test.each([
    ['of provenance', signed(own), PROVENANCE],
    ['of another statement', signed(own, { predicateType: 'https://example.com/x' }), 'https://example.com/x'],
    ['of another payload', signed(own, { payloadType: 'text/plain' }), undefined],
    ['of a signature over an artifact', own.sign(ARTIFACT).bundleBytes, undefined],
    ['of a statement that is no JSON', signed(own, { payload: utf8('{') }), undefined],
    ['of no bundle', utf8('['), undefined],
  ])('%s', (_, bundle, expected) => {
    expect(statedPredicateType(bundle)).toBe(expected);
  });
});

const atApi = vectorCases('gh/').filter(({ name }) => name === 'gh/invalid signature');

describe.skipIf(atApi.length === 0)('rows of the vectors that the command line cannot express', () => {
  test.each(atApi)('$name', async (row) => {
    const [path = ''] = flagValues(row, 'bundle');
    const [roots = ''] = flagValues(row, 'custom-trusted-root');
    const custom = new TextDecoder()
      .decode(readVector(roots))
      .trim()
      .split('\n')
      .map((line) => parseTrustedRoot(utf8(line)));
    const [owner = ''] = flagValues(row, 'owner');
    const { refusal } = await judge([readVector(path)], { repo: '', owner }, { ...known, custom });
    expect(refusal?.text).toBe('verifying with issuer "sigstore.dev"');
  });
});
