import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  Certificate,
  encodeBase64,
  encodePem,
  parseCertificatesPem,
  parseSctList,
  parseSpki,
  signatureSchemeOf,
  tbsWithoutScts,
  utf8,
  verifySignature,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import {
  bitString,
  generateKey,
  integer,
  issueRoot,
  type KeyType,
  nullValue,
  OID,
  oid,
  precertEntry,
  removePoison,
  SigningKey,
  sctSignedText,
  sequence,
} from '@assay/make';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { chainOf, keyRequest, leafOf } from '../../test/certificate-request.ts';
import { openDisk } from '../store/disk.ts';
import { openCa } from './ca.ts';
import { checkedChain } from './issue.ts';
import { type Answer, makeAuthority, makeCsr, makeScene, NOW, PERSON, type Scene, signToken } from './test/scene.ts';

const V2 = '/api/v2/signingCert';
const V1 = '/api/v1/signingCert';

describe('requests', () => {
  const key = generateKey('p256');
  const proof = encodeBase64(key.sign(utf8(PERSON.email)));
  const csr = encodeBase64(utf8(makeCsr(key)));

  /** Body, and the header when the client sends one. */
  const shapes: Record<string, (token: string) => { path: string; body: unknown; header?: string }> = {
    'sigstore-js: token in the body': (token) => ({ path: V2, body: keyRequest(token, PERSON.email, key) }),
    'sigstore-go: token in the header': (token) => ({ path: V2, body: keyRequest(undefined, PERSON.email, key), header: `Bearer ${token}` }),
    'sigstore-python: a request that signs itself': (token) => ({ path: V2, body: { certificateSigningRequest: csr }, header: `Bearer ${token}` }),
    'both places, of which the body wins': (token) => ({ path: V2, body: keyRequest(token, PERSON.email, key), header: 'Bearer not.a.token' }),
    'a scheme in lower case': (token) => ({ path: V2, body: { certificateSigningRequest: csr }, header: `bearer ${token}` }),
    'names in snake_case': (token) => ({
      path: V2,
      body: {
        credentials: { oidc_identity_token: token },
        public_key_request: { public_key: { algorithm: 'ECDSA', content: key.publicPem }, proof_of_possession: proof },
      },
    }),
    'base64 for URLs, without padding': (token) => ({
      path: V2,
      body: {
        credentials: { oidcIdentityToken: token },
        publicKeyRequest: { publicKey: { content: key.publicPem }, proofOfPossession: Buffer.from(proof, 'base64').toString('base64url') },
      },
    }),
    'members that we know nothing of, and null for absent ones': (token) => ({
      path: V2,
      body: { ...keyRequest(token, PERSON.email, key), certificateSigningRequest: null, future: { x: 1 } },
    }),
    'the key in DER': (token) => ({
      path: V2,
      body: { credentials: { oidcIdentityToken: token }, publicKeyRequest: { publicKey: { content: encodeBase64(key.spki) }, proofOfPossession: proof } },
    }),
    'an older label of the request': (token) => ({
      path: V2,
      body: { certificateSigningRequest: encodeBase64(utf8(makeCsr(key, { label: 'NEW CERTIFICATE REQUEST' }))) },
      header: `Bearer ${token}`,
    }),
    'v1 with DER': (token) => ({
      path: V1,
      body: { publicKey: { content: encodeBase64(key.spki), algorithm: 'ecdsa' }, signedEmailAddress: proof },
      header: `Bearer ${token}`,
    }),
    'v1 with PEM': (token) => ({
      path: V1,
      body: { publicKey: { content: encodeBase64(utf8(key.publicPem)) }, signedEmailAddress: proof },
      header: `Bearer ${token}`,
    }),
    'v1 with a request that signs itself': (token) => ({ path: V1, body: { certificateSigningRequest: csr }, header: `Bearer ${token}` }),
  };

  for (const [name, shape] of Object.entries(shapes)) {
    test(name, async () => {
      const scene = await makeScene();
      const { path, body, header } = shape(await scene.token(PERSON));
      const answer = await scene.post(path, body, header === undefined ? {} : { Authorization: header });
      const chain = path === V2 ? chainOf(answer) : parseCertificatesPem(answer.text);
      expect(answer.status).toBe(path === V2 ? 200 : 201);
      expect(chain[0]?.publicKey.spki).toEqual(key.spki);
      expect(chain.slice(1).map(({ der }) => der)).toEqual(scene.chain);
      expect(scene.logged).toHaveLength(1);
    });
  }

  const types: readonly KeyType[] = ['p256', 'p384', 'p521', 'ed25519', 'rsa2048', 'rsa3072', 'rsa4096'];
  for (const type of types) {
    test(`certifies a ${type} key, by proof and by request`, async () => {
      const scene = await makeScene();
      const own = generateKey(type);
      const token = await scene.token(PERSON);
      const byProof = leafOf(await scene.post(V2, keyRequest(token, PERSON.email, own)));
      const byRequest = leafOf(
        await scene.post(V2, { credentials: { oidcIdentityToken: token }, certificateSigningRequest: encodeBase64(utf8(makeCsr(own))) }),
      );
      expect([byProof.publicKey.spki, byRequest.publicKey.spki]).toEqual([own.spki, own.spki]);
    });
  }
});

