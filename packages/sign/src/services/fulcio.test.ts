/** Against an authority in memory that checks token and proof; what it issues is judged by core, and what it makes up is refused here. */
import { utf8 } from '@assay/core';
import { createInstance, type FulcioFault, fulcioStub, PERSON, personToken, put, workflowToken } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { altered, editedJson, served } from '../../test/services.ts';
import { parseIdentityToken } from '../identity/index.ts';
import { generateKeyPair, SIGNING_ALGORITHMS } from '../keys/key-pair.ts';
import { localSigner } from '../keys/local-key.ts';
import { requestCertificate } from './fulcio.ts';

const instance = createInstance();
const token = parseIdentityToken(personToken(), { now: instance.now });
const workflow = parseIdentityToken(workflowToken(), { now: instance.now });
const newKey = async (algorithm?: string) => localSigner((await generateKeyPair(algorithm)).pkcs8);

describe.each(['key', 'csr'] as const)('by %s, a certificate is had for', (by) => {
  test.each(SIGNING_ALGORITHMS)('%s', async (algorithm) => {
    const key = await newKey(algorithm);
    const service = await served(fulcioStub(instance));
    const { leaf, issuers, detachedSct } = await requestCertificate({ service, token, key, by });
    expect(leaf.publicKey.spki).toEqual(key.publicKey.spki);
    expect(leaf.subjectAlternativeNames).toEqual([{ kind: 'email', value: PERSON.email }]);
    expect(issuers.map(({ der }) => der)).toEqual(instance.ca.map(({ certificate }) => certificate));
    expect(detachedSct).toBeUndefined();
  });
});

test('a workflow is certified by the subject of its token', async () => {
  const { leaf } = await requestCertificate({ service: await served(fulcioStub(instance)), token: workflow, key: await newKey() });
  expect(leaf.subjectAlternativeNames[0]?.value).toBe(`https://github.com/${workflow.claims['job_workflow_ref']}`);
});

test('a detached timestamp is handed on', async () => {
  const { detachedSct } = await requestCertificate({ service: await served(fulcioStub(instance, { sct: 'detached' })), token, key: await newKey() });
  expect(JSON.parse(new TextDecoder().decode(detachedSct))).toMatchObject({ sct_version: 0 });
});

test('the token travels in the header and nowhere else, below a base URL with or without a slash', async () => {
  const seen: Request[] = [];
  const service = await served(fulcioStub(instance, { onRequest: (request) => seen.push(request.clone() as Request) }));
  await requestCertificate({ service: { ...service, url: `${service.url}/` }, token, key: await newKey() });
  expect(seen.map(({ url }) => new URL(url).pathname)).toEqual(['/api/v2/signingCert']);
  expect(seen[0]?.headers.get('authorization')).toBe(`Bearer ${token.raw}`);
  expect(await seen[0]?.text()).not.toContain(token.raw);
});

describe('asked again', () => {
  test('once, when the authority is overloaded', async () => {
    const service = await served(fulcioStub(instance, { unavailableFor: 1 }));
    expect(await requestCertificate({ service, token, key: await newKey() })).toMatchObject({ detachedSct: undefined });
  });

  test.each<[FulcioFault, number]>([
    ['status-500', 2],
    ['status-429', 2],
    ['status-400', 1],
  ])('%s: asked %d times', async (fault, times) => {
    let count = 0;
    const service = await served(fulcioStub(instance, { fault, onRequest: () => count++ }));
    await refusal(async () => requestCertificate({ service, token, key: await newKey() }));
    expect(count).toBe(times);
  });
});

describe('refused:', () => {
  test.each<[FulcioFault, string, string]>([
    ['status-400', 'FULCIO_REFUSED', 'Fulcio returned 400: {"code":3,"message":"There was an error processing the identity token","details":[]}'],
    ['status-429', 'FULCIO_REQUEST', 'Fulcio returned 429: {"code":8,"message":"rate limit exceeded","details":[]}'],
    ['status-500', 'FULCIO_REQUEST', 'Fulcio returned 500: {"code":13,"message":"error creating certificate","details":[]}'],
    ['talkative', 'FULCIO_REFUSED', `Fulcio returned 400: ${'x'.repeat(1000)}… (100000 characters)`],
    ['tells-the-token', 'FULCIO_REFUSED', 'Fulcio returned 400: {"code":3,"message":"no good: Bearer (the token)","details":[]}'],
    ['html', 'FULCIO_RESPONSE', 'not valid JSON'],
    ['malformed', 'FULCIO_RESPONSE', 'not valid JSON'],
    ['empty', 'FULCIO_RESPONSE', 'Fulcio returned no certificates'],
    ['no-certificates', 'FULCIO_RESPONSE', 'Fulcio returned no certificates'],
    ['one-certificate', 'FULCIO_RESPONSE', 'the chain holds no issuer of the certificate'],
    ['not-pem', 'FULCIO_RESPONSE', 'unable to parse Fulcio certificate'],
    ['not-a-certificate', 'FULCIO_RESPONSE', 'certificate'],
    ['other-key', 'FULCIO_MISMATCH', 'the certificate is of another key'],
  ])('an authority that is %s', async (fault, code, message) => {
    const service = await served(fulcioStub(instance, { fault }));
    const found = await refusal(async () => requestCertificate({ service, token, key: await newKey() }));
    expect(found).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(found.message).not.toContain(token.raw);
  });

  const CHAIN = 'signedCertificateEmbeddedSct.chain.certificates';
  test.each<[string, unknown]>([
    ['a chain that is no list', 'x'],
    ['a chain of numbers', [1, 2]],
    ['a chain without end', Array.from({ length: 17 }, () => 'x')],
  ])('%s', async (_, value) => {
    const service = await served(altered(fulcioStub(instance), editedJson(put(CHAIN, value as string))));
    expect(await refusal(async () => requestCertificate({ service, token, key: await newKey() }))).toMatchObject({ code: 'FULCIO_RESPONSE' });
  });

  test('an answer beyond the cap', async () => {
    const service = await served(async () => new Response(utf8('x'.repeat(2 ** 20 + 1)) as Uint8Array<ArrayBuffer>));
    expect(await refusal(async () => requestCertificate({ service, token, key: await newKey() }))).toMatchObject({ code: 'NET_TOO_LARGE' });
  });

  test('by the authority: a proof by another key', async () => {
    const [key, other] = [await newKey(), await newKey()];
    const service = await served(fulcioStub(instance));
    const found = await refusal(() => requestCertificate({ service, token, key: { ...key, sign: other.sign } }));
    expect(found.message).toContain('The signature supplied in the request could not be verified');
  });

  test('by the authority: a request that another key signed', async () => {
    const [key, other] = [await newKey(), await newKey()];
    const service = await served(fulcioStub(instance));
    const found = await refusal(() => requestCertificate({ service, token, key: { ...key, sign: other.sign }, by: 'csr' }));
    expect(found.message).toContain('The signature supplied in the request could not be verified');
  });
});
