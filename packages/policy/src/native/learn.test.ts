/** What is learned from evidence that verified: no more than it shows. */
import { expect, test } from 'vitest';
import { learn, type SeenEvidence, type SeenImage } from './learn.ts';
import { checkNativePolicy } from './parse.ts';

const ACTIONS = 'https://token.actions.githubusercontent.com';
const REPOSITORY = 'ghcr.io/a/b';
const VULN = 'https://cosign.sigstore.dev/attestation/vuln/v1';

interface Job {
  readonly repository?: string;
  readonly file?: string;
  readonly source?: string;
  readonly sourceRef?: string;
}

function workflow(ref: string, { repository = 'a/b', file = 'release.yml', source = repository, sourceRef = ref }: Job = {}): SeenEvidence['signer'] {
  const subject = `https://github.com/${repository}/.github/workflows/${file}@${ref}`;
  return { kind: 'identity', subject, issuer: ACTIONS, sourceRepository: `https://github.com/${source}`, sourceRef };
}
const person = (subject: string): SeenEvidence['signer'] => ({
  kind: 'identity',
  subject,
  issuer: 'https://i',
  sourceRepository: undefined,
  sourceRef: undefined,
});
const image = (tag: string | undefined, ...signers: SeenEvidence['signer'][]): SeenImage => ({
  repository: REPOSITORY,
  tag,
  evidence: signers.map((signer) => ({ type: undefined, signer })),
});

test.each<[string, readonly SeenImage[], object]>([
  ['one image: exactly what it shows', [image('1.2.3', workflow('refs/tags/v1.2.3'))], [{ github: 'a/b', workflow: 'release.yml', tag: 'v1.2.3' }]],
  [
    'two releases: each by its own tag',
    [image('1.2.3', workflow('refs/tags/v1.2.3')), image('1.2.4', workflow('refs/tags/v1.2.4'))],
    [{ github: 'a/b', workflow: 'release.yml', tag: 'v{tag}' }],
  ],
  [
    'tags that are not those of the images: what they have in common',
    [image(undefined, workflow('refs/tags/v1.2.3')), image(undefined, workflow('refs/tags/v1.3.0'))],
    [{ github: 'a/b', workflow: 'release.yml', tag: 'v1.*' }],
  ],
  [
    'one branch',
    [image('x', workflow('refs/heads/main')), image('y', workflow('refs/heads/main'))],
    [{ github: 'a/b', workflow: 'release.yml', branch: 'main' }],
  ],
  [
    'a branch and a tag: each for itself',
    [image('x', workflow('refs/heads/main')), image('y', workflow('refs/tags/v1'))],
    [
      { github: 'a/b', workflow: 'release.yml', branch: 'main' },
      { github: 'a/b', workflow: 'release.yml', tag: 'v1' },
    ],
  ],
  [
    'a workflow that was called: at the very ref',
    [image('1.0.0', workflow('refs/tags/v2.0.0', { repository: 'o/r', file: 'sign.yml', source: 'a/b', sourceRef: 'refs/tags/v1.0.0' }))],
    [{ github: 'a/b', workflow: 'o/r/.github/workflows/sign.yml@refs/tags/v2.0.0', tag: 'v1.0.0' }],
  ],
  ['a person', [image('1', person('a@b')), image('2', person('a@b'))], [{ issuer: 'https://i', subject: 'a@b' }]],
  [
    'a pipeline elsewhere, by its tags',
    [image('1.0', person('https://ci/x@refs/tags/1.0')), image('1.1', person('https://ci/x@refs/tags/1.1'))],
    [{ issuer: 'https://i', subject: 'https://ci/x@refs/tags/{tag}' }],
  ],
  [
    'a pattern where nothing else will do, and with its points escaped',
    [image(undefined, person('https://ci.x/y@refs/tags/1.0')), image(undefined, person('https://ci.x/y@refs/tags/1.1'))],
    [{ issuer: 'https://i', subjectPattern: 'https://ci\\.x/y@refs/tags/1\\..*' }],
  ],
  ['a key without a log', [image('1', { kind: 'key', key: 'k.pub', logged: false })], [{ key: 'k.pub', trust: { log: 'ignored' } }]],
  [
    'people who share nothing',
    [image('1', person('a@b')), image('2', person('c@d'))],
    [
      { issuer: 'https://i', subject: 'a@b' },
      { issuer: 'https://i', subject: 'c@d' },
    ],
  ],
])('%s', (_, images, signers) => {
  const { spec, outliers } = learn(images);
  expect(spec).toEqual({ images: [REPOSITORY], signers });
  expect(outliers).toEqual([]);
  const document = { apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name: 'p' }, spec };
  expect(checkNativePolicy(document, new Date()).problems).toEqual([]);
});

test('who signed some, where another signed all, is told and not trusted', () => {
  const images = ['1.0', '1.1', '1.2'].map((tag, i) => image(tag, workflow(`refs/tags/${tag}`), ...(i === 1 ? [person('mallory@example.org')] : [])));
  const { spec, outliers } = learn(images);
  expect(spec?.signers).toEqual([{ github: 'a/b', workflow: 'release.yml', tag: '{tag}' }]);
  expect(outliers).toEqual(['a signature by mallory@example.org: on 1 of 3 images, and others cover them']);
});

test('attestations that all have are demanded, by whoever made them; those of some are told', () => {
  const attested = (type: string, signer = person('a@b')) => ({ type, signer });
  const { spec, outliers } = learn([
    { repository: REPOSITORY, tag: '1', evidence: [attested(VULN, person('scan@b')), { type: undefined, signer: person('a@b') }, attested('https://t/x')] },
    { repository: 'ghcr.io/a/c', tag: '1', evidence: [{ type: undefined, signer: person('a@b') }, attested(VULN, person('scan@b'))] },
  ]);
  expect(spec).toEqual({
    images: [REPOSITORY, 'ghcr.io/a/c'],
    signers: [{ issuer: 'https://i', subject: 'a@b' }],
    attestations: [{ type: VULN, signers: [{ issuer: 'https://i', subject: 'scan@b' }] }],
    signature: 'required',
  });
  expect(outliers).toEqual(['https://t/x: on 1 of 2 images, and demanded of none']);
});

test('attestations alone demand no signature', () => {
  const { spec } = learn([{ repository: REPOSITORY, tag: '1', evidence: [{ type: VULN, signer: person('a@b') }] }]);
  expect(spec).toEqual({ images: [REPOSITORY], signers: [{ issuer: 'https://i', subject: 'a@b' }], attestations: [{ type: VULN }] });
});

test('nothing teaches nothing', () => {
  expect(learn([{ repository: REPOSITORY, tag: '1', evidence: [] }])).toEqual({ spec: undefined, outliers: [] });
});