describe('answers', () => {
  test('v2: one member, leaf first, root last, no line end after PEM', async () => {
    const scene = await makeScene();
    const answer = await scene.post(V2, keyRequest(await scene.token(PERSON), PERSON.email));
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    const json = JSON.parse(answer.text);
    expect(Object.keys(json)).toEqual(['signedCertificateEmbeddedSct']);
    expect(Object.keys(json.signedCertificateEmbeddedSct)).toEqual(['chain']);
    const pems = json.signedCertificateEmbeddedSct.chain.certificates as string[];
    expect(pems).toHaveLength(3);
    for (const pem of pems) expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[\w+/=\n]+\n-----END CERTIFICATE-----$/);
  });

  test('v2 without a log: the other member, without an SCT', async () => {
    const scene = await makeScene({ ctLog: 'none' });
    const answer = await scene.post(V2, keyRequest(await scene.token(PERSON), PERSON.email));
    const json = JSON.parse(answer.text);
    expect(Object.keys(json)).toEqual(['signedCertificateDetachedSct']);
    expect(Object.keys(json.signedCertificateDetachedSct)).toEqual(['chain']);
    expect(leafOf(answer).extension(OID.sctList)).toBeUndefined();
  });

  test('v1: a chain in PEM, and no SCT header since it is embedded', async () => {
    const scene = await makeScene();
    const key = generateKey('p256');
    const body = { publicKey: { content: encodeBase64(key.spki) }, signedEmailAddress: encodeBase64(key.sign(utf8(PERSON.email))) };
    const answer = await scene.post(V1, body, { Authorization: `Bearer ${await scene.token(PERSON)}` });
    expect(answer.headers.get('Content-Type')).toBe('application/pem-certificate-chain');
    expect(answer.headers.has('SCT')).toBe(false);
    expect(parseCertificatesPem(answer.text)).toHaveLength(3);
  });

  test('trust bundle and root certificates: the issuing certificate, then the root', async () => {
    const scene = await makeScene();
    const bundle = JSON.parse((await scene.send('/api/v2/trustBundle')).text) as { chains: { certificates: string[] }[] };
    expect(bundle.chains.map(({ certificates }) => parseCertificatesPem(certificates.join('')).map(({ der }) => der))).toEqual([scene.chain]);
    const roots = await scene.send('/api/v1/rootCert');
    expect([roots.status, roots.headers.get('Content-Type')]).toEqual([200, 'application/pem-certificate-chain']);
    expect(parseCertificatesPem(roots.text).map(({ der }) => der)).toEqual(scene.chain);
  });

  test('configuration: every issuer with its challenge, wildcards by their own name', async () => {
    const scene = await makeScene();
    const { issuers } = JSON.parse((await scene.send('/api/v2/configuration')).text) as { issuers: object[] };
    const common = { audience: 'sigstore', challengeClaim: 'sub', spiffeTrustDomain: '', subjectDomain: '', skipEmailVerification: false };
    expect(issuers).toHaveLength(16);
    expect(issuers).toEqual(
      expect.arrayContaining([
        { ...common, issuerUrl: 'https://people.example', challengeClaim: 'email', issuerType: 'email' },
        { ...common, issuerUrl: 'https://trusting.example', challengeClaim: 'email', issuerType: 'email', skipEmailVerification: true },
        { ...common, issuerUrl: 'https://spire.example', spiffeTrustDomain: 'prod.example', issuerType: 'spiffe' },
        { ...common, issuerUrl: 'https://login.forge.example', subjectDomain: 'forge.example', issuerType: 'username' },
        {
          ...common,
          issuerUrl: 'https://challenge.example',
          audience: 'assay',
          challengeClaim: 'nickname',
          subjectDomain: 'https://challenge.example',
          issuerType: 'uri',
        },
        { ...common, wildcardIssuerUrl: 'https://oidc.eks.*.amazonaws.example/id/*', issuerType: 'kubernetes' },
      ]),
    );
  });

  test('what it does not know is left to others', async () => {
    const scene = await makeScene();
    expect((await scene.send('/api/v2/nothing')).status).toBe(404);
    expect((await scene.send(V2)).status).toBe(404);
  });

  test('counts what it did', async () => {
    const scene = await makeScene();
    await scene.certify(PERSON, PERSON.email);
    await scene.post(V2, '{}');
    await scene.post(V2, '{}');
    expect(scene.service.stats?.()).toEqual({ issued: 1, refused: 2, failed: 0 });
  });
});

