import { describe, expect, test } from 'vitest';
import { utf8 } from './bytes.ts';
import { isTrustError } from './errors.ts';
import { encodeSimpleSigning, parseSimpleSigning } from './simple-signing.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('the signed bytes', () => {
  test('are as cosign writes them', () => {
    expect(text(encodeSimpleSigning({ dockerReference: 'ghcr.io/owner/app', digest: DIGEST }))).toBe(
      `{"critical":{"identity":{"docker-reference":"ghcr.io/owner/app"},"image":{"docker-manifest-digest":"${DIGEST}"},"type":"cosign container image signature"},"optional":null}`,
    );
  });

  test('have their annotations sorted, and characters of HTML escaped', () => {
    const payload = text(encodeSimpleSigning({ dockerReference: 'r.example/a', digest: DIGEST, annotations: { b: '<1>', a: '&' } }));
    expect(payload).toContain('"optional":{"a":"\\u0026","b":"\\u003c1\\u003e"}}');
  });

  test('are read back as what was written', () => {
    const content = { dockerReference: 'r.example/a', digest: DIGEST, annotations: { stage: 'prod' } };
    expect(parseSimpleSigning(encodeSimpleSigning(content))).toEqual({ dockerReference: 'r.example/a', digest: DIGEST, optional: { stage: 'prod' } });
  });
});

describe('is refused', () => {
  const of = (change: (payload: Record<string, never>) => object): Uint8Array =>
    utf8(JSON.stringify(change(JSON.parse(text(encodeSimpleSigning({ dockerReference: 'r.example/a', digest: DIGEST }))))));

  test.each([
    ['what is no JSON', utf8('{')],
    ['an array', utf8('[]')],
    ['no critical part', of(({ critical: _, ...others }) => others)],
    ['another type', utf8(`{"critical":{"identity":{},"image":{},"type":"atomic container signature"}}`)],
    ['a digest that is no text', utf8(`{"critical":{"identity":{},"image":{"docker-manifest-digest":1},"type":"cosign container image signature"}}`)],
    ['annotations that are no object', utf8(`{"critical":{"identity":{},"image":{},"type":"cosign container image signature"},"optional":[]}`)],
    ['a name that comes twice', utf8(`{"critical":{"identity":{},"image":{},"type":"cosign container image signature"},"critical":{}}`)],
  ])('%s', (_, payload) => {
    expect(() => parseSimpleSigning(payload)).toThrow(expect.toSatisfy((error: unknown) => isTrustError(error) && error.code === 'PAYLOAD_PARSE'));
  });
});
