/** What policies are refused for, and where they say so. */

import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../core/test/codes.ts';
import { parseNativePolicies } from './parse.ts';
import { problemText } from './policy.ts';

const NOW = new Date('2026-05-01T12:00:00Z');

function problems(spec: string): string[] {
  const indented = spec
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
  const text = `apiVersion: assay.dev/v1alpha1\nkind: ImagePolicy\nmetadata: { name: app }\nspec:\n${indented}\n`;
  return parseNativePolicies(text, NOW).flatMap(({ problems: found }) => found.map((problem) => problemText(problem, '')));
}

const SIGNER = 'signers: [{ github: acme/app }]';

describe('says nothing of', () => {
  test.each<[string, string]>([
    ['a forge', SIGNER],
    ['a forge with everything', "signers: [{ github: acme/app, workflow: release.yml, tag: 'v{tag}' }]"],
    ['a workflow of somebody else', 'signers: [{ github: acme/*, workflow: o/r/.github/workflows/x.yaml@refs/tags/v1, branch: main }]'],
    ['GitLab', 'signers: [{ gitlab: a/b/c, workflow: ci/build.yml, ref: refs/heads/main }]'],
    ['identities', "signers: [{ issuer: https://i, subjectPattern: 'a{tag}.*@b' }, { issuerPattern: 'https://[a-z]+', subject: x }]"],
    ['a key of a file', 'signers: [{ key: keys/cosign.pub, hash: sha512, trust: { log: ignored } }]'],
    ['attestations', `${SIGNER}\nattestations: [{ type: cyclonedx, maxAge: 30d, where: [{ path: 'predicate.a[0]["b c"]', atLeast: 1, atMost: 3 }] }]`],
    ['a build alone', 'build: { source: github.com/acme/app, tag: "{tag}", level: 3 }'],
    ['parts', `${SIGNER}\nany: [{ attestations: [{ type: vuln }] }, { signers: [{ gitlab: a/b }] }]\nall: [{ build: { source: gitlab.com/a/b } }]`],
    ['a decision', 'images: [registry.k8s.io/**]\ndecision: admit'],
    [
      'where, when and of what',
      `images: [ghcr.io/a/**]\nexclude: [ghcr.io/a/b@sha256:*]\nmatch: { kinds: [Pod], namespaces: [prod-*], labels: { a: b } }\nmode: warn\n${SIGNER}`,
    ],
    ['an exception', `${SIGNER}\nexceptions: [{ images: [ghcr.io/a/old], until: 2026-05-01, reason: moves in May }]`],
  ])('%s', (_, spec) => {
    expect(problems(spec)).toEqual([]);
  });
});