describe('issuing', () => {
  for (const caKey of ['p256', 'p384', 'rsa2048'] as const) {
    test(`${caKey}: the SCT covers the certificate as the log saw it, byte for byte`, async () => {
      const scene = await makeScene({ caKey });
      const leaf = await scene.certify(PERSON, PERSON.email);
      const [[precertificate, ...issuers] = []] = scene.logged;
      expect(issuers).toEqual(scene.chain);

      const pre = Certificate.parse(precertificate as Uint8Array);
      expect(pre.extensions.map(({ oid }) => oid)).toEqual([...leaf.extensions.map(({ oid }) => oid).slice(0, -1), OID.precertificatePoison]);
      expect(pre.extensions.at(-1)).toMatchObject({ critical: true, value: Uint8Array.of(5, 0) });
      expect([pre.serial, pre.validity, pre.issuer]).toEqual([leaf.serial, leaf.validity, leaf.issuer]);
      expect(leaf.extensions.at(-1)).toMatchObject({ oid: OID.sctList, critical: false });

      const scts = parseSctList(leaf.extension(OID.sctList)?.value ?? new Uint8Array(0));
      if (typeof scts === 'string') throw new Error(scts);
      expect(scts).toHaveLength(1);
      const tbs = removePoison(precertificate as Uint8Array);
      expect(tbsWithoutScts(leaf)).toEqual(tbs);
      const text = sctSignedText({ timestampMs: NOW.getTime(), entry: precertEntry(scene.authority.key.spki, tbs) });
      expect(
        await verifySignature(nodeCrypto, parseSpki(scene.ctKey.spki), { name: 'ecdsa', hash: 'sha256' }, text, scts[0]?.signature ?? new Uint8Array(0)),
      ).toBe(true);

      for (const certificate of [pre, leaf]) expect(await isSignedBy(certificate, Certificate.parse(scene.authority.certificate))).toBe(true);
    });
  }

  test('valid from now for ten minutes, with both key identifiers, one critical name and no basic constraints', async () => {
    const scene = await makeScene();
    const leaf = await scene.certify(PERSON, PERSON.email);
    const issuer = Certificate.parse(scene.authority.certificate);
    expect(leaf.validity).toEqual({ start: NOW, end: new Date(NOW.getTime() + 600_000) });
    expect(leaf.authorityKeyId).toEqual(issuer.subjectKeyId);
    expect(leaf.subjectKeyId).toHaveLength(20);
    expect(leaf.basicConstraints).toBeUndefined();
    expect(leaf.extendedKeyUsage).toEqual([OID.codeSigning]);
    expect([leaf.allowsUsage('digitalSignature'), leaf.allowsUsage('keyCertSign')]).toEqual([true, false]);
    expect(leaf.extension('2.5.29.17')?.critical).toBe(true);
    expect(leaf.extensions.filter(({ critical }) => critical).map(({ oid }) => oid)).toEqual(['2.5.29.15', '2.5.29.17']);
  });

  test('a log that fails is a failure of ours, and no certificate leaves', async () => {
    const scene = await makeScene({ ctLog: 'fails' });
    const answer = await scene.post(V2, keyRequest(await scene.token(PERSON), PERSON.email));
    expect([answer.status, JSON.parse(answer.text)]).toEqual([500, { code: 13, message: 'Error entering certificate in CTL', details: [] }]);
    expect(answer.text).not.toContain('CERTIFICATE-----');
    expect(scene.logged).toHaveLength(1);
    expect(scene.service.stats?.()).toEqual({ issued: 0, refused: 0, failed: 1 });
  });

  const clocks: Record<string, Date> = {
    'has gone back to before the authority was made': new Date('2025-12-31T23:59:59Z'),
    'is so far that the certificate would outlive the authority': new Date('2035-12-31T23:55:00Z'),
  };
  for (const [name, now] of Object.entries(clocks)) {
    test(`a clock that ${name} issues nothing`, async () => {
      const scene = await makeScene();
      expect(scene.service.problem?.()).toBeUndefined();
      scene.now = now;
      const answer = await scene.post(V2, keyRequest(await scene.token(PERSON), PERSON.email));
      expect([answer.status, JSON.parse(answer.text)]).toEqual([500, { code: 13, message: 'error communicating with CA backend', details: [] }]);
      expect(scene.logged).toEqual([]);
      expect(scene.service.problem?.()).toContain(`nothing can be issued at ${now.toISOString()}`);
      scene.now = NOW;
      expect(scene.service.problem?.()).toBeUndefined();
      await scene.certify(PERSON, PERSON.email);
    });
  }

  test('a clock that goes back an hour refuses the tokens of the hour, and issues for new ones', async () => {
    const scene = await makeScene();
    const token = await scene.token(PERSON);
    await scene.post(V2, keyRequest(token, PERSON.email));
    scene.now = new Date(NOW.getTime() - 3_600_000);
    const answer = await scene.post(V2, keyRequest(token, PERSON.email));
    expect(JSON.parse(answer.text).message).toContain('token is not valid before 2026-08-25T12:00:00.000Z, and it is 2026-08-25T11:00:00.000Z');
    expect((await scene.certify(PERSON, PERSON.email)).validity.start).toEqual(scene.now);
    expect(scene.logged).toHaveLength(2);
  });
});

