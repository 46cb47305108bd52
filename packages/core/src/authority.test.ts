/** Paths through authorities that the test kit's defects do not reach: several entries, anchors, caching, closed windows. */
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { counting } from '../test/memo-crypto.ts';
import { type Authority, buildPath, datesProblem } from './authority.ts';
import { utf8 } from './bytes.ts';
import { Certificate, OID } from './x509.ts';

const instance = createInstance();
const leaf = Certificate.parse(instance.sign(utf8('x')).expected.certificate as Uint8Array);
const chain = instance.ca.map(({ certificate }) => Certificate.parse(certificate));
const [intermediate, root] = chain as [Certificate, Certificate];
const ALWAYS = { start: new Date(0), end: undefined };
const authority = (certificates: readonly Certificate[], window: Authority['window'] = ALWAYS): Authority => ({
  name: 'a',
  uri: '',
  operator: 'a',
  certificates,
  window,
});
const path = (certificates: readonly Certificate[], purpose: string = OID.codeSigning) => buildPath(nodeCrypto, leaf, authority(certificates), purpose);

describe('a path', () => {
  test.each<[string, readonly Certificate[], readonly Certificate[]]>([
    ['through an intermediate to its root', [intermediate, root], [intermediate, root]],
    ['to an intermediate that is itself the anchor', [intermediate], [intermediate]],
    ['past certificates that have nothing to do with it', [leaf, intermediate, root], [intermediate, root]],
  ])('leads %s', async (_, certificates, expected) => {
    expect(await path(certificates)).toEqual({ path: expected });
  });

  test.each<[string, readonly Certificate[], string]>([
    ['an authority without certificates', [], OID.codeSigning],
    ['a root that did not issue it', [root], OID.codeSigning],
    ['the leaf itself as its authority', [leaf], OID.codeSigning],
    [
      'an intermediate that does not lead to the anchor',
      [
        intermediate,
        ...createInstance()
          .ca.slice(1)
          .map(({ certificate }) => Certificate.parse(certificate)),
      ],
      OID.codeSigning,
    ],
    ['another purpose', [intermediate, root], OID.timeStamping],
  ])('does not lead to %s', async (_, certificates, purpose) => {
    expect(await path(certificates, purpose)).toHaveProperty('problem');
  });

  test('above the issuer is verified once for an authority, and anew for another', async () => {
    const crypto = counting(nodeCrypto);
    const known = authority([intermediate, root]);
    for (let i = 0; i < 3; i++) await buildPath(crypto, leaf, known, OID.codeSigning);
    expect(crypto.verified.length).toBe(4);
    await buildPath(crypto, leaf, authority([intermediate, root]), OID.codeSigning);
    expect(crypto.verified.length).toBe(6);
  });
});

describe('dates', () => {
  const { start, end } = leaf.validity;
  const at = (millis: number) => datesProblem(leaf, [intermediate, root], authority(chain), new Date(millis))?.code;

  test('hold at both ends of the certificate, and not beyond', () => {
    expect([at(start.getTime() - 1), at(start.getTime()), at(end.getTime()), at(end.getTime() + 1)]).toEqual(['CERT_TIME', undefined, undefined, 'CERT_TIME']);
  });

  test('hold at both ends of the authority window, and not beyond', () => {
    const time = start.getTime() + 1000;
    const window = (from: number, to: number) =>
      datesProblem(leaf, [intermediate, root], authority(chain, { start: new Date(from), end: new Date(to) }), new Date(time))?.code;
    expect([window(time, time), window(time + 1, time + 2), window(time - 2, time - 1)]).toEqual([undefined, 'CERT_CHAIN_WINDOW', 'CERT_CHAIN_WINDOW']);
  });
});

test('of several entries of one authority any may hold: an expired one, and one that starts in the future, do no harm', async () => {
  const { trustedRoot } = instance.sign(utf8('x'));
  const [entry] = trustedRoot.certificateAuthorities;
  const windows = [{ start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' }, { start: '2030-01-01T00:00:00Z' }, { start: '2025-01-01T00:00:00Z' }];
  const { verifySample } = await import('@assay/testkit');
  const sample = instance.sign(utf8('x'), {
    alter: { trustedRoot: (json) => ({ ...(json as object), certificateAuthorities: windows.map((validFor) => ({ ...entry, validFor })) }) },
  });
  expect(await verifySample(sample, nodeCrypto)).toMatchObject({ ok: true });
});
