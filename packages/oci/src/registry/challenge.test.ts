import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenge } from './challenge.ts';

const bearer = (realm: string, service = '') => ({ scheme: 'bearer', realm, service });
const BASIC = { scheme: 'basic' };

describe('parseChallenge', () => {
  test.each([
    [
      'Bearer with all its fields',
      'Bearer realm="https://auth.example/token",service="registry",scope="repository:app:pull"',
      bearer('https://auth.example/token', 'registry'),
    ],
    ['spaces where they may be', 'Bearer  realm = "https://a" , service = "s"', bearer('https://a', 's')],
    ['another order, other letters', 'bEARER SERVICE="s",Realm="https://a"', bearer('https://a', 's')],
    ['a realm without quotes', 'Bearer realm=token', bearer('token')],
    ['no service', 'Bearer realm="https://a"', bearer('https://a')],
    ['an empty realm', 'Bearer realm=""', bearer('')],
    ['escapes within quotes', 'Bearer realm="a\\"b\\\\c",service="s"', bearer('a"b\\c', 's')],
    ['a comma within quotes', 'Bearer realm="https://a/?x=1,2",service="s"', bearer('https://a/?x=1,2', 's')],
    ['what looks like a scheme within quotes', 'Bearer realm="Basic realm=x",service="s"', bearer('Basic realm=x', 's')],
    ['a realm named twice: the last', 'Bearer realm="a",realm="b"', bearer('b')],
    ['Basic', 'Basic realm="Registry"', BASIC],
    ['Basic without a realm', 'Basic', BASIC],
    ['Bearer before Basic', 'Basic realm="x", Bearer realm="https://a"', bearer('https://a')],
    ['Basic, where Bearer has no realm', 'Bearer error="invalid_token", Basic realm="x"', BASIC],
    ['one that is known among others', 'Negotiate, Digest realm="x", nonce="y", Basic realm="z"', BASIC],
    ['nothing', '', undefined],
    ['no header', undefined, undefined],
    ['an unknown scheme', 'Negotiate abcdef==', undefined],
    ['Bearer without a realm', 'Bearer service="s"', undefined],
    ['an open quote', 'Bearer realm="https://a', undefined],
    ['a scheme alone within quotes', '"Basic"', undefined],
    ['an equals sign alone', '=', undefined],
    ['a realm without a scheme', 'realm="https://a"', undefined],
    ['a realm of another scheme', 'Digest realm="https://a"', undefined],
  ])('%s', (_, header, expected) => {
    expect(parseChallenge(header)).toEqual(expected);
  });

  test('looks no further than 8 KiB', () => {
    expect(parseChallenge(`${'X, '.repeat(4000)}Basic realm="x"`)).toBeUndefined();
  });

  test('what was written is read, whatever stands in the quotes', () => {
    const value = fc.string({ unit: 'grapheme-ascii' });
    const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
    fc.assert(
      fc.property(value, value, (realm, service) => {
        expect(parseChallenge(`Bearer realm=${quoted(realm)},service=${quoted(service)}`)).toEqual(bearer(realm, service));
      }),
    );
  });

  test('any text is read or not understood, and never throws', () => {
    const piece = fc.constantFrom('Bearer', 'Basic', 'realm', '=', '"', '\\', ',', ' ', 'https://a', '\t', 'é', 'x'.repeat(3000));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (header) => void parseChallenge(header),
      ),
    );
  });
});