describe('an authority that no client would accept does not open', () => {
  const { authority, chain } = makeAuthority('p256');
  const other = makeAuthority('p256');
  const life = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2036-01-01T00:00:00Z') };
  const root = issueRoot({ name: { commonName: 'lonely' }, key: generateKey('p256'), ...life });
  const cases: Record<string, [Parameters<typeof checkedChain>[0], string]> = {
    'a chain of one': [{ authority, chain: chain.slice(0, 1) }, 'at least two'],
    'the chain of another': [{ authority, chain: other.chain }, 'does not begin with'],
    'another key': [{ authority: { ...authority, key: other.authority.key }, chain }, 'for another key'],
    'a root that did not issue it': [{ authority, chain: [authority.certificate, root.certificate] }, 'was not issued by the next one'],
    'a root that issues directly': [{ authority: root, chain: [root.certificate, root.certificate] }, 'not for code signing'],
  };
  for (const [name, [options, message]] of Object.entries(cases)) {
    test(name, () => {
      expect(() => checkedChain(options)).toThrow(message);
    });
  }

  test('and neither does the service', async () => {
    const log = pino({ level: 'silent' });
    const context = { disk: openDisk('/nowhere'), clock: () => NOW, baseUrl: 'http://127.0.0.1:1', log };
    const opening = openCa({ ...context, authority, chain: [], config: { issuers: [] }, fetchIssuer: () => Promise.reject(new Error('no')) });
    await expect(opening).rejects.toThrow(TypeError);
  });
});

const TOKEN = 'There was an error processing the identity token';
const SIGNATURE = 'The signature supplied in the request could not be verified';
const KEY = 'The public key supplied in the request could not be parsed';
const INSECURE = 'The public key supplied in the request is insecure';
const CSR = 'The certificate signing request could not be parsed';
const SECONDS = Math.floor(NOW.getTime() / 1000);

type Request = (scene: Scene) => Promise<{ body: unknown; headers?: Record<string, string>; path?: string }>;

