import { describe, expect, test } from 'vitest';
import { parseSpiffeId, trustDomainOf } from './spiffe-id.ts';
import { hierarchicalParts } from './subject-domain.ts';
import { isEmail, uriText } from './uri-text.ts';

describe('a text as a URI', () => {
  const cases: Record<string, [string, string | undefined]> = {
    'stays when it is one': ['https://a.example/b/c.yml@refs/heads/x?q=1#f', 'https://a.example/b/c.yml@refs/heads/x?q=1#f'],
    'keeps an escape that is there': ['https://a.example/b%20c', 'https://a.example/b%20c'],
    'escapes spaces': ['https://a.example/b c', 'https://a.example/b%20c'],
    'escapes letters outside of ASCII as UTF-8': ['https://a.example/ü/日', 'https://a.example/%C3%BC/%E6%97%A5'],
    'escapes what RFC 3986 has no place for': ['https://a.example/"<>\\^`{|}', 'https://a.example/%22%3C%3E%5C%5E%60%7B%7C%7D'],
    'is none with a line end': ['https://a.example/\n', undefined],
    'is none with DEL': ['https://a.example/\x7f', undefined],
    'is none with a percent sign that escapes nothing': ['https://a.example/100%', undefined],
  };
  for (const [name, [text, expected]] of Object.entries(cases)) test(name, () => expect(uriText(text)).toBe(expected));
});

describe('e-mail addresses', () => {
  const addresses = ['a@b.example', 'a.b+c@sub.b-c.example', "o'hara@x.ie", 'ä@ö.example', 'a@b.example.', 'a_b@x.y.z'];
  for (const text of addresses) test(`${text} is one`, () => expect(isEmail(text)).toBe(true));
  const others = [
    '',
    'a',
    '@b.example',
    'a@',
    'a@localhost',
    'a@b..example',
    '.a@b.example',
    'a.@b.example',
    'a..b@c.example',
    'a b@c.example',
    'a@-b.example',
  ];
  for (const text of [...others, 'a@b.1', 'a@b@c.example', 'a@b.example,c@d.example', `${'a'.repeat(320)}@b.example`, 'https://a@b.example/c']) {
    test(`${text.slice(0, 40)} is none`, () => expect(isEmail(text)).toBe(false));
  }
  // With a pattern that backtracks, these would take longer than any test may.
  for (const text of [`a@${'a-'.repeat(150)}`, `${'a.'.repeat(159)}!`])
    test(`${text.slice(0, 10)}… of ${text.length} is none`, () => expect(isEmail(text)).toBe(false));
});

describe('SPIFFE ids', () => {
  for (const id of ['spiffe://a.example', 'spiffe://a.example/b/C.d_e-f', 'spiffe://a_b/...'])
    test(`${id} is one`, () => expect(parseSpiffeId(id)).toBeDefined());
  const others = ['', 'spiffe:///a', 'spiffe://A.example', 'spiffe://a.example/', 'spiffe://a.example//b', 'spiffe://a.example/./b', 'spiffe://a.example/%2e'];
  for (const id of [...others, 'SPIFFE://a.example', 'spiffe://u@a.example/b', 'spiffe://a.example?x', 'spiffe://a.example/b\n']) {
    test(`${JSON.stringify(id)} is none`, () => expect(parseSpiffeId(id)).toBeUndefined());
  }
  test('a trust domain comes as a name or as an id', () => {
    expect(['a.example', 'spiffe://a.example/x', 'https://a.example', 'A', ''].map(trustDomainOf)).toEqual([
      'a.example',
      'a.example',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('scheme and host of a URI', () => {
  const cases: Record<string, [string, string | undefined]> = {
    'with a path': ['https://a.example/b', 'a.example'],
    'with a port': ['https://a.example:8443/b', 'a.example'],
    'behind a user': ['https://b.example@a.example/', 'a.example'],
    'before a query': ['https://a.example?@b.example', 'a.example'],
    'not with a backslash': ['https://a.example\\@b.example', undefined],
    'not with a tab, which URL would drop': ['https://a.exa\tmple/', undefined],
    'not with two at signs': ['https://a@b@c.example/', undefined],
    'not without slashes': ['mailto:a@b.example', undefined],
  };
  for (const [name, [text, host]] of Object.entries(cases)) test(name, () => expect(hierarchicalParts(text)?.host).toBe(host));
});
