import { isTrustError } from '@assay/core';
import { personToken, workflowToken } from '@assay/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOW } from '../../test/fake-issuer.ts';
import { unsignedToken } from '../../test/token-context.ts';
import { parseIdentityToken } from './identity-token.ts';

const parse = (raw: string) => parseIdentityToken(raw, { now: NOW });
const NOT_A_TOKEN = 'the identity token is not a JSON Web Token';

test('reads a token of a person', () => {
  const raw = personToken({}, { now: NOW });
  const token = parse(raw);
  expect(token).toMatchObject({
    raw,
    issuer: 'https://accounts.testkit.example',
    subject: 'someone@testkit.example',
    audience: ['sigstore'],
    expires: new Date(NOW.getTime() + 600_000),
  });
  expect(token.claims['email_verified']).toBe(true);
});

test('reads a token of a workflow', () => {
  expect(parse(workflowToken({}, { now: NOW })).subject).toMatch(/^repo:/);
});

test.each<[string, object, object]>([
  ['the subject without an e-mail address', { sub: 'me' }, { subject: 'me' }],
  ['the subject beside an empty e-mail address', { sub: 'me', email: '' }, { subject: 'me' }],
  ['the subject beside a null e-mail address', { sub: 'me', email: null, email_verified: 'who knows' }, { subject: 'me' }],
  ['an e-mail address without a subject', { sub: undefined, email: 'me@a.example', email_verified: true }, { subject: 'me@a.example' }],
  ['an e-mail address that is verified in words', { email: 'me@a.example', email_verified: 'true' }, { subject: 'me@a.example' }],
  ['an e-mail address that is verified in large words', { email: 'me@a.example', email_verified: 'True' }, { subject: 'me@a.example' }],
  ['several audiences', { aud: ['one', 'two'] }, { audience: ['one', 'two'] }],
  ['no audience', { aud: undefined }, { audience: [] }],
  ['a fraction of a second', { exp: NOW.getTime() / 1000 + 0.5 }, { expires: new Date(NOW.getTime() + 500) }],
])('takes %s', (_, claims, expected) => expect(parse(unsignedToken(claims))).toMatchObject(expected));

test('takes a token that names no end', () => expect(parse(unsignedToken({ exp: undefined }))).not.toHaveProperty('expires'));

test('white space around a token is not part of it', () => {
  const raw = unsignedToken();
  expect(parse(` ${raw}\r\n`).raw).toBe(raw);
});

test('looks at the clock of this machine when no time is given', () => {
  expect(() => parseIdentityToken(unsignedToken({ exp: Math.floor(Date.now() / 1000) - 10 }))).toThrow('the identity token expired at ');
  expect(parseIdentityToken(unsignedToken({ exp: Math.floor(Date.now() / 1000) + 600 })).subject).toBe('someone');
});

