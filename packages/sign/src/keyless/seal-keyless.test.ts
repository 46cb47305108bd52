/** The whole flow against services in memory: what is asked in which order, and what lies are noticed before which step. */
import { exactly, failures, parseBundle, utf8, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import {
  createInstance,
  type FulcioFault,
  type Instance,
  PERSON,
  type RekorV2Fault,
  rekorV1Stub,
  rekorV2Stub,
  type StubFault,
  statementAbout,
  type TimestampFault,
  timestampStub,
} from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { ARTIFACT, type Handlers, keylessWorld, MESSAGE } from '../../test/keyless.ts';
import { generateKeyPair } from '../keys/key-pair.ts';
import { localSigner } from '../keys/local-key.ts';
import { bundleOfSealed, type Signable } from '../seal.ts';
import { type SealKeylessOptions, sealKeyless } from './seal-keyless.ts';

type Wanted = 'v1' | 'v2' | 'tsa';
type World = Awaited<ReturnType<typeof keylessWorld>>;

const DSSE: Signable = { kind: 'dsse', payload: statementAbout(ARTIFACT.bytes ?? new Uint8Array(0)) };

async function sealed(world: World, wanted: readonly Wanted[], options: Partial<SealKeylessOptions> = {}, signable: Signable = MESSAGE) {
  return sealKeyless(signable, {
    keyless: await world.signer(),
    artifact: ARTIFACT,
    trustedRoot: world.trustedRoot,
    now: world.now,
    record: () => (wanted.length === 0 ? undefined : world.recorder(wanted)),
    ...options,
  });
}

describe.each<[string, Wanted[]]>([
  ['Rekor v1', ['v1']],
  ['Rekor v1 and an authority', ['tsa', 'v1']],
  ['Rekor v2 and an authority', ['tsa', 'v2']],
  ['both logs and an authority', ['tsa', 'v1', 'v2']],
])('with %s', (_, wanted) => {
  test.each<[string, Signable]>([
    ['a message', MESSAGE],
    ['an envelope', DSSE],
  ])('%s: the certificate comes first, and anybody can verify the bundle', async (__, signable) => {
    const world = await keylessWorld(createInstance());
    const { sealed: result, verification } = await sealed(world, wanted, {}, signable);
    expect(verification.ok).toBe(true);
    expect(world.asked[0]).toBe('fulcio');
    expect(world.asked.toSorted()).toEqual(['fulcio', ...wanted].toSorted());
    const judged = await verify(parseBundle(utf8(await bundleOfSealed(result))), ARTIFACT, {
      signer: { identities: [{ san: exactly(PERSON.email), issuer: exactly(PERSON.iss) }] },
      trustedRoot: world.trustedRoot,
      crypto: nodeCrypto,
      now: world.instance.now,
    });
    expect(failures(judged.root)).toEqual([]);
  });
});

test('without any log or authority, the certificate is judged at the time of signing', async () => {
  const world = await keylessWorld(createInstance());
  expect((await sealed(world, [])).verification.ok).toBe(true);
  expect(world.asked).toEqual(['fulcio']);
});

test.each(['ecdsa-sha2-384-nistp384', 'ecdsa-sha2-512-nistp521', 'rsa-sign-pkcs1-2048-sha256'])('with a new key of %s', async (algorithm) => {
  const world = await keylessWorld(createInstance());
  const keyless = await world.signer({ algorithm });
  expect((await sealed(world, ['tsa', 'v2'], { keyless })).verification.ok).toBe(true);
});

test('with a key that stays, by certificate request', async () => {
  const world = await keylessWorld(createInstance());
  const key = localSigner((await generateKeyPair()).pkcs8);
  const keyless = await world.signer({ key, by: 'csr' });
  const { sealed: result, verification } = await sealed(world, ['v1'], { keyless });
  expect(verification.ok).toBe(true);
  expect(result.publicKey).toEqual(key.publicKey);
});

describe('one certificate', () => {
  test('serves all that is signed while it lives', async () => {
    const world = await keylessWorld(createInstance());
    const keyless = await world.signer();
    const stages: string[] = [];
    for (const _ of [1, 2, 3]) expect((await sealed(world, ['v1'], { keyless, onStage: (stage) => stages.push(stage) })).verification.ok).toBe(true);
    expect(world.asked.filter((name) => name === 'fulcio')).toHaveLength(1);
    expect(stages).toEqual(['requesting', 'certified']);
  });

  test('is replaced by another of the same key when it is about to end, with a token of then', async () => {
    const world = await keylessWorld(createInstance());
    let now = world.instance.now;
    let tokens = 0;
    const token = async () => {
      tokens++;
      return world.token();
    };
    const keyless = await world.signer({ now: () => now, token });
    const first = await keyless.certify();
    now = new Date(now.getTime() + 9 * 60_000);
    const second = await keyless.certify();
    expect(second.leaf.der).not.toEqual(first.leaf.der);
    expect(second.leaf.publicKey.spki).toEqual(first.leaf.publicKey.spki);
    expect(tokens).toBe(2);
  });
});

describe('a certificate that nobody could use is noticed before anything is on record:', () => {
  test.each<[FulcioFault, string, string]>([
    ['status-400', 'FULCIO_REFUSED', 'Fulcio returned 400'],
    ['status-500', 'FULCIO_REQUEST', 'Fulcio returned 500'],
    ['malformed', 'FULCIO_RESPONSE', 'not valid JSON'],
    ['one-certificate', 'FULCIO_RESPONSE', 'holds no issuer'],
    ['other-key', 'FULCIO_MISMATCH', 'of another key'],
    ['other-identity', 'IDENTITY_MISMATCH', 'the signer differs'],
    ['other-issuer', 'IDENTITY_ISSUER', 'the OIDC issuer differs'],
    ['expired', 'CERT_TIME', 'current time'],
    ['not-yet-valid', 'CERT_TIME', 'current time'],
    ['impostor', 'CERT_CHAIN', 'has another key than the certificate names'],
    ['no-sct', 'SCT_MISSING', 'carries no signed certificate timestamp'],
    ['wrong-sct', 'SCT_SIGNATURE', 'does not verify'],
  ])('%s', async (fault, code, message) => {
    const world = await keylessWorld(createInstance(), { fulcio: { fault } });
    const found = await refusal(() => sealed(world, ['tsa', 'v1']));
    expect(found).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(new Set(world.asked)).toEqual(new Set(['fulcio']));
  });

  test('one of another instance', async () => {
    const world = await keylessWorld(createInstance());
    const other = (await keylessWorld(createInstance({ caKey: 'p384' }))).trustedRoot;
    const found = await refusal(() => sealed(world, ['v1'], { trustedRoot: other }));
    expect(found.code).toMatch(/^CERT_CHAIN/);
    expect(world.asked).toEqual(['fulcio']);
  });

  test('someone else, also where no trusted root says whose authorities count', async () => {
    const world = await keylessWorld(createInstance(), { fulcio: { fault: 'other-identity' } });
    expect(await refusal(() => sealed(world, ['v1'], { trustedRoot: undefined }))).toMatchObject({ code: 'IDENTITY_MISMATCH' });
  });

  test('an old one, also where no trusted root says whose authorities count', async () => {
    const world = await keylessWorld(createInstance(), { fulcio: { fault: 'expired' } });
    expect(await refusal(() => sealed(world, ['v1'], { trustedRoot: undefined }))).toMatchObject({ code: 'CERT_TIME' });
  });
});

test('a clock that is half a minute behind does not make a certificate one of the future', async () => {
  const world = await keylessWorld(createInstance());
  const behind = () => new Date(world.instance.now.getTime() - 30_000);
  expect((await sealed(world, ['v1'], { now: behind })).verification.ok).toBe(true);
});

describe('certificate transparency', () => {
  test('is not demanded where the trusted root knows no such log', async () => {
    const world = await keylessWorld(createInstance(), { fulcio: { fault: 'no-sct' } });
    const trustedRoot = { ...world.trustedRoot, ctLogs: [] };
    expect((await sealed(world, ['v1'], { trustedRoot })).verification.ok).toBe(true);
  });

  test('is not demanded where the caller does without', async () => {
    const world = await keylessWorld(createInstance(), { fulcio: { fault: 'no-sct' } });
    expect((await sealed(world, ['v1'], { sct: 'ignored' })).verification.ok).toBe(true);
  });

  test('may vouch beside the certificate', async () => {
    const world = await keylessWorld(createInstance(), { fulcio: { sct: 'detached' } });
    const { certified, verification } = await sealed(world, ['v1']);
    expect(verification.ok).toBe(true);
    expect(certified.detachedSct).toBeDefined();
  });
});

describe('a service that lies is noticed before anything is published:', () => {
  const caught = async (handlers: (instance: Instance) => Handlers, wanted: readonly Wanted[]): Promise<string> => {
    const instance = createInstance();
    const world = await keylessWorld(instance, handlers(instance));
    try {
      const { verification } = await sealed(world, wanted);
      return verification.ok ? 'nothing was noticed' : (failures(verification.root)[0]?.code ?? '');
    } catch (error) {
      return (error as { cause?: { code?: string } }).cause?.code ?? String(error);
    }
  };

  test.each<[StubFault, string]>([
    ['other-artifact', 'REKOR_ENTRY_MISMATCH'],
    ['wrong-proof', 'REKOR_ENTRY_MISMATCH'],
    ['wrong-set', 'TLOG_SET_INVALID'],
    ['malformed', 'REKOR_RESPONSE'],
  ])('Rekor v1 with %s', async (fault, code) => {
    expect(await caught((instance) => ({ v1: rekorV1Stub(instance, { fault }) }), ['v1'])).toBe(code);
  });

  test.each<[RekorV2Fault, string]>([
    ['other-artifact', 'REKOR_ENTRY_MISMATCH'],
    ['wrong-proof', 'REKOR_ENTRY_MISMATCH'],
    ['malformed', 'REKOR_RESPONSE'],
  ])('Rekor v2 with %s', async (fault, code) => {
    expect(await caught((instance) => ({ v2: rekorV2Stub(instance, { fault }) }), ['tsa', 'v2'])).toBe(code);
  });

  test.each<[TimestampFault, string]>([
    ['other-imprint', 'TSA_IMPRINT'],
    ['other-nonce', 'TSA_NONCE'],
    ['malformed', 'TSA_PARSE'],
  ])('an authority with %s', async (fault, code) => {
    expect(await caught((instance) => ({ tsa: timestampStub(instance, { fault }) }), ['tsa', 'v1'])).toBe(code);
  });

  test('a log that the trusted root does not know', async () => {
    expect(await caught(() => ({ v1: rekorV1Stub(createInstance()) }), ['v1'])).toBe('TLOG_UNKNOWN_LOG');
  });

  test('an authority that the trusted root does not know', async () => {
    expect(await caught(() => ({ tsa: timestampStub(createInstance()) }), ['tsa', 'v1'])).toBe('TSA_UNTRUSTED');
  });

  test('a log whose clock is an hour ahead', async () => {
    expect(await caught((instance) => ({ v1: rekorV1Stub(anHourAhead(instance)) }), ['v1'])).toBe('CERT_TIME');
  });

  test('an authority whose clock is an hour ahead', async () => {
    expect(await caught((instance) => ({ tsa: timestampStub(anHourAhead(instance)) }), ['tsa', 'v1'])).toBe('TSA_FUTURE');
  });
});

/** The same instance at another time. */
function anHourAhead(instance: Instance): Instance {
  return new Proxy(instance, {
    get(target, name) {
      if (name === 'now') return new Date(target.now.getTime() + 3_600_000);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