describe('refuses, and neither logs nor certifies', () => {
  const key = generateKey('p256');
  const withToken =
    (token: (scene: Scene) => Promise<string> | string): Request =>
    async (scene) => ({ body: keyRequest(await token(scene), PERSON.email, key) });
  const withKey =
    (content: string, signature: Uint8Array = new Uint8Array(64)): Request =>
    async (scene) => ({
      body: {
        credentials: { oidcIdentityToken: await scene.token(PERSON) },
        publicKeyRequest: { publicKey: { content }, proofOfPossession: encodeBase64(signature) },
      },
    });
  const withForeignKey = ({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Request =>
    withKey(publicKey.export({ format: 'pem', type: 'spki' }) as string, sign('sha256', utf8(PERSON.email), privateKey));
  const withCsr =
    (csr: string | Uint8Array): Request =>
    async (scene) => ({
      body: {
        credentials: { oidcIdentityToken: await scene.token(PERSON) },
        certificateSigningRequest: encodeBase64(typeof csr === 'string' ? utf8(csr) : csr),
      },
    });
  const text =
    (body: (token: string) => string): Request =>
    async (scene) => ({ body: body(await scene.token(PERSON)) });

  const cases: Record<string, [Request, string, number?]> = {
    // Tokens.
    'no token': [async () => ({ body: keyRequest(undefined, PERSON.email) }), `${TOKEN}: the request has none`],
    'credentials of another scheme': [
      async () => ({ body: keyRequest(undefined, PERSON.email), headers: { Authorization: 'Basic YTpi' } }),
      `${TOKEN}: the request has none`,
    ],
    'a token that is none': [withToken(() => 'abc'), `${TOKEN}: malformed jwt, token must have 3 parts`],
    'a payload that is not JSON': [withToken(() => signToken(utf8('x'), RS256)), `${TOKEN}: its claims are not valid JSON: unexpected character at offset 0`],
    'a payload that is not UTF-8': [withToken(() => signToken(Uint8Array.of(0xff, 0xfe), RS256)), `${TOKEN}: malformed jwt payload`],
    'a claim that stands there twice': [
      withToken(() => signToken(utf8(`{"iss":"${PERSON.iss}","sub":"a","sub":"b","aud":"sigstore","exp":${SECONDS + 60}}`), RS256)),
      `${TOKEN}: its claims are not valid JSON: duplicate member "sub" at offset 42`,
    ],
    'an unknown issuer': [
      withToken((scene) => scene.token({ ...PERSON, iss: 'https://evil.example' })),
      `${TOKEN}: the issuer "https://evil.example" is not configured`,
    ],
    'an issuer with one slash more': [
      withToken((scene) => scene.token({ ...PERSON, iss: `${PERSON.iss}/` })),
      `${TOKEN}: the issuer "https://people.example/" is not configured`,
    ],
    'an issuer that only contains one that fits a wildcard': [
      withToken((scene) => scene.token({ iss: 'https://evil.example/?https://oidc.eks.a.amazonaws.example/id/b', sub: 'x' })),
      `${TOKEN}: the issuer "https://evil.example/?https://oidc.eks.a.amazonaws.example/id/b" is not configured`,
    ],
    'an issuer with more labels than a wildcard stands for': [
      withToken((scene) => scene.token({ iss: 'https://oidc.eks.a.b.amazonaws.example/id/b', sub: 'x' })),
      `${TOKEN}: the issuer "https://oidc.eks.a.b.amazonaws.example/id/b" is not configured`,
    ],
    'another audience': [withToken((scene) => scene.token({ ...PERSON, aud: 'other' })), `${TOKEN}: expected audience "sigstore" got "other"`],
    'no audience': [withToken((scene) => scene.token({ ...PERSON, aud: undefined })), `${TOKEN}: expected audience "sigstore" got nothing`],
    'an audience that only begins like ours': [
      withToken((scene) => scene.token({ ...PERSON, aud: ['sigstore-staging', 'x'] })),
      `${TOKEN}: expected audience "sigstore" got "sigstore-staging", "x"`,
    ],
    'an audience that is a number': [withToken((scene) => scene.token({ ...PERSON, aud: [1] })), `${TOKEN}: the aud claim is not a string`],
    'an altered signature': [withToken(async (scene) => alterEnd(await scene.token(PERSON))), `${TOKEN}: its signature does not verify`],
    'altered claims': [
      withToken(async (scene) => swapPayload(await scene.token(PERSON), await scene.token({ ...PERSON, sub: 'x' }))),
      `${TOKEN}: its signature does not verify`,
    ],
    "a stranger's signature under the issuer's key id": [
      withToken((scene) => scene.token(PERSON, { signer: 'stranger' })),
      `${TOKEN}: its signature does not verify`,
    ],
    'algorithm none': [
      withToken((scene) => scene.token(PERSON, { algorithm: 'none' })),
      `${TOKEN}: it is signed with "none", and accepted is "RS256", "ES256"`,
    ],
    'algorithm none, in other letters': [
      withToken(() => signToken(claims({}), { alg: 'none', kid: 'RS256' }).then((token) => withHeader(token, { alg: 'nOnE' }))),
      `${TOKEN}: it is signed with "nOnE", and accepted is "RS256", "ES256"`,
    ],
    'no algorithm': [
      withToken(async (scene) => withHeader(await scene.token(PERSON), { kid: 'RS256' })),
      `${TOKEN}: it is signed with "undefined", and accepted is "RS256", "ES256"`,
    ],
    'an algorithm that is an object, which no text can be made of': [
      withToken(async (scene) => withHeader(await scene.token(PERSON), { alg: { toString: 1, valueOf: 1 }, kid: 'RS256' })),
      `${TOKEN}: it is signed with "object", and accepted is "RS256", "ES256"`,
    ],
    'a key id that is one': [
      withToken(async (scene) => withHeader(await scene.token(PERSON), { alg: 'RS256', kid: { toString: 1, valueOf: 1 } })),
      `${TOKEN}: its issuer has no RS256 key "object"`,
    ],
    'a shared secret': [
      withToken((scene) => scene.token(PERSON, { algorithm: 'HS256', kid: 'RS256' })),
      `${TOKEN}: it is signed with "HS256", and accepted is "RS256", "ES256"`,
    ],
    'a key of another algorithm': [
      withToken((scene) => scene.token(PERSON, { algorithm: 'RS256', kid: 'ES256' })),
      `${TOKEN}: its issuer has no RS256 key "ES256"`,
    ],
    'a header with a critical extension': [
      withToken(async (scene) => withHeader(await scene.token(PERSON), { alg: 'RS256', kid: 'RS256', b64: false, crit: ['b64'] })),
      `${TOKEN}: its header has critical extensions`,
    ],
    'a header that is not JSON': [withToken(async (scene) => `AAAA.${(await scene.token(PERSON)).split('.')[1]}.AAAA`), `${TOKEN}: malformed jwt header`],
    'an expired token': [
      withToken((scene) => scene.token({ ...PERSON, exp: SECONDS })),
      `${TOKEN}: token is expired (Token Expiry: 2026-08-25T12:00:00.000Z), and it is 2026-08-25T12:00:00.000Z`,
    ],
    'a token for ever': [withToken((scene) => scene.token({ ...PERSON, exp: undefined })), `${TOKEN}: missing exp claim in ID token`],
    'an expiry that is no time': [withToken((scene) => scene.token({ ...PERSON, exp: '2099' })), `${TOKEN}: the exp claim is not a time`],
    'a token that is not yet valid': [
      withToken((scene) => scene.token({ ...PERSON, nbf: SECONDS + 301 })),
      `${TOKEN}: token is not valid before 2026-08-25T12:05:01.000Z, and it is 2026-08-25T12:00:00.000Z`,
    ],
    'a token that was made in the future': [
      withToken((scene) => scene.token({ ...PERSON, iat: SECONDS + 301 })),
      `${TOKEN}: token is issued at 2026-08-25T12:05:01.000Z, and it is 2026-08-25T12:00:00.000Z`,
    ],

    // Proofs of possession.
    'a proof over another challenge': [async (scene) => ({ body: keyRequest(await scene.token(PERSON), PERSON.sub) }), SIGNATURE],
    'a proof over the address with a line end': [async (scene) => ({ body: keyRequest(await scene.token(PERSON), `${PERSON.email}\n`) }), SIGNATURE],
    'a proof of another key': [withKey(key.publicPem, generateKey('p256').sign(utf8(PERSON.email))), SIGNATURE],
    'a proof with another hash': [withKey(key.publicPem, key.sign(utf8(PERSON.email), 'sha512')), SIGNATURE],
    'a proof with the hash of a smaller curve': [withKey(P384.publicPem, P384.sign(utf8(PERSON.email), 'sha256')), SIGNATURE],
    'a pre-hashed Ed25519 proof': [withKey(ED25519.publicPem, ED25519.signMessage(utf8(PERSON.email))), SIGNATURE],
    'an empty proof': [withKey(key.publicPem, new Uint8Array(0)), SIGNATURE],
    'a zero proof': [withKey(key.publicPem, Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0)), SIGNATURE],

    // Keys.
    'no key': [withKey(''), KEY],
    'a request without a key': [async (scene) => ({ body: { credentials: { oidcIdentityToken: await scene.token(PERSON) } } }), KEY],
    'a key that is text': [withKey('my key'), KEY],
    'a PEM of something else': [withKey(encodePem('CERTIFICATE', key.spki)), KEY],
    'a private key': [withKey(key.exportPrivatePem()), KEY],
    'a key with bytes after it': [withKey(encodePem('PUBLIC KEY', Uint8Array.of(...key.spki, 0))), KEY],
    'a point that is not on the curve': [withKey(encodePem('PUBLIC KEY', lastByteFlipped(key.spki))), KEY],
    'P-224': [withForeignKey(generateKeyPairSync('ec', { namedCurve: 'secp224r1' })), INSECURE],
    secp256k1: [withForeignKey(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), INSECURE],
    'RSA with 1024 bits': [withForeignKey(generateKeyPairSync('rsa', { modulusLength: 1024 })), INSECURE],
    'RSA with a size between those known': [withForeignKey(generateKeyPairSync('rsa', { modulusLength: 2056 })), INSECURE],
    'RSA with exponent 3': [withForeignKey(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })), INSECURE],
    'RSA with a small factor': [withKey(encodePem('PUBLIC KEY', rsaSpki((1n << 2047n) + 1n))), INSECURE],
    Ed448: [withKey(generateKeyPairSync('ed448').publicKey.export({ format: 'pem', type: 'spki' }) as string), INSECURE],

    // Certificate signing requests.
    'a request that is not PEM': [withCsr('request'), CSR],
    'a request in DER': [withCsr(Uint8Array.of(0x30, 0)), CSR],
    'a PEM of something else than a request': [withCsr(makeCsr(key, { label: 'CERTIFICATE' })), CSR],
    'a request that is cut short': [withCsr(encodePem('CERTIFICATE REQUEST', derOf(makeCsr(key)).subarray(0, -1))), CSR],
    'a request with another version': [withCsr(encodePem('CERTIFICATE REQUEST', withVersion(derOf(makeCsr(key)), 1))), CSR],
    'a request signed by another key': [withCsr(makeCsr(key, { signer: generateKey('p256') })), SIGNATURE],
    'a request with an altered signature': [withCsr(encodePem('CERTIFICATE REQUEST', lastByteFlipped(derOf(makeCsr(key))))), SIGNATURE],
    'a request with another hash than the key goes with': [
      withCsr(makeCsr(key, { hash: 'sha384' })),
      'signing algorithm not permitted: P-256 with ecdsa sha384',
    ],
    'a request for a small RSA key': [withCsr(smallRsaCsr()), INSECURE],

    // Bodies.
    'a body that is not JSON': [async () => ({ body: '{' }), 'the body is not valid JSON: expected a member name at offset 1'],
    'no body': [async () => ({ body: '' }), 'the body is not valid JSON: unexpected end at offset 0'],
    'a list': [async () => ({ body: '[]' }), 'the body is not a JSON object'],
    'a member twice': [
      text((token) => `{"credentials":{},"credentials":{"oidcIdentityToken":"${token}"}}`),
      'the body is not valid JSON: duplicate member "credentials" at offset 18',
    ],
    'a member in both spellings': [
      text((token) => `{"credentials":{"oidcIdentityToken":"x","oidc_identity_token":"${token}"}}`),
      'credentials.oidcIdentityToken stands there twice, also as oidc_identity_token',
    ],
    'both ways to show the key': [
      async (scene) => ({ body: { ...keyRequest(await scene.token(PERSON), PERSON.email), certificateSigningRequest: encodeBase64(utf8(makeCsr(key))) } }),
      'publicKeyRequest and certificateSigningRequest exclude each other',
    ],
    'a proof that is not base64': [
      async (scene) => ({ body: { credentials: { oidcIdentityToken: await scene.token(PERSON) }, publicKeyRequest: { proofOfPossession: '!' } } }),
      'publicKeyRequest.proofOfPossession is not base64',
    ],
    'a token that is a number': [async () => ({ body: { credentials: { oidcIdentityToken: 1 } } }), 'credentials.oidcIdentityToken is not a string'],
    'credentials that are a list': [async () => ({ body: { credentials: [] } }), 'credentials is not an object'],
    'a body over the cap': [async () => ({ body: ' '.repeat(131_073) }), 'http: request body too large: more than 131072 bytes', 413],
    'v1 without a key': [async (scene) => ({ path: V1, body: {}, headers: { Authorization: `Bearer ${await scene.token(PERSON)}` } }), KEY],
    'v1 with a token in the body': [
      async (scene) => ({ path: V1, body: keyRequest(await scene.token(PERSON), PERSON.email) }),
      `${TOKEN}: the request has none`,
    ],
  };

  for (const [name, [request, message, status = 400]] of Object.entries(cases)) {
    test(name, async () => {
      const scene = await makeScene();
      const { body, headers, path = V2 } = await request(scene);
      const answer: Answer = await scene.post(path, body, headers);
      expect(JSON.parse(answer.text)).toEqual({ code: 3, message, details: [] });
      expect(answer.status).toBe(status);
      expect(scene.logged).toEqual([]);
      expect(scene.service.stats?.()).toEqual({ issued: 0, refused: 1, failed: 0 });
    });
  }

  test('no message has the token in it', async () => {
    const lines: string[] = [];
    const { authority, chain } = makeAuthority('p256');
    const scene = await makeScene();
    const token = await scene.token({ ...PERSON, aud: 'other' });
    const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
    const context = { disk: openDisk('/nowhere'), clock: () => NOW, baseUrl: 'http://127.0.0.1:1', log };
    const service = await openCa({ ...context, authority, chain, config: { issuers: [] }, fetchIssuer: () => Promise.reject(new Error('no')) });
    const answer = await service.app.fetch(new Request(`http://a${V2}`, { method: 'POST', body: JSON.stringify(keyRequest(token, PERSON.email)) }));
    expect(lines).toHaveLength(1);
    for (const part of token.split('.')) expect([await answer.clone().text(), ...lines].join()).not.toContain(part);
  });
});