test.each<[string, string, string, string]>([
  [
    'an e-mail address that is not verified',
    unsignedToken({ email: 'a@b.example', email_verified: false }),
    'TOKEN_SUBJECT',
    'not verified by identity provider',
  ],
  ['an e-mail address of which nothing is said', unsignedToken({ email: 'a@b.example' }), 'TOKEN_SUBJECT', 'not verified by identity provider'],
  ['an e-mail address that is verified as 1', unsignedToken({ email: 'a@b.example', email_verified: 1 }), 'TOKEN_SUBJECT', 'not verified by identity provider'],
  ['a token of nobody', unsignedToken({ sub: undefined }), 'TOKEN_SUBJECT', 'no subject found in claims'],
  ['a token of an empty name', unsignedToken({ sub: '' }), 'TOKEN_SUBJECT', 'no subject found in claims'],
  ['a token that has expired', unsignedToken({ exp: NOW.getTime() / 1000 - 1 }), 'TOKEN_EXPIRED', 'the identity token expired at 2030-05-06T07:08:08.000Z'],
  ['a token that expires now', unsignedToken({ exp: NOW.getTime() / 1000 }), 'TOKEN_EXPIRED', 'the identity token expired at 2030-05-06T07:08:09.000Z'],
  ['nothing', '', 'TOKEN_PARSE', `${NOT_A_TOKEN}: expected three parts with dots between them`],
  ['two parts', 'e30.e30', 'TOKEN_PARSE', `${NOT_A_TOKEN}: expected three parts with dots between them`],
  ['four parts', 'e30.e30.e30.e30', 'TOKEN_PARSE', `${NOT_A_TOKEN}: expected three parts with dots between them`],
  ['a token that nobody signed', unsignedToken({}, { alg: 'none' }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: it is not signed`],
  ['a token that nobody signed, in large letters', unsignedToken({}, { alg: 'NONE' }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: it is not signed`],
  ['a token without an algorithm', unsignedToken({}, {}), 'TOKEN_PARSE', `${NOT_A_TOKEN}: it is not signed`],
  ['no signature', unsignedToken().replace(/[^.]+$/, ''), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the signature is not base64url`],
  ['a header in base64', unsignedToken().replace('.', '=.'), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the header is not base64url`],
  ['white space inside', unsignedToken().replace('.', '\n.'), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the header is not base64url`],
  ['stray bits', unsignedToken().replace(/[^.]+$/, 'AB'), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the signature is not base64url`],
  ['a part of one letter', unsignedToken().replace(/[^.]+$/, 'A'), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the signature is not base64url`],
  ['a payload that is text', withPayload('"text"'), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the payload is not a JSON object`],
  ['a payload that is a list', withPayload('[]'), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the payload is not a JSON object`],
  ['a payload that is no JSON', withPayload('{"iss":}'), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the payload is not valid JSON (offset 7)`],
  ['one claim twice', withPayload('{"iss":"a","sub":"b","sub":"c"}'), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the payload is not valid JSON (offset 21)`],
  ['no issuer', unsignedToken({ iss: undefined }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: it names no issuer (iss)`],
  ['an issuer that is no text', unsignedToken({ iss: 1 }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the claim iss is not text`],
  ['an e-mail address that is no text', unsignedToken({ email: ['a@b.example'] }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the claim email is not text`],
  ['a subject that is no text', unsignedToken({ sub: 7 }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the claim sub is not text`],
  ['an audience that is no text', unsignedToken({ aud: ['a', 1] }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the audience (aud) is not text`],
  ['an audience that is an object', unsignedToken({ aud: {} }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the audience (aud) is not text`],
  ['an end that is text', unsignedToken({ exp: '1' }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the claim exp is not a time`],
  ['an end beyond all time', unsignedToken({ exp: 1e300 }), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the claim exp is not a time`],
  ['an end of very many digits', withPayload(`{"iss":"a","sub":"b","exp":${'9'.repeat(30)}}`), 'TOKEN_PARSE', `${NOT_A_TOKEN}: the claim exp is not a time`],
  ['a novel', `${'A'.repeat(70_000)}.e30.e30`, 'TOKEN_PARSE', `${NOT_A_TOKEN}: longer than the cap of 65536 characters`],
])('refuses %s', (_, raw, code, message) => {
  expect(() => parse(raw)).toThrow(expect.objectContaining({ code, message }));
});

function withPayload(json: string): string {
  const [header, , signature] = unsignedToken().split('.');
  return `${header}.${Buffer.from(json).toString('base64url')}.${signature}`;
}

describe('whatever the text', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.base64String(), { minLength: 2, maxLength: 4 }).map((parts) => parts.join('.')),
    fc.json().map(withPayload),
    fc
      .record({ iss: fc.jsonValue(), sub: fc.jsonValue(), aud: fc.jsonValue(), exp: fc.jsonValue(), email: fc.jsonValue(), email_verified: fc.jsonValue() })
      .map((claims) => unsignedToken(claims)),
  );

  test('it is a token, or refused by one of our errors', () => {
    fc.assert(
      fc.property(anything, (raw) => {
        const error = caught(raw);
        if (error !== undefined && !isTrustError(error)) throw error;
      }),
    );
  });

  test('a refusal tells nothing of it', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/);
    const broken = fc.tuple(
      secret,
      fc.constantFrom<(text: string) => string>(
        (text) => text,
        (text) => `${text}.e30.e30`,
        (text) => `e30.${text}.e30`,
        (text) => withPayload(`{"${text}":1,"${text}":2}`),
        (text) => withPayload(`{"iss":"${text}","sub":7}`),
      ),
    );
    fc.assert(
      fc.property(broken, ([text, hide]) => {
        const error = caught(hide(text));
        expect(`${error} ${isTrustError(error) ? `${error.found} ${error.cause}` : ''}`).not.toContain(text);
        expect(isTrustError(error)).toBe(true);
      }),
    );
  });
});

function caught(raw: string): unknown {
  try {
    parse(raw);
    return undefined;
  } catch (error) {
    return error;
  }
}
