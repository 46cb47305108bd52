import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeBase64, encodePem, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { keyRequest } from '../../test/certificate-request.ts';
import { openIssuerFetcher } from './fetch-issuer.ts';
import type { FetchIssuer, FetchLimits } from './issuer-keys.ts';
import { type Answer, makeAuthority, makeScene, NOW, PERSON, type Scene, signToken } from './test/scene.ts';

const DISCOVERY = 'https://people.example/.well-known/openid-configuration';
const KEYS = 'https://people.example/keys';
const TOKEN = 'There was an error processing the identity token';

async function ask(scene: Scene, claims: object = PERSON, kid = 'RS256'): Promise<Answer> {
  return scene.post('/api/v2/signingCert', keyRequest(await scene.token(claims, { kid }), PERSON.email));
}

function later(scene: Scene, seconds: number): void {
  scene.now = new Date(scene.now.getTime() + seconds * 1000);
}

describe('keys of an issuer', () => {
  test('are fetched once for many tokens, also for those that come at once', async () => {
    const scene = await makeScene();
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(scene)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(scene.fetched).toEqual([DISCOVERY, KEYS]);
    later(scene, 3599);
    await ask(scene);
    expect(scene.fetched).toHaveLength(2);
  });

  test('are fetched again after an hour', async () => {
    const scene = await makeScene();
    await ask(scene);
    later(scene, 3600);
    expect((await ask(scene)).status).toBe(200);
    expect(scene.fetched).toHaveLength(4);
  });

  test('are fetched again when the clock has gone back', async () => {
    const scene = await makeScene();
    await ask(scene);
    later(scene, -7200);
    expect((await ask(scene)).status).toBe(200);
    expect(scene.fetched).toHaveLength(4);
  });

  test('are fetched again for a key id that is new, and not for every one', async () => {
    const scene = await makeScene();
    await ask(scene);
    for (let i = 0; i < 5; i++) expect(JSON.parse((await ask(scene, PERSON, 'new')).text).message).toBe(`${TOKEN}: its issuer has no RS256 key "new"`);
    expect(scene.fetched).toHaveLength(2);
    later(scene, 10);
    for (let i = 0; i < 5; i++) await ask(scene, PERSON, 'new');
    expect(scene.fetched).toHaveLength(4);
  });

  test('that were rotated are found', async () => {
    let rotated = false;
    const [old, fresh] = await Promise.all([makeScene(), makeScene()]);
    const keySet = (scene: Scene): { keys: { kid: string }[] } => JSON.parse(documentOf(scene, KEYS)) as { keys: { kid: string }[] };
    const scene = await makeScene({
      fetchIssuer: async (url) => {
        if (url !== KEYS) return utf8(documentOf(old, url));
        const { keys } = keySet(rotated ? fresh : old);
        return utf8(JSON.stringify({ keys: rotated ? keys : keys.map((key) => ({ ...key, kid: `${key.kid}-old` })) }));
      },
    });
    await ask(scene, PERSON, 'RS256-old');
    rotated = true;
    later(scene, 11);
    expect((await ask(scene)).status).toBe(200);
  });

  test('are each tried for a token without a key id', async () => {
    const other = JSON.parse(documentOf(await makeScene(), KEYS)) as { keys: object[] };
    const strange = {
      keys: other.keys.flatMap((key) => [
        { ...key, kid: undefined, n: altered(key) },
        { ...key, kid: undefined },
      ]),
    };
    const scene = await makeScene({ fetchIssuer: async (url) => utf8(url === KEYS ? JSON.stringify(strange) : documentOf(scene, url)) });
    const token = await signToken(utf8(JSON.stringify({ ...PERSON, aud: 'sigstore', exp: NOW.getTime() / 1000 + 60 })), { alg: 'RS256' });
    expect((await scene.post('/api/v2/signingCert', keyRequest(token, PERSON.email))).status).toBe(200);
  });

  test('of an issuer that fails are not asked for again and again, and are found when it is back', async () => {
    let asked = 0;
    let isBack = false;
    const scene = await makeScene({
      fetchIssuer: async (url) => {
        asked++;
        return isBack ? utf8(documentOf(scene, url)) : Promise.reject(new Error('down'));
      },
    });
    for (let i = 0; i < 5; i++) expect(JSON.parse((await ask(scene)).text).message).toBe(`${TOKEN}: ${DISCOVERY} cannot be fetched`);
    expect(asked).toBe(1);
    isBack = true;
    later(scene, 10);
    expect((await ask(scene)).status).toBe(200);
  });

  test('are kept for a hundred issuers at most', async () => {
    const scene = await makeScene();
    const workload = (i: number): object => ({
      iss: `https://oidc.eks.r.amazonaws.example/id/${i}`,
      sub: 's',
      'kubernetes.io': { namespace: 'a', serviceaccount: { name: 'b' } },
    });
    for (let i = 0; i <= 100; i++) await ask(scene, workload(i));
    expect(scene.fetched).toHaveLength(202);
    await ask(scene, workload(100));
    expect(scene.fetched).toHaveLength(202);
    await ask(scene, workload(0));
    expect(scene.fetched).toHaveLength(204);
  });

  const limits: FetchLimits[] = [];
  test("come with the issuer's own certificates, within ten seconds and a size", async () => {
    const scene = await makeScene({
      config: `oidc-issuers: { https://people.example: { client-id: sigstore, type: email, ca-cert: ${JSON.stringify(PEM)} } }`,
      fetchIssuer: async (url, given) => {
        limits.push(given);
        return utf8(documentOf(scene, url));
      },
    });
    await ask(scene);
    expect(limits).toEqual(Array(2).fill({ timeoutMs: 10_000, maxBytes: 262_144, caCert: PEM }));
  });
});