describe('accepts', () => {
  const accepted: Record<string, object> = {
    'a token that ends in a second': { ...PERSON, exp: SECONDS + 1 },
    'a token whose time begins within five minutes': { ...PERSON, nbf: SECONDS + 300, iat: SECONDS + 300 },
    'a token without iat and nbf': { ...PERSON, iat: undefined, nbf: undefined },
    'one audience among several': { ...PERSON, aud: ['other', 'sigstore'] },
    'times with fractions': { ...PERSON, iat: SECONDS - 0.5, exp: SECONDS + 0.5 },
  };
  for (const [name, claimed] of Object.entries(accepted)) {
    test(name, async () => {
      await (await makeScene()).certify(claimed, PERSON.email);
    });
  }

  test('a token signed with ES256', async () => {
    const scene = await makeScene();
    const token = await scene.token(PERSON, { algorithm: 'ES256' });
    expect((await scene.post(V2, keyRequest(token, PERSON.email))).status).toBe(200);
  });
});

const RS256 = { alg: 'RS256', kid: 'RS256' };
const P384 = generateKey('p384');
const ED25519 = generateKey('ed25519');

function claims(more: object): Uint8Array {
  return utf8(JSON.stringify({ ...PERSON, aud: 'sigstore', exp: SECONDS + 60, ...more }));
}

