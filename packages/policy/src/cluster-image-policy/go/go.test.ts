/** Texts of Go that users see: each was compared with what Go prints. */
import { describe, expect, test } from 'vitest';
import { isFilePattern } from './file-pattern.ts';
import { goQuote } from './quote.ts';
import { regexpProblem } from './regexp.ts';
import { placeProblem } from './registry-name.ts';
import { parseGoUrl, requestUriProblem } from './url.ts';

describe('URLs', () => {
  const READ: readonly [text: string, scheme: string, host: string][] = [
    ['https://a.example/b', 'https', 'a.example'],
    ['HTTPS://A.example:8443', 'https', 'A.example:8443'],
    ['https://', 'https', ''],
    ['https:///x', 'https', ''],
    ['mailto:a@b', 'mailto', ''],
    ['//a/b', '', 'a'],
    ['a/b:c', '', ''],
    ['', '', ''],
    ['*', '', ''],
    ['https://u:p@h/', 'https', 'h'],
    ['https://[::1]:80/', 'https', '[::1]:80'],
    ['https://h%C3%A4/', 'https', 'hä'],
    ['///a', '', ''],
  ];
  test.for(READ)('%s is read', ([text, scheme, host]) => expect(parseGoUrl(text)).toEqual({ scheme, host }));

  const REFUSED: readonly [text: string, problem: string][] = [
    [':a', 'parse ":a": missing protocol scheme'],
    ['a:b/c:d\n', 'parse "a:b/c:d\\n": net/url: invalid control character in URL'],
    ['1a:b', 'parse "1a:b": first path segment in URL cannot contain colon'],
    ['https://h:x/', 'parse "https://h:x/": invalid port ":x" after host'],
    ['https://a b/', 'parse "https://a b/": invalid character " " in host name'],
    ['https://h/%zz', 'parse "https://h/%zz": invalid URL escape "%zz"'],
    ['https://h%41/', 'parse "https://h%41/": invalid URL escape "%41"'],
    ['https://u^@h/', 'parse "https://u^@h/": net/url: invalid userinfo'],
    ['https://[::1/', `parse "https://[::1/": missing ']' in host`],
    ['https://h/#%z', 'parse "https://h/#%z": invalid URL escape "%z"'],
  ];
  test.for(REFUSED)('%j is refused', ([text, problem]) => expect(parseGoUrl(text)).toBe(problem));

  test.for(['/a', 'https://a', 'a:b', '//a/b', '*', 'https://slsa.dev/provenance/v0.2'])('%s stands in a request', (text) =>
    expect(requestUriProblem(text)).toBeUndefined(),
  );
  test.for([
    ['', 'parse "": empty url'],
    ['notpredicate', 'parse "notpredicate": invalid URI for request'],
    ['a b', 'parse "a b": invalid URI for request'],
  ] as const)('%j stands in no request', ([text, problem]) => expect(requestUriProblem(text)).toBe(problem));
});

describe('file patterns', () => {
  test.for(['', '*', '**', 'a?', '[a-z]', '[^a]', '\\[', 'a[b\\]]c', '[a*b]', '**[a]', 'a*[', '[\\-]', 'a]'])('%s is one', (pattern) =>
    expect(isFilePattern(pattern)).toBe(true),
  );
  test.for(['[', '[]', '[^]', '[-]', '[a-]', '[a', '\\', '*\\', '[^-a]', '[a-]b]', '**['])('%s is none', (pattern) =>
    expect(isFilePattern(pattern)).toBe(false),
  );
});

describe('regular expressions', () => {
  test.for([
    ['****', 'missing argument to repetition operator: `*`'],
    ['(', 'missing closing ): `(`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['[z-a]', 'invalid character class range: `z-a`'],
    ['a\\', 'trailing backslash at end of expression: ``'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['\\8', 'invalid escape sequence: `\\8`'],
    ['((((a{100}){100}){100}){100})', 'invalid repeat count: `{100}`'],
  ] as const)('%s is refused', ([pattern, problem]) => expect(regexpProblem(pattern)).toBe(`error parsing regexp: ${problem}`));
  test('others compile, and endless ones are refused', () => {
    expect(regexpProblem('^https://github.com/.*@refs/tags/v[0-9]+$')).toBeUndefined();
    expect(regexpProblem('a'.repeat(5000))).toContain('5000 characters');
  });
});

describe('places for signatures', () => {
  test.for(['gcr.io', 'ghcr.io/sigstore/test', 'registry.example.com', 'localhost:8080/test', 'localhost', 'a.b/c'])('%s is one', (text) =>
    expect(placeProblem(text)).toBeUndefined(),
  );
  test.for([
    ['gcr.io/test/*', 'repository can only contain the characters `abcdefghijklmnopqrstuvwxyz0123456789_-./`: test/*'],
    ['gcr.@io/test', 'registries must be valid RFC 3986 URI authorities: gcr.@io'],
    ['re@gistry/reponame', 'registries must be valid RFC 3986 URI authorities: re@gistry/reponame'],
    ['foo/bar', 'registries must be valid RFC 3986 URI authorities: foo/bar'],
    ['docker.io/nginx', "strict validation requires the full repository path (missing 'library')"],
    ['gcr.io/', 'repository must be between 1 and 255 characters in length: '],
  ] as const)('%s is none', ([text, problem]) => expect(placeProblem(text)).toBe(problem));
});

test('text is quoted as by %q', () => {
  expect(goQuote('a"b\\c\n\t\x00\x7fä\u00a0\u200b😀\u{e0001}')).toBe('"a\\"b\\\\c\\n\\t\\x00\\x7fä\\u00a0\\u200b😀\\U000e0001"');
});