describe('an issuer is refused', () => {
  const discovery = { issuer: PERSON.iss, jwks_uri: KEYS };
  const cases: Record<string, [Record<string, unknown>, string]> = {
    'that calls itself by another name': [
      { [DISCOVERY]: { ...discovery, issuer: `${PERSON.iss}/` } },
      'the issuer "https://people.example" calls itself "https://people.example/"',
    ],
    'without a name': [{ [DISCOVERY]: { jwks_uri: KEYS } }, 'the issuer "https://people.example" calls itself "undefined"'],
    'whose name is an object': [{ [DISCOVERY]: { ...discovery, issuer: {} } }, 'the issuer "https://people.example" calls itself "object"'],
    'without keys': [{ [DISCOVERY]: { issuer: PERSON.iss } }, 'the issuer "https://people.example" has no usable jwks_uri'],
    'whose keys come unencrypted': [
      { [DISCOVERY]: { ...discovery, jwks_uri: 'http://people.example/keys' } },
      'the issuer "https://people.example" has no usable jwks_uri',
    ],
    'whose keys lie in a file': [
      { [DISCOVERY]: { ...discovery, jwks_uri: 'file:///etc/passwd' } },
      'the issuer "https://people.example" has no usable jwks_uri',
    ],
    'whose discovery is a list': [{ [DISCOVERY]: [] }, `${DISCOVERY} is not a JSON object`],
    'whose keys are no keys': [{ [DISCOVERY]: discovery, [KEYS]: { keys: 'none' } }, 'the keys of the issuer "https://people.example" are malformed'],
    'whose keys are too many': [{ [DISCOVERY]: discovery, [KEYS]: { keys: [], pad: ' '.repeat(262_144) } }, `${KEYS} is larger than 262144 bytes`],
    'that signs with nothing but shared secrets': [
      { [DISCOVERY]: { ...discovery, id_token_signing_alg_values_supported: ['HS256', 'none'] }, [KEYS]: { keys: [] } },
      'it is signed with "RS256", and accepted is nothing',
    ],
    'that signs with another algorithm than it says': [
      { [DISCOVERY]: { ...discovery, id_token_signing_alg_values_supported: ['ES256'] }, [KEYS]: { keys: [] } },
      'it is signed with "RS256", and accepted is "ES256"',
    ],
    'with a private key among its public ones, which may be anyone’s': [
      { [DISCOVERY]: discovery, [KEYS]: { keys: [{ kty: 'oct', kid: 'RS256', k: encodeBase64(utf8('secret')) }] } },
      'its issuer has no RS256 key "RS256"',
    ],
  };
  for (const [name, [documents, reason]] of Object.entries(cases)) {
    test(name, async () => {
      const scene = await makeScene({ fetchIssuer: async (url) => utf8(JSON.stringify(documents[url])) });
      const answer = await ask(scene);
      expect([answer.status, JSON.parse(answer.text).message]).toEqual([400, `${TOKEN}: ${reason}`]);
      expect(scene.logged).toEqual([]);
    });
  }

  test('whose discovery has a member twice', async () => {
    const scene = await makeScene({ fetchIssuer: async () => utf8(`{"issuer":"${PERSON.iss}","issuer":"https://evil.example"}`) });
    expect(JSON.parse((await ask(scene)).text).message).toBe(`${TOKEN}: ${DISCOVERY} is not valid JSON: duplicate member "issuer" at offset 35`);
  });
});