function withHeader(token: string, header: object): string {
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...token.split('.').slice(1)].join('.');
}

function swapPayload(token: string, other: string): string {
  return [token.split('.')[0], other.split('.')[1], token.split('.')[2]].join('.');
}

function alterEnd(token: string): string {
  const at = token.length - 10;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

function lastByteFlipped(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
}

function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
}

/** `info` begins after two headers of two or three bytes; its version is the first INTEGER. */
function withVersion(csr: Uint8Array, version: number): Uint8Array {
  const at = csr.findIndex((byte, i) => byte === 2 && csr[i + 1] === 1 && csr[i + 2] === 0);
  return Uint8Array.from(csr, (byte, i) => (i === at + 2 ? version : byte));
}

/** Any modulus, e = 65537. */
function rsaSpki(modulus: bigint): Uint8Array {
  return sequence(sequence(oid('1.2.840.113549.1.1.1'), nullValue()), bitString(sequence(integer(modulus), integer(65_537))));
}

function smallRsaCsr(): string {
  return makeCsr(new SigningKey('rsa2048', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey));
}

async function isSignedBy({ tbs, signatureAlgorithm, signature }: Certificate, { publicKey }: Certificate): Promise<boolean> {
  const scheme = signatureSchemeOf(signatureAlgorithm);
  return scheme !== undefined && verifySignature(nodeCrypto, publicKey, scheme, tbs.raw, signature);
}
