/** Lines of scripts as policies: what they demand, what is lost, and what is refused. */
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../core/test/codes.ts';
import { Losses, lossText } from '../convert/loss.ts';
import { checkNativePolicy } from '../native/parse.ts';
import { readFlags } from './read-flags.ts';
import { shellWords } from './words.ts';

function read(line: string): { spec: object; losses: string[] } {
  const losses = new Losses();
  const document = readFlags(line, 'p', losses);
  expect(checkNativePolicy(document, new Date()).problems).toEqual([]);
  return { spec: document.spec, losses: losses.all.map(lossText) };
}

test.each<[string, readonly string[]]>([
  ['a \'b c\'  "d e" f\\ g', ['a', 'b c', 'd e', 'f g']],
  ['a \\\n  --b=c # and so on', ['a', '--b=c']],
  ["a\"b\"'c' '' x#y", ['abc', '', 'x#y']],
  ['"\\$a \\"b\\"" c$TAG', ['$a "b"', 'c$TAG']],
  ["'^https://github.com/a/.*$'", ['^https://github.com/a/.*$']],
])('words of %s', (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

test.each(['a | b', 'a; b', 'a && b', 'a $(b)', 'a `b`', 'a "$(b)"', "a 'b", 'a "b', 'a > b', '(a)'])('refuses %s', (text) => {
  expect(codeOf(() => shellWords(text))).toBe('USAGE');
});

describe('reads', () => {
  const SIGNER = '--certificate-identity a@b --certificate-oidc-issuer https://i';
  test.each<[string, object]>([
    [`cosign verify ${SIGNER} ghcr.io/a/b:v1`, { images: ['ghcr.io/a/b'], signers: [{ issuer: 'https://i', subject: 'a@b' }] }],
    [
      "assay cosign verify --certificate-identity-regexp '^https://github.com/a/.*$' --certificate-oidc-issuer-regexp=acme ghcr.io/a/b:$TAG nginx",
      {
        images: ['ghcr.io/a/b', 'index.docker.io/library/nginx'],
        signers: [{ issuerPattern: '(?s:.*)(?:acme)(?s:.*)', subjectPattern: 'https://github.com/a/.*' }],
      },
    ],
    [
      'COSIGN_REPOSITORY=ghcr.io/a/sigs /usr/bin/cosign verify --key k.pub --insecure-ignore-tlog -a env=prod -a x=1=2 ghcr.io/a/b@sha256:$D',
      {
        images: ['ghcr.io/a/b'],
        signers: [{ key: 'k.pub' }],
        trust: { log: 'ignored' },
        annotations: { env: 'prod', x: '1=2' },
        from: { repository: 'ghcr.io/a/sigs' },
      },
    ],
    [
      'cosign verify-attestation --type cyclonedx --key k.pub --trusted-root r.json a.b/c',
      {
        images: ['a.b/c'],
        signers: [{ key: 'k.pub' }],
        trust: { file: 'r.json' },
        attestations: [{ type: 'cyclonedx' }],
      },
    ],
    [
      `cosign verify-blob --bundle x.json ${SIGNER} --use-signed-timestamps --insecure-ignore-tlog=true --insecure-ignore-sct file`,
      {
        signers: [{ issuer: 'https://i', subject: 'a@b' }],
        trust: { log: 'ignored', sct: 'ignored', timestamp: 'required' },
      },
    ],
    [
      'slsa-verifier verify-artifact --provenance-path p.jsonl --source-uri github.com/a/b --source-tag v1.2.3 app',
      {
        build: { source: 'github.com/a/b', tag: 'v1.2.3', level: 3 },
      },
    ],
    [
      'slsa-verifier verify-image --source-uri git+https://github.com/a/b --source-branch main --builder-id https://github.com/c/d/.github/workflows/x.yml@refs/tags/v1 --provenance-repository ghcr.io/a/p ghcr.io/a/b@sha256:00',
      {
        images: ['ghcr.io/a/b'],
        build: { source: 'github.com/a/b', branch: 'main', builder: 'https://github.com/c/d/.github/workflows/x.yml@refs/tags/v1' },
        from: { repository: 'ghcr.io/a/p' },
      },
    ],
  ])('%s', (line, spec) => {
    expect(read(line)).toEqual({ spec, losses: [] });
  });

  const PULLS = 'LOSS --source-ref: stricter: workflows of pull requests are refused, and those of other repositories unless they are called at a tag';
  const ROOT = "LOSS --custom-trusted-root: stricter: the default root is public Sigstore's: what GitHub's own instance has certified needs a trust.file";
  const V1 = [{ type: 'https://slsa.dev/provenance/v1' }];
  test.each<[string, object, string[]]>([
    ['gh attestation verify app.tgz --owner a', { signers: [{ github: 'a/*' }], attestations: V1 }, [ROOT, PULLS]],
    [
      'gh at verify oci://ghcr.io/a/b:v1 -R a/b --source-ref refs/tags/v1 --signer-workflow a/b/.github/workflows/x.yml --custom-trusted-root r.jsonl',
      { images: ['ghcr.io/a/b'], signers: [{ github: 'a/b', workflow: 'x.yml', ref: 'refs/tags/v1' }], attestations: V1, trust: { file: 'r.jsonl' } },
      [PULLS],
    ],
    [
      'gh attestation verify f -R a/b --signer-workflow c/d/.github/workflows/x.yml@refs/tags/v1 --predicate-type https://t/x --deny-self-hosted-runners',
      { signers: [{ github: 'a/b', workflow: 'c/d/.github/workflows/x.yml@refs/tags/v1' }], attestations: [{ type: 'https://t/x' }] },
      ['LOSS --deny-self-hosted-runners: weaker: whose machine it was is not asked for; say it with build.selfHosted', ROOT, PULLS],
    ],
    [
      'gh attestation verify f -R a/b --cert-identity https://x',
      { signers: [{ issuer: 'https://token.actions.githubusercontent.com', subject: 'https://x' }], attestations: V1 },
      [ROOT, 'LOSS --repo: weaker: who signs is named in full, so that which repository was built is not asked for'],
    ],
    [
      'cosign verify-attestation --key k.pub --policy a.cue --policy b.cue --policy c.rego a.b/c',
      { images: ['a.b/c'], signers: [{ key: 'k.pub' }], attestations: [{ type: 'custom', cue: 'a.cue', rego: 'c.rego' }] },
      [
        'LOSS --policy: weaker: one file of CUE and one of Rego can be named: the others are not asked for',
        'LOSS --policy: weaker: one statement that holds is enough: every one had to',
      ],
    ],
    [
      `cosign verify ${SIGNER} --ca-roots r.pem --certificate-github-workflow-ref refs/heads/main --check-claims=false a.b/c`,
      { images: ['a.b/c'], signers: [{ issuer: 'https://i', subject: 'a@b' }] },
      [
        'LOSS --ca-roots: weaker: authorities are those of a trusted root: the default one is used; make one of it, and name that with trust.file',
        'LOSS --certificate-github-workflow-ref: weaker: is not asked for; say it with github, workflow, tag and branch instead',
        'LOSS --check-claims: stricter: what was signed must name this very image',
      ],
    ],
    [
      'slsa-verifier verify-artifact --source-uri github.com/a/b --source-versioned-tag v1 --build-workflow-input a=b f',
      { build: { source: 'github.com/a/b', level: 3 } },
      [
        'LOSS --source-versioned-tag: weaker: versions are not compared: which tag it was built from is not asked for',
        'LOSS --build-workflow-input: weaker: inputs of the workflow are not asked for',
      ],
    ],
  ])('%s, and says what is lost', (line, spec, losses) => {
    expect(read(line)).toEqual({ spec, losses });
  });
});

describe('refuses', () => {
  test.each<[string, string]>([
    ['another program', 'curl x'],
    ['another command', 'cosign sign --key k x'],
    ['nobody', 'cosign verify a.b/c'],
    ['half of somebody', 'cosign verify --certificate-identity x a.b/c'],
    ['a flag that nobody knows', 'cosign verify --key k.pub --trust-me a.b/c'],
    ['a flag without its value', 'cosign verify a.b/c --key'],
    ['a key that is kept elsewhere', 'cosign verify --key awskms:///x a.b/c'],
    ['a variable that decides', 'cosign verify --key $KEY a.b/c'],
    ['a variable for a repository', 'cosign verify --key k.pub $IMAGE'],
    [
      'a builder of another cloud',
      'slsa-verifier verify-image --source-uri github.com/a/b --builder-id https://cloudbuild.googleapis.com/GoogleHostedWorker a.b/c',
    ],
    ['no source', 'slsa-verifier verify-artifact x'],
    ['neither owner nor repository', 'gh attestation verify f'],
    ['a tenant', 'gh attestation verify f -R a/b --hostname x.ghe.com'],
  ])('%s', (_, line) => {
    expect(codeOf(() => readFlags(line, 'p', new Losses()))).toBe('USAGE');
  });
});