describe('over HTTP', () => {
  async function served(answer: (path: string) => { status?: number; headers?: Record<string, string>; body?: string }): Promise<[Server, string]> {
    const server = createServer((request, response) => {
      const { status = 200, headers = {}, body = '{}' } = answer(request.url ?? '');
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
  }

  const fetchWith = async (origin: string, path: string): Promise<string> => {
    const { fetchIssuer, close } = openIssuerFetcher();
    try {
      return Buffer.from(await (fetchIssuer satisfies FetchIssuer)(`${origin}${path}`, { timeoutMs: 10_000, maxBytes: 100 })).toString();
    } finally {
      close();
    }
  };

  test('an issuer is read, follows its own redirects, and nobody else’s', async () => {
    const [other, otherOrigin] = await served(() => ({ body: '{"evil":true}' }));
    const [server, origin] = await served((path) => {
      if (path === '/moved') return { status: 302, headers: { Location: '/here' } };
      if (path === '/away') return { status: 302, headers: { Location: `${otherOrigin}/x` } };
      if (path === '/large') return { body: 'x'.repeat(101) };
      return path === '/here' ? { body: '{"here":1}' } : { status: 404 };
    });
    try {
      expect(await fetchWith(origin, '/here')).toBe('{"here":1}');
      expect(await fetchWith(origin, '/moved')).toBe('{"here":1}');
      await expect(fetchWith(origin, '/away')).rejects.toThrow('redirects to another host');
      await expect(fetchWith(origin, '/large')).rejects.toMatchObject({ code: 'NET_TOO_LARGE' });
      await expect(fetchWith(origin, '/absent')).rejects.toThrow('answered 404');
    } finally {
      server.close();
      other.close();
    }
  });

  test('a certificate is issued for an issuer that is really asked', async () => {
    const documents = await makeScene();
    const [server, origin] = await served((path) => ({ body: answers.get(path) ?? '{}' }));
    const answers = new Map([
      ['/.well-known/openid-configuration', JSON.stringify({ issuer: origin, jwks_uri: `${origin}/keys` })],
      ['/keys', documentOf(documents, KEYS)],
    ]);
    const { fetchIssuer, close } = openIssuerFetcher();
    try {
      const scene = await makeScene({ config: `oidc-issuers: { "${origin}": { client-id: sigstore, type: email } }`, fetchIssuer });
      expect((await ask(scene, { ...PERSON, iss: origin })).status).toBe(200);
    } finally {
      close();
      server.close();
    }
  });
});

/** What the issuers of a scene publish. */
function documentOf(scene: Scene, url: string): string {
  return JSON.stringify(scene.published(url));
}

function altered(key: object): string | undefined {
  const n = (key as { n?: string }).n;
  return n === undefined ? undefined : `${n.slice(0, 20)}${n[20] === 'A' ? 'B' : 'A'}${n.slice(21)}`;
}

const PEM = encodePem('CERTIFICATE', makeAuthority('p256').authority.certificate);
