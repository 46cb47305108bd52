/** Witnesses: who counts, what is ignored, and the time they prove. */
import { nodeCrypto } from '@assay/crypto-node';
import { cosign, generateKey } from '@assay/make';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { Artifact } from './artifact.ts';
import { utf8 } from './bytes.ts';
import { failures } from './check.ts';
import type { Witness } from './cosignature.ts';
import { exactly } from './identity.ts';
import { type PublicKey, parseSpki } from './key.ts';
import { parseTrustedRoot } from './trusted-root.ts';
import { verify } from './verify.ts';

const ARTIFACT = utf8('the artifact');
const SEEN = new Date('2026-08-24T23:00:30Z');
const instance = createInstance();
const IDENTITY = { san: exactly('someone@example.com'), issuer: exactly('https://issuer.example') };
const keys = { first: generateKey('ed25519'), second: generateKey('ed25519'), stranger: generateKey('ed25519') };
type Name = keyof typeof keys;

const witness = (name: Name): Witness => ({ name: `${name}.example`, key: parseSpki(keys[name].spki) as Extract<PublicKey, { type: 'ed25519' }> });

/** A Rekor v2 bundle without a timestamp, its checkpoint cosigned; `edit` changes the added lines. */
async function judge(cosigners: readonly Name[], known: readonly Name[], witnessThreshold: number, edit: (line: string) => string = (line) => line) {
  const { bundle, trustedRootBytes, now } = instance.sign(ARTIFACT, {
    identity: { type: 'email', value: 'someone@example.com' },
    oidcIssuer: 'https://issuer.example',
    log: 'v2',
    timestamp: false,
  });
  const text = JSON.stringify(bundle, (name, value) => {
    if (name !== 'envelope' || typeof value !== 'string') return value;
    const body = value.slice(0, value.lastIndexOf('\n\n') + 1);
    return value + cosigners.map((cosigner) => edit(cosign(body, { name: `${cosigner}.example`, key: keys[cosigner] }, SEEN))).join('');
  });
  const { ok, root, verified } = await verify(utf8(text), Artifact.fromBytes(ARTIFACT), {
    trustedRoot: parseTrustedRoot(trustedRootBytes),
    crypto: nodeCrypto,
    now,
    signer: { identities: [IDENTITY] },
    witnesses: known.map(witness),
    witnessThreshold,
  });
  return { ok, code: failures(root)[0]?.code, times: verified?.times.map(({ time, source }) => `${source} ${time.toISOString()}`) };
}

describe('a cosignature', () => {
  test('of a named witness proves the time', async () => {
    expect(await judge(['first'], ['first'], 0)).toEqual({ ok: true, code: undefined, times: [`witness cosignature ${SEEN.toISOString()}`] });
  });

  test('of an unknown witness is ignored, and proves nothing', async () => {
    expect(await judge(['stranger'], ['first'], 0)).toMatchObject({ ok: false, code: 'TIME_MISSING' });
    expect(await judge(['first'], [], 0)).toMatchObject({ ok: false, code: 'TIME_MISSING' });
  });

  test('of a named witness must verify', async () => {
    const broken = (line: string) => line.replace(/.(?==*\n$)/, (char) => (char === 'A' ? 'Q' : 'A'));
    expect(await judge(['first'], ['first'], 0, broken)).toMatchObject({ ok: false, code: 'TLOG_COSIGNATURE' });
  });

  test('counts once for each witness, however often it stands there', async () => {
    expect(await judge(['first', 'first'], ['first', 'second'], 2)).toMatchObject({ ok: false, code: 'TLOG_WITNESS_THRESHOLD' });
    expect(await judge(['first', 'second'], ['first', 'second'], 2)).toMatchObject({ ok: true });
    expect(await judge([], ['first'], 1)).toMatchObject({ ok: false, code: 'TLOG_WITNESS_THRESHOLD' });
  });
});
