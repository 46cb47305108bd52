/** Against variables in memory that are reached as GitLab's are. */
import { toHex, utf8 } from '@assay/core';
import { type Server, serve } from '@assay/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keyContext, refusal } from '../../test/key-context.ts';
import { encryptPrivateKey, generateKeyPair, loadPublicKey, loadSigner, publicKeyPem, type StorableKeyPair, storeKeyPair } from '../index.ts';

const TOKEN = 'glpat-secret';
const pair = await generateKeyPair();
const stored: StorableKeyPair = {
  privateKeyPem: await encryptPrivateKey(pair.pkcs8, utf8('open sesame')),
  publicKeyPem: publicKeyPem(pair.publicKey),
  password: utf8('open sesame'),
};

/** Owners by URL path, each with its variables. */
const owners = new Map<string, Map<string, Record<string, unknown>>>();

async function gitlab(request: Request): Promise<Response> {
  if (request.headers.get('private-token') !== TOKEN) return Response.json({ message: '401 Unauthorized' }, { status: 401 });
  const [, owner = '', , name] = /^\/api\/v4\/((?:projects|groups)\/[^/]+)(\/variables(?:\/(.+))?)?$/.exec(new URL(request.url).pathname) ?? [];
  const variables = owners.get(owner);
  if (variables === undefined) return Response.json({ message: '404 Not Found' }, { status: 404 });
  if (request.method === 'GET') {
    const found = name === undefined ? { id: 1 } : variables.get(name);
    return found === undefined ? Response.json({ message: '404 Variable Not Found' }, { status: 404 }) : Response.json(found);
  }
  const variable = (await request.json()) as { key: string };
  if (variables.has(variable.key)) return Response.json({ message: { key: [`(${variable.key}) has already been taken`] } }, { status: 400 });
  variables.set(variable.key, variable);
  return Response.json(variable, { status: 201 });
}

let server: Server;
beforeAll(async () => {
  server = await serve(gitlab);
});
afterAll(() => server.close());
beforeEach(() => {
  owners.clear();
  owners.set('projects/group%2Fproject', new Map());
  owners.set('groups/team', new Map());
});

const context = (env = {}) => keyContext({ env: { GITLAB_HOST: server.url, GITLAB_TOKEN: TOKEN, ...env } });

describe('a key pair in GitLab', () => {
  test.each([
    ['gitlab://group/project', 'project'],
    ['gitlab://team', 'group'],
  ])('at %s is kept and used', async (reference, kind) => {
    expect(await storeKeyPair(reference, stored, context())).toEqual([
      `Password written to "COSIGN_PASSWORD" ${kind} variable`,
      `Private key written to "COSIGN_PRIVATE_KEY" ${kind} variable`,
      `Public key written to "COSIGN_PUBLIC_KEY" ${kind} variable`,
    ]);
    const signer = await loadSigner(reference, context());
    expect(await signer.sign(utf8('m'))).toBeInstanceOf(Uint8Array);
    expect(toHex((await loadPublicKey(reference, context())).spki)).toBe(toHex(pair.publicKey.spki));
  });

  test('is not overwritten', async () => {
    await storeKeyPair('gitlab://team', stored, context());
    expect(await refusal(() => storeKeyPair('gitlab://team', stored, context()))).toMatchObject({
      code: 'KEY_PROVIDER',
      message: expect.stringMatching(/^could not create "COSIGN_PASSWORD" group variable: .*HTTP 400: key: \(COSIGN_PASSWORD\) has already been taken$/),
    });
  });

  test('is found at a host without a scheme or with the path of the API', async () => {
    owners.get('groups/team')?.set('COSIGN_PUBLIC_KEY', { value: stored.publicKeyPem });
    expect(await loadPublicKey('gitlab://team', context({ GITLAB_HOST: `${server.url}/api/v4/` }))).toBeDefined();
  });
});

describe('refused:', () => {
  test.each<[string, string, Record<string, string | undefined>, string]>([
    ['no owner', 'gitlab:team', {}, 'could not parse scheme, use <scheme>://<ref> format'],
    ['an owner that is neither project nor group', 'gitlab://nobody', {}, 'reference "nobody" is neither a valid project nor group'],
    ['no token', 'gitlab://team', { GITLAB_TOKEN: undefined }, 'could not find "GITLAB_TOKEN"'],
  ])('%s', async (_, reference, env, message) => {
    expect(await refusal(() => loadSigner(reference, context(env)))).toMatchObject({ code: 'KEY_REFERENCE', message });
  });

  test('a token that may not, which is not shown', async () => {
    const refused = await refusal(() => loadSigner('gitlab://team', context({ GITLAB_TOKEN: 'glpat-other' })));
    expect(refused).toMatchObject({ code: 'KEY_PROVIDER', message: expect.stringMatching(/HTTP 401: 401 Unauthorized$/) });
    expect(refused.message).not.toContain('glpat');
  });

  test('a variable that is missing or no text', async () => {
    const message = expect.stringMatching(/^could not retrieve "COSIGN_PUBLIC_KEY" group variable: /);
    expect(await refusal(() => loadPublicKey('gitlab://team', context()))).toMatchObject({ code: 'KEY_PROVIDER', message });
    owners.get('groups/team')?.set('COSIGN_PUBLIC_KEY', { value: 7 });
    expect(await refusal(() => loadPublicKey('gitlab://team', context()))).toMatchObject({ code: 'KEY_PROVIDER', message });
  });

  test('a password that does not open the key', async () => {
    owners.get('groups/team')?.set('COSIGN_PRIVATE_KEY', { value: stored.privateKeyPem }).set('COSIGN_PASSWORD', { value: 'other' });
    expect(await refusal(() => loadSigner('gitlab://team', context()))).toMatchObject({ code: 'KEY_PASSWORD' });
  });
});
