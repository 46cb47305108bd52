import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIGEST, POD, pod, request, reviewBody } from '../test/requests.ts';
import { encodeAnswer, parseReview, type ReviewAnswer } from './review.ts';

const image = `ghcr.io/a/b@${DIGEST}`;

describe('a review', () => {
  test('is read', () => {
    const asked = request(POD, pod(image), { oldObject: pod('nginx'), operation: 'UPDATE', dryRun: true });
    expect(parseReview(reviewBody(asked))).toEqual({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked });
  });

  test('says who asks', () => {
    const asked = { ...request(POD, pod(image)), userInfo: { username: 'u', uid: '1', groups: ['a', 7, 'b'] } };
    expect(parseReview(reviewBody(asked)).request.user).toEqual({ username: 'u', groups: ['a', 'b'] });
    expect(parseReview(reviewBody(request(POD, pod(image)))).request.user).toBeUndefined();
  });

  test('of 3 MiB, and twice that', () => {
    const object = { ...pod(image), metadata: { name: 'big', annotations: { a: 'x'.repeat(3 * 1024 * 1024) } } };
    const body = reviewBody(request(POD, object, { oldObject: object, operation: 'UPDATE' }));
    expect(body.length).toBeGreaterThan(6 * 1024 * 1024);
    expect(parseReview(body).request.object).toEqual(object);
  });

  test('with names in any script, and control characters', () => {
    const odd = 'ü\u202e\u0000\u001b[31m名前\ud83d\ude00';
    expect(parseReview(reviewBody(request(POD, pod(odd), { name: odd }))).request.name).toBe(odd);
  });

  const valid = reviewBody(request(POD, pod(image))).toString();
  test.each<[string, string | Buffer, RegExp]>([
    ['nothing', '', /^could not decode body:/],
    ['text', 'hello', /^could not decode body:.*is not valid JSON/],
    ['the beginning of one', valid.slice(0, -5), /^could not decode body:/],
    ['a list', '[]', /^could not decode body:not an object$/],
    ['null', 'null', /^could not decode body:not an object$/],
    ['no request', '{"kind":"AdmissionReview"}', /^could not decode body:there is no request$/],
    ['a request without uid', '{"request":{"kind":{}}}', /^could not decode body:the request has no uid$/],
    ['a uid that is a number', '{"request":{"uid":1}}', /^could not decode body:uid is not text$/],
    ['a request without kind', '{"request":{"uid":"u"}}', /^could not decode body:the request's kind is not an object$/],
    ['an object that is a list', '{"request":{"uid":"u","kind":{},"object":[]}}', /^could not decode body:the request's object is not an object$/],
    ['bytes that are no UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]), /^could not decode body:not valid UTF-8$/],
    ['nesting without end', '['.repeat(100_000), /^could not decode body:nested deeper than 100 levels$/],
    ['nesting in an object', `{"request":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`, /nested deeper than 100 levels/],
  ])('is not %s', (_, body, message) => {
    expect(() => parseReview(Buffer.from(body))).toThrow(message);
  });

  test('brackets in texts are no nesting', () => {
    const name = `${'{['.repeat(500)}\\"`;
    expect(parseReview(reviewBody(request(POD, pod(image), { name }))).request.name).toBe(name);
  });

  test('no bytes make it throw anything else', () => {
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, byte) => {
        const body = Buffer.from(valid);
        body[at] = byte;
        try {
          parseReview(body);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ADMISSION_REVIEW' });
        }
      }),
    );
  });
});

describe('an answer', () => {
  const review = parseReview(reviewBody(request(POD, pod(image))));
  const encoded = (answer: ReviewAnswer) => JSON.parse(encodeAnswer(review, answer));
  const echo = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
  const { uid } = review.request;

  test('that allows', () => {
    expect(encoded({ allowed: true })).toEqual({ ...echo, response: { uid, allowed: true } });
    expect(encoded({ allowed: true, patch: [], warnings: [] })).toEqual({ ...echo, response: { uid, allowed: true } });
  });

  test('that denies', () => {
    const status = { metadata: {}, status: 'Failure', message: 'validation failed: no\nwhy', reason: 'BadRequest', code: 400 };
    expect(encoded({ allowed: false, message: 'validation failed: no\nwhy' })).toEqual({ ...echo, response: { uid, allowed: false, status } });
  });

  test('that denies without a reason, as Kyverno does', () => {
    const { status } = encoded({ allowed: false, message: 'no', reason: 'none' }).response;
    expect(status).toEqual({ metadata: {}, status: 'Failure', message: 'no' });
  });

  test('that changes', () => {
    const patch = [{ op: 'replace' as const, path: '/spec/containers/0/image', value: 'ü' }];
    const { response } = encoded({ allowed: true, patch });
    expect(response).toMatchObject({ allowed: true, patchType: 'JSONPatch' });
    expect(JSON.parse(Buffer.from(response.patch, 'base64').toString())).toEqual(patch);
  });

  test('warns line by line, without control characters', () => {
    expect(encoded({ allowed: true, warnings: ['a: b\nc', 'bell\u0007'] }).response.warnings).toEqual(['a: b', 'c', 'bell\\u0007']);
  });
});