describe('tells', () => {
  test.each<[string, string, string[]]>([
    ['a key that is misspelt', 'imagse: [a/b]\nsigners: [{ github: acme/app }]', [':5:3: spec.imagse: unknown; did you mean images?']],
    [
      'a key that is like none',
      'signers: [{ github: acme/app, colour: red }]',
      [
        ':5:33: spec.signers[0].colour: unknown; known here: github, gitlab, workflow, tag, branch, ref, issuer, issuerPattern, subject, subjectPattern, key, hash, trust',
      ],
    ],
    ['that nothing is demanded', 'mode: enforce', [':4:1: spec: nothing is demanded: name signers, attestations, build or a decision']],
    ['a mode there is none of', `mode: enforced\n${SIGNER}`, [':5:3: spec.mode: enforce or warn was expected, found enforced']],
    [
      'a tag in a pattern',
      `images: ['ghcr.io/a/b:v*']\n${SIGNER}`,
      [':5:12: spec.images[0]: a pattern names repositories, not tags: an image may be named by its digest alone. A tag is demanded of the signer, with {tag}'],
    ],
    ['half a digest', `images: ['a/b@sha256:00']\n${SIGNER}`, [':5:12: spec.images[0]: not a digest: sha256: and 64 hex digits were expected']],
    ['a star for all', `images: ['*']\n${SIGNER}`, [':5:12: spec.images[0]: says neither which host nor which repository: ** matches all']],
    ['an empty list', 'signers: []', [':5:3: spec.signers: must not be empty']],
    [
      'a signer of no kind',
      'signers: [{ workflow: x.yml }]',
      [':5:13: spec.signers[0]: one of github, gitlab, key, or issuer and subject was expected, found none of them'],
    ],
    [
      'a signer of two kinds',
      'signers: [{ github: a/b, key: k.pub }]',
      [':5:13: spec.signers[0]: one of github, gitlab, key, or issuer and subject was expected, found github and key'],
    ],
    [
      'a name without issuer',
      'signers: [{ subject: a@b }]',
      [':5:13: spec.signers[0]: an identity means nothing without who vouched for it: name the issuer too'],
    ],
    ['an issuer without name', 'signers: [{ issuer: https://i }]', [':5:13: spec.signers[0]: an issuer vouches for everyone: name the subject too']],
    [
      'a pattern that is none',
      "signers: [{ issuer: i, subjectPattern: 'a(' }]",
      [':5:26: spec.signers[0].subjectPattern: not an RE2 pattern: error parsing regexp: missing closing ): `a(`'],
    ],
    ['an owner without repository', 'signers: [{ github: acme }]', [':5:15: spec.signers[0].github: OWNER/REPOSITORY was expected']],
    [
      'a short ref',
      'signers: [{ github: a/b, ref: main }]',
      [':5:28: spec.signers[0].ref: a whole ref was expected, as refs/heads/main; otherwise say branch or tag'],
    ],
    ['two refs', 'signers: [{ github: a/b, tag: v1, branch: main }]', [':5:13: spec.signers[0]: tag and branch exclude each other']],
    [
      'a ref of a workflow of the repository itself',
      'signers: [{ github: a/b, workflow: x.yml@refs/tags/v1 }]',
      [':5:28: spec.signers[0].workflow: its ref is that of the repository: say tag, branch or ref'],
    ],
    ['a tag for a key', 'signers: [{ key: k.pub, tag: v1 }]', [':5:27: spec.signers[0].tag: goes with github or gitlab']],
    [
      'a key that is none',
      'signers: [{ key: "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n" }]',
      [expect.stringMatching(/^:5:15: spec\.signers\[0\]\.key: /) as unknown as string],
    ],
    ['a key in a vault', 'signers: [{ key: awskms:///x }]', [':5:15: spec.signers[0].key: PEM or a file was expected; keys kept elsewhere are exported first']],
    [
      'certificates of a key',
      'signers: [{ key: k.pub, trust: { sct: ignored } }]',
      [':5:36: spec.signers[0].trust.sct: is about certificates; a key has none'],
    ],
    ['two roots', `trust: { root: a, file: b.json }\n${SIGNER}`, [':5:3: spec.trust: root and file exclude each other']],
    ['an attestation of nobody', 'attestations: [{ type: vuln }]', [':5:18: spec.attestations[0]: nobody is named: who must have signed it?']],
    ['an attestation without type', `${SIGNER}\nattestations: [{ cue: 'a: 1' }]`, [':6:18: spec.attestations[0].type: is missing']],
    ['no length of time', `${SIGNER}\nmaxAge: 30`, [':6:3: spec.maxAge: a text was expected, found a number: 30']],
    ['no unit of time', `${SIGNER}\nmaxAge: '30'`, [':6:3: spec.maxAge: not a length of time: a number and s, m, h, d or w was expected, as 30d']],
    [
      'two tests of one value',
      `${SIGNER}\nattestations: [{ type: vuln, where: [{ path: a, equals: 1, exists: true }] }]`,
      [':6:40: spec.attestations[0].where[0]: one of equals, in, matches, atLeast, atMost, exists was expected, found equals and exists'],
    ],
    [
      'a path of many values',
      `${SIGNER}\nattestations: [{ type: vuln, where: [{ path: 'a[*]', equals: 1 }] }]`,
      [':6:42: spec.attestations[0].where[0].path: not a path: names and [numbers] were expected, as predicate.components[0].name or predicate["a b"]'],
    ],
    [
      'a test by a map',
      `${SIGNER}\nattestations: [{ type: vuln, where: [{ path: a, equals: {} }] }]`,
      [':6:51: spec.attestations[0].where[0].equals: a text, a number, or true or false was expected, found a map'],
    ],
    [
      'a build of no host that is known',
      'build: { source: git.example/a/b }',
      [':5:3: spec.build: who vouches for builds of git.example is not known: name signers'],
    ],
    [
      'a build by a key',
      'build: { source: github.com/a/b, signers: [{ key: k.pub }] }',
      [':5:3: spec.build: whoever has a key can name any builder: say which one you expect, with builder'],
    ],
    [
      'a level that a key does not reach',
      'signers: [{ key: k.pub }]\nbuild: { source: git.example/a/b, builder: x, level: 2 }',
      [':6:3: spec.build: provenance that a key has signed is of level 1'],
    ],
    ['a level that there is none of', 'build: { source: github.com/a/b, level: 4 }', [':5:36: spec.build.level: 1 or 2 or 3 was expected, found 4']],
    [
      'level 3 by anybody',
      'build: { source: github.com/a/b, level: 3, builder: https://github.com/a/b/.github/workflows/x.yml }',
      [':5:3: spec.build: level 3 is known of the builders of the SLSA project alone'],
    ],
    ['a source that is none', 'build: { source: a/b }', [':5:3: spec.build: not the name of a source repository: a/b: name the host too: github.com/a/b']],
    ['a decision with evidence', `decision: deny\n${SIGNER}`, [':5:3: spec.decision: looks at no evidence: signers would demand nothing']],
    ['a message without decision', `message: x\n${SIGNER}`, [':5:3: spec.message: goes with decision']],
    ['a signature that is not needed', `${SIGNER}\nsignature: notNeeded`, [':6:3: spec.signature: then nothing is demanded: name attestations or a build']],
    [
      'annotations without signature',
      `${SIGNER}\nsignature: notNeeded\nannotations: { a: b }`,
      [':7:3: spec.annotations: are signed with the image, whose signature is not needed'],
    ],
    ['a part that demands nothing', `${SIGNER}\nany: [{}]`, [':6:9: spec.any[0]: nothing is demanded: name signers, attestations, build or a decision']],
    ['a part of nobody', 'any: [{ attestations: [{ type: vuln }] }]', [':5:26: spec.any[0].attestations[0]: nobody is named: who must have signed it?']],
    ['an exception without end', `${SIGNER}\nexceptions: [{ images: [a/b], reason: r }]`, [':6:16: spec.exceptions[0].until: is missing']],
    [
      'an exception to no day',
      `${SIGNER}\nexceptions: [{ images: [a/b], reason: r, until: 2026-02-30 }]`,
      [':6:44: spec.exceptions[0].until: not a date: 2030-12-31 or 2030-12-31T12:00:00Z was expected'],
    ],
    [
      'an exception that has ended',
      `${SIGNER}\nexceptions: [{ images: [a/b], reason: r, until: 2026-04-30 }]`,
      [':6:44: warning: spec.exceptions[0].until: the exception has ended on 2026-04-30, and lets nothing in any more'],
    ],
    [
      'a pattern for everyone',
      "signers: [{ issuer: https://i, subjectPattern: '.*' }]",
      [':5:34: warning: spec.signers[0].subjectPattern: the pattern .* matches everyone: it checks nothing'],
    ],
    ['a decision over everything', 'decision: admit', [':5:3: warning: spec.decision: whatever is asked about is let in: say which images']],
    [
      'several things, from top to bottom',
      'mode: x\nsigners: [{ github: a }]\nimages: 3',
      [
        ':5:3: spec.mode: enforce or warn was expected, found x',
        ':6:15: spec.signers[0].github: OWNER/REPOSITORY was expected',
        ':7:3: spec.images: a list was expected, found a number: 3',
      ],
    ],
  ])('%s', (_, spec, expected) => {
    expect(problems(spec)).toEqual(expected);
  });

  test('a document of another kind, and what it lacks', () => {
    const texts = parseNativePolicies('kind: Pod\n', NOW).flatMap(({ problems: found }) => found.map((one) => problemText(one, 'f')));
    expect(texts).toEqual([
      'f:1:1: apiVersion: is missing',
      'f:1:1: kind: ImagePolicy was expected, found Pod',
      'f:1:1: metadata: is missing',
      'f:1:1: spec: is missing',
    ]);
  });
});

describe('refuses', () => {
  test.each<[string, string]>([
    ['what is not YAML', 'a: [b'],
    ['a name that is given twice', 'kind: x\nkind: y'],
    ['nothing', '# nothing\n---\n'],
    ['aliases that multiply', `a: &a [${'x,'.repeat(200)}]\nb: &b [${'*a,'.repeat(200)}]\nc: &c [${'*b,'.repeat(200)}]\nd: [${'*c,'.repeat(200)}]`],
    ['brackets without end', '['.repeat(100_000)],
  ])('%s', (_, text) => {
    expect(codeOf(() => parseNativePolicies(text, NOW))).toBe('POLICY_PARSE');
  });
});
