// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables are written in a shell
/** Every rule in its places: what is found, where, and what should stand there. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type LintOptions, lintText } from './lint.ts';
import { RULES } from './rules.ts';

const page = (name: string): string => readFileSync(new URL(`../test/${name}`, import.meta.url), 'utf8');
const found = (name: string, text: string, options?: LintOptions): readonly string[] =>
  lintText(name, text, options).map(({ rule, text: offending, correction }) => `${rule}: ${offending}${correction === undefined ? '' : ` → ${correction}`}`);
const rulesIn = (name: string, text: string): readonly string[] => lintText(name, text).map(({ rule }) => rule);

const ISSUER = '--certificate-oidc-issuer https://token.actions.githubusercontent.com';
const GOOD = `--certificate-identity https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1 ${ISSUER}`;
const ACTIONS = 'https://token.actions.githubusercontent.com';

test('a page of correct commands has nothing', () => {
  expect(found('correct-page.md', page('correct-page.md'))).toEqual([]);
});

/** That nothing is found could also mean that nothing is read. */
test.each<[string, string, string]>([
  ['release\\.yml@refs/tags/v[0-9]+\\.[0-9]+\\.[0-9]+(-rc\\.[0-9]+)?$', 'release.yml@refs/tags/v1', 'unescaped-dot'],
  [
    "'^https://github\\.com/acme/widget/\\.github/workflows/release\\.yml@refs/tags/v[0-9]+\\.[0-9]+\\.[0-9]+(-rc",
    "'github\\.com/acme/widget/(-rc",
    'identity-unanchored',
  ],
  ['--certificate-oidc-issuer https://accounts.google.com --certificate-identity keyless', '--certificate-identity keyless', 'issuer-missing'],
  ['verify --key cosign.pub "ghcr.io', 'verify "ghcr.io', 'identity-missing'],
  ['verify --key cosign.pub "ghcr.io', 'verify --key cosign.pub --insecure-ignore-tlog "ghcr.io', 'check-disabled'],
  ['cosign sign --yes -a imageRef="$REF" "ghcr.io/acme/widget@${DIGEST}"', 'cosign sign --yes -a imageRef="$REF" "ghcr.io/acme/widget:${TAG}"', 'sign-by-tag'],
  ['docker run --rm "ghcr.io/acme/widget@${DIGEST}"', 'docker run registry.k8s.io/kube-apiserver:v1.35.0', 'deploy-by-tag'],
  ['cosign@v3.1.3', 'cosign@latest', 'installer-not-pinned'],
  ['v1.2.3/checksums.txt', 'v1.2.3/other.txt', 'none'],
  ['--repo acme/widget', '--owner acme', 'owner-only'],
  ['if ! cosign verify --key cosign.pub "$IMAGE"; then', 'if cosign verify --key cosign.pub "$IMAGE" || true; then', 'result-ignored'],
  ['    shell: bash', '    working-directory: .', 'result-ignored'],
  ['checkout@0000000000000000000000000000000000000000', 'checkout@v6', 'action-not-pinned'],
  ['subjectRegExp: ^https', 'subjectRegExp: https', 'identity-unanchored'],
  ['workflows/release.yml@refs/tags/*', 'workflows/*@refs/tags/*', 'identity-greedy'],
  ['github: acme/widget', 'github: acme/*', 'owner-only'],
  ['image: ghcr.io/acme/widget:1.2.3@sha256:', 'image: ghcr.io/acme/widget:', 'image-by-tag'],
  ['FROM docker.io/library/golang:1.26@sha256:0000000000000000000000000000000000000000000000000000000000000000', 'FROM golang:1.26', 'image-by-tag'],
  ['IDENTITY: ^https', 'IDENTITY: https', 'identity-unanchored'],
  ['- name: verify by name', '- name: verify by name\n        continue-on-error: true', 'result-ignored'],
  ['https://rekor.sigstore.dev', 'https://rekor.sigstore.dev.example.net', 'lookalike-host'],
])('with %j as %j that page has %s', (right, wrong, rule) => {
  const text = page('correct-page.md');
  expect(text).toContain(right);
  const rules = rulesIn(
    'correct-page.md',
    text.replace(right, () => wrong),
  );
  if (rule === 'none') expect(rules).toEqual([]);
  else expect(rules).toContain(rule);
});

describe('a page with the host of a mirror in it', () => {
  const text = page('wrong-page.md');
  const all = lintText('SECURITY.md', text);

  test('it is found in every place, and only there', () => {
    const places = [...text.matchAll(/[\w.]*aaakk\\?\.us\\?\.kg|github\\\.aaakk\\\.us\\\.kg/g)].map(({ 0: host, index }) => `${lineOf(text, index)} ${host}`);
    const hosts = all.filter(({ rule }) => rule === 'foreign-host');
    expect(places.length).toBe(14);
    expect(hosts.map(({ start, text: host }) => `${start.line}:${start.column} ${host}`)).toEqual(places);
    expect([...new Set(hosts.map(({ correction }) => correction))]).toEqual(['github.com', 'api.github.com', 'raw.githubusercontent.com', 'github\\.com']);
  });

  test('so are unescaped dots and older flags, where they stand', () => {
    const others = all.filter(({ rule }) => rule !== 'foreign-host').map(({ start, rule }) => `${start.line}:${start.column} ${rule}`);
    expect(others).toEqual(['26:33 unescaped-dot', '32:33 unescaped-dot', '39:2 deprecated', '40:2 deprecated', '41:32 unescaped-dot']);
    expect(all.find(({ start, rule }) => start.line === 32 && rule === 'unescaped-dot')?.correction).toBe(
      "'^https://github\\.aaakk\\.us\\.kg/acme/exporter/\\.github/workflows/release\\.yml@refs/tags/v[0-9]+\\.[0-9]+\\.[0-9]+(-rc\\.[0-9]+)?$'",
    );
  });

  test('it may be declared to be our own', () => {
    expect(lintText('SECURITY.md', text, { allowedHosts: ['aaakk.us.kg'] }).map(({ rule }) => rule)).not.toContain('foreign-host');
  });
});

function lineOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

test.each<[string, string, readonly string[]]>([
  [
    'no identity',
    'cosign verify ghcr.io/o/r:v1',
    ['identity-missing: cosign verify → cosign verify --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER'],
  ],
  [
    'no issuer, of a workflow',
    'cosign verify --certificate-identity https://github.com/o/r/.github/workflows/r.yml@refs/heads/main ghcr.io/o/r@$D',
    [
      `issuer-missing: --certificate-identity https://github.com/o/r/.github/workflows/r.yml@refs/heads/main → --certificate-identity https://github.com/o/r/.github/workflows/r.yml@refs/heads/main ${ISSUER}`,
    ],
  ],
  ['a key says who', 'cosign verify --key cosign.pub ghcr.io/o/r:v1', []],
  ['so does COSIGN_KEY', 'COSIGN_KEY=cosign.pub cosign verify ghcr.io/o/r:v1', []],
  ['flags may be in a variable', 'cosign verify $FLAGS ghcr.io/o/r:v1', []],
  ['or in an array', 'cosign verify "${args[@]}" ghcr.io/o/r:v1', []],
  ['a page may leave them out', 'cosign verify ... ghcr.io/o/r:v1', []],
  [
    'the issuer as a pattern',
    `cosign verify --certificate-identity a@b.example --certificate-oidc-issuer-regexp 'https://accounts.google.com' ghcr.io/o/r:v1`,
    [
      "identity-unanchored: 'https://accounts.google.com' → '^https://accounts\\.google\\.com$'",
      "unescaped-dot: 'https://accounts.google.com' → '^https://accounts\\.google\\.com$'",
    ],
  ],
  [
    'a pattern without quotes loses its backslashes',
    `cosign verify --certificate-identity-regexp=^https://github\\.com/o/r/x.yml@refs/tags/v1$ ${ISSUER} a/b:v1`,
    ["unescaped-dot: ^https://github\\.com/o/r/x.yml@refs/tags/v1$ → '^https://github\\.com/o/r/x\\.yml@refs/tags/v1$'"],
  ],
  [
    'a pattern with a variable is written in double quotes',
    `cosign verify --certificate-identity-regexp "^https://github.com/o/r/\\.github/workflows/r\\.yml@refs/tags/$TAG\\$" ${ISSUER} a/b:v1`,
    [
      'unescaped-dot: "^https://github.com/o/r/\\.github/workflows/r\\.yml@refs/tags/$TAG\\$" → "^https://github\\.com/o/r/\\.github/workflows/r\\.yml@refs/tags/$TAG$"',
    ],
  ],
  [
    'what is named in a variable is judged where it was set',
    `ID='.*'\ncosign verify --certificate-identity-regexp "$ID" ${ISSUER} a/b:v1`,
    ["identity-anyone: '.*'"],
  ],
  ['the log is left out', `cosign verify ${GOOD} --insecure-ignore-tlog=true a/b:v1`, ['check-disabled: --insecure-ignore-tlog=true → ']],
  ['it is not', `cosign verify ${GOOD} --insecure-ignore-tlog=false a/b:v1`, []],
  ['a timestamp stands for it', `cosign verify ${GOOD} --insecure-ignore-tlog --use-signed-timestamps a/b:v1`, []],
  ['the private form', `cosign verify ${GOOD} --private-infrastructure a/b:v1`, ['check-disabled: --private-infrastructure → ']],
  ['claims are not compared', `cosign verify ${GOOD} --check-claims=false a/b:v1`, ['check-disabled: --check-claims=false → ']],
  ['the registry is anybody', `cosign verify ${GOOD} --allow-insecure-registry r.example/a/b:v1`, ['check-disabled: --allow-insecure-registry → ']],
  ['the registry is here', `cosign verify ${GOOD} --allow-insecure-registry localhost:5000/a/b:v1`, []],
  [
    'older names of flags',
    'cosign verify --cert-identity a@b.example -certificate-oidc-issuer https://accounts.google.com a/b:v1',
    [
      'deprecated: --cert-identity a@b.example → --certificate-identity a@b.example',
      'deprecated: -certificate-oidc-issuer https://accounts.google.com → --certificate-oidc-issuer https://accounts.google.com',
    ],
  ],
  ['a bundle instead', `cosign sign-blob --yes --output-signature a.sig a`, ['deprecated: --output-signature a.sig → --bundle FILE.sigstore.json']],
  ['an SBOM that is attached', 'cosign attach sbom --sbom s.json a/b@sha256:0', ['deprecated: cosign attach']],
  [
    'the switch of version 1',
    `export COSIGN_EXPERIMENTAL=1\nCOSIGN_EXPERIMENTAL=1 cosign verify ${GOOD} a/b:v1`,
    ['deprecated: COSIGN_EXPERIMENTAL=1 → ', 'deprecated: COSIGN_EXPERIMENTAL=1 → '],
  ],
  ['what it still unlocks', 'COSIGN_EXPERIMENTAL=1 cosign sign --yes --registry-referrers-mode oci-1-1 a/b@sha256:0', []],
  [
    'slsa-verifier of version 1',
    'slsa-verifier -artifact-path a.tgz -provenance p.jsonl -source github.com/o/r -tag v1',
    [
      'deprecated: slsa-verifier -artifact-path a.tgz -provenance p.jsonl -source github.com/o/r -tag v1 → slsa-verifier verify-artifact a.tgz --provenance-path p.jsonl --source-uri github.com/o/r --source-tag v1',
    ],
  ],
  ['of any repository', 'gh attestation verify a.tgz --owner o', ['owner-only: --owner o → --repo o/REPOSITORY']],
  ['of one workflow', 'gh attestation verify a.tgz -o o --signer-workflow o/r/.github/workflows/r.yml', []],
  ['a pattern for gh', "gh attestation verify a.tgz -R o/r --cert-identity-regex '.*'", ["identity-anyone: '.*'"]],
  [
    'a pattern for assay is one of the whole',
    `assay verify a.tgz --issuer ${ACTIONS} --identity-regexp 'https://github\\.com/o/r/\\.github/workflows/r\\.yml@refs/tags/v1'`,
    [],
  ],
  [
    'assay wants an issuer, too',
    'assay verify a.tgz --identity a@b.example',
    ['issuer-missing: --identity a@b.example → --identity a@b.example --issuer ISSUER'],
  ],
  [
    'assay cosign is cosign',
    'assay cosign verify a/b:v1',
    ['identity-missing: cosign verify → cosign verify --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER'],
  ],
  ['a tag is signed', 'cosign sign --yes ghcr.io/o/r:v1', ['sign-by-tag: ghcr.io/o/r:v1 → ghcr.io/o/r@sha256:DIGEST']],
  ['latest is signed', 'cosign sign --yes knabben/netshoot', ['sign-by-tag: knabben/netshoot → knabben/netshoot@sha256:DIGEST']],
  ['a tag in a variable is signed', 'IMAGE=ghcr.io/o/r:$TAG\ncosign sign --yes "$IMAGE"', ['sign-by-tag: "$IMAGE" → ghcr.io/o/r@sha256:DIGEST']],
  ['what the variable is, is not known', 'cosign sign --yes "$IMAGE" $OTHER ${{ steps.build.outputs.image }}', []],
  ['a digest is signed', 'cosign sign --yes ghcr.io/o/r:v1@${DIGEST}', []],
  ['verified, then run', `cosign verify ${GOOD} a/b:v1 && docker pull a/b:v1`, ['deploy-by-tag: a/b:v1 → a/b@sha256:DIGEST']],
  ['verified, then deployed', `cosign verify ${GOOD} a/b:v1\nkubectl set image deployment/x x=a/b:v1`, ['deploy-by-tag: x=a/b:v1 → a/b@sha256:DIGEST']],
  ['another one is run', `cosign verify ${GOOD} a/b:v1\ndocker run a/b:v2`, []],
  ['a script from afar', 'curl -sSL https://x.example/i.sh | sudo -E bash -', ['installer-not-pinned: curl -sSL https://x.example/i.sh | sudo -E bash -']],
  [
    'by way of tee',
    'curl https://x.example/i.sh | tee i.sh | sh -s -- -b /bin',
    ['installer-not-pinned: curl https://x.example/i.sh | tee i.sh | sh -s -- -b /bin'],
  ],
  ['as a word', 'sh -c "$(curl -fsSL https://x.example/i.sh)"', ['installer-not-pinned: sh -c "$(curl -fsSL https://x.example/i.sh)"']],
  ['as a file', 'bash <(curl -s https://x.example/i.sh)', ['installer-not-pinned: bash <(curl -s https://x.example/i.sh)']],
  ['data is no script', "curl -s https://x.example/i.json | python3 -c 'import json' && curl x | bash -c 'cat' && curl x | node parse.js", []],
  ['go', 'go install example.com/a/b@latest && go run example.com/a/b@v1.2.3', ['installer-not-pinned: example.com/a/b@latest → example.com/a/b@VERSION']],
  ['npm', 'npm i -g a @b/c d@1 ./e', ['installer-not-pinned: a → a@VERSION', 'installer-not-pinned: @b/c → @b/c@VERSION']],
  ['pip', 'python3 -m pip install a b==1 ./c d.whl git+https://x.example/e', ['installer-not-pinned: a → a==VERSION']],
  ['cargo', 'cargo install a && cargo install b --version 1', ['installer-not-pinned: a → a@VERSION']],
  [
    'the latest release, whatever it is',
    'curl -LO https://github.com/o/r/releases/latest/download/r.tgz',
    ['installer-not-pinned: https://github.com/o/r/releases/latest/download/r.tgz → https://github.com/o/r/releases/download/VERSION/r.tgz'],
  ],
  ['which is verified', `curl -LO https://github.com/o/r/releases/latest/download/r.tgz\ncosign verify-blob --bundle b ${GOOD} r.tgz`, []],
  ['certificates of servers', 'curl -fsk https://x.example/a -o a', ['check-disabled: -fsk → ']],
  ['those of this machine', 'curl -k https://localhost:8443/a', []],
  ['a failure that is none', `cosign verify ${GOOD} a/b:v1 || true`, ['result-ignored:  || true → ']],
  ['a failure that is told', `cosign verify ${GOOD} a/b:v1 || echo failed`, ['result-ignored:  || echo failed → ']],
  ['a failure that ends it', `cosign verify ${GOOD} a/b:v1 || { echo failed; exit 1; }\ncosign verify ${GOOD} a/b:v1 || exit 1`, []],
  ['the status of jq', `cosign verify ${GOOD} a/b:v1 | jq .`, [`result-ignored: cosign verify ${GOOD} a/b:v1`]],
  ['that of both', `set -euo pipefail\ncosign verify ${GOOD} a/b:v1 | jq .`, []],
  ['jq that wants something', `cosign verify ${GOOD} a/b:v1 | jq -e .`, []],
  [
    'checksums beside what they are for',
    'curl -LO https://x.example/checksums.txt\nsha256sum -c checksums.txt',
    [
      'checksums-unverified: sha256sum -c checksums.txt → cosign verify-blob --bundle checksums.txt.sigstore.json --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER checksums.txt && sha256sum -c checksums.txt',
    ],
  ],
  ['checksums that were verified', `curl -LO https://x.example/checksums.txt\ngpg --verify checksums.txt.asc checksums.txt\nsha256sum -c checksums.txt`, []],
  ['checksums from elsewhere', 'sha256sum -c checksums.txt', []],
  [
    'a command in a container',
    'docker run --rm gcr.io/projectsigstore/cosign:v3 verify a/b:v1',
    [
      'identity-missing: gcr.io/projectsigstore/cosign:v3 verify → gcr.io/projectsigstore/cosign:v3 verify --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER',
    ],
  ],
  ['placeholders are no redirections', `cosign verify ${GOOD} <image>`, []],
])('of a script: %s', (_, text, expected) => {
  expect(found('x.sh', text)).toEqual(expected);
});

test.each<[string, string, string, readonly string[]]>([
  ['prose', 'README.md', 'Run cosign verify ghcr.io/o/r:v1 --insecure-ignore-tlog, or curl https://x.example | sh.', []],
  ['a name in a sentence', 'README.md', 'Use `cosign verify`, `cosign sign IMAGE`, `--insecure-ignore-tlog` or `curl x | sh`.', []],
  [
    'a command in a sentence',
    'README.md',
    "Use `cosign verify --certificate-identity-regexp '.*' a/b`.",
    ["issuer-missing: --certificate-identity-regexp '.*' → --certificate-identity-regexp '.*' --certificate-oidc-issuer ISSUER", "identity-anyone: '.*'"],
  ],
  ['what was answered', 'README.md', '```\n$ cosign version\ncosign verify a/b:v1\n```\n', []],
  [
    'what was typed',
    'README.md',
    '```console\n$ cosign verify \\\n  a/b:v1\nfailed\n```\n',
    ['identity-missing: cosign verify → cosign verify --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER'],
  ],
  ['another language', 'README.md', '```go\n// cosign verify a/b:v1\n```\n', []],
  ['a fence in a list in a quote', 'README.md', '> - ```sh\n>   cosign sign --yes a/b:v1\n>   ```\n', ['sign-by-tag: a/b:v1 → a/b@sha256:DIGEST']],
  ['an indented block', 'README.md', 'So:\n\n    cosign sign --yes a/b:v1\n', ['sign-by-tag: a/b:v1 → a/b@sha256:DIGEST']],
  ['a paragraph of a list', 'README.md', '- so:\n\n    cosign sign --yes a/b:v1\n', []],
  ['text without marks', 'USAGE.txt', 'cosign sign --yes is for digests.\n\n  cosign sign --yes a/b:v1\n', ['sign-by-tag: a/b:v1 → a/b@sha256:DIGEST']],
  ['source of a program', 'main.go', 'x := "cosign verify a/b:v1"', []],
  ['a recipe', 'Makefile', 'sign:\n\t@cosign sign --yes \\\n\t  a/b:$(TAG)\n', ['sign-by-tag: a/b:$(TAG) → a/b@sha256:DIGEST']],
  [
    'a stage of a build',
    'Dockerfile',
    'FROM golang:1 AS build\nFROM scratch\nFROM --platform=x build\nCOPY --from=build /a /a\nCOPY --from=a/b:v1 /a /a\nRUN curl https://x.example | sh\n',
    ['image-by-tag: golang:1 → golang:1@sha256:DIGEST', 'image-by-tag: a/b:v1 → a/b:v1@sha256:DIGEST', 'installer-not-pinned: curl https://x.example | sh'],
  ],
  [
    'a step',
    '.github/workflows/x.yml',
    `jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      - run: cosign verify ${GOOD} a/b:v1 | jq .\n`,
    ['action-not-pinned: actions/checkout@v4 → actions/checkout@COMMIT # v4', `result-ignored: cosign verify ${GOOD} a/b:v1`],
  ],
  ['a step with a shell of its own', 'x.yml', `jobs:\n  a:\n    steps:\n      - run: cosign verify ${GOOD} a/b:v1 | jq .\n        shell: bash\n`, []],
  [
    'a job that may fail',
    '.gitlab-ci.yml',
    'verify:\n  allow_failure: true\n  script:\n    - cosign verify --key k.pub a/b:v1\n',
    ['result-ignored: true → false'],
  ],
  [
    'images of a cluster',
    'x.yaml',
    'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: nginx\n    - image: "a/b:v1"\n    - image: a/b@sha256:0\n    - image: "{{ .Values.image }}"\n',
    ['image-by-tag: nginx → nginx@sha256:DIGEST', 'image-by-tag: "a/b:v1" → "a/b:v1@sha256:DIGEST"'],
  ],
  [
    "images of one's own",
    'compose.yaml',
    'services:\n  a: { build: ., image: a/b:v1 }\n  c: { image: redis }\n',
    ['image-by-tag: redis → redis@sha256:DIGEST'],
  ],
  ['pictures', 'x.md', '---\ntitle: x\nimage: img/cover.png\n---\n', []],
  [
    'a template that does not parse',
    'templates/x.yaml',
    'a: {{ x }}\nspec:\n{{- if y }}\n  image: a/b:v1 # c\n  image: "{{ z }}"\n{{- end }}\n',
    ['image-by-tag: a/b:v1 → a/b:v1@sha256:DIGEST'],
  ],
  [
    'a document in a script',
    'x.sh',
    "kubectl apply -f - <<'EOF'\napiVersion: v1\nkind: Pod\nspec: { containers: [{ image: nginx }] }\nEOF\n",
    ['image-by-tag: nginx → nginx@sha256:DIGEST'],
  ],
  [
    'a signer without issuer',
    'x.yaml',
    'spec: { authorities: [{ keyless: { identities: [{ subject: a@b.example }] } }] }',
    ['issuer-missing: a@b.example → a@b.example, issuer: ISSUER'],
  ],
  [
    'nobody in particular',
    'x.yaml',
    'spec:\n  authorities:\n    - keyless:\n        url: https://fulcio.sigstore.dev\n',
    ['identity-missing: https://fulcio.sigstore.dev'],
  ],
  [
    'a log that is left out',
    'x.yaml',
    'attestors: [{ entries: [{ keyless: { subject: a@b.example, issuer: https://i.example, rekor: { ignoreTlog: true } } }] }]',
    ['check-disabled: true → false'],
  ],
  [
    'any subject for Kyverno',
    'x.yaml',
    'attestors: [{ entries: [{ keyless: { subject: "*", issuer: "https://accounts.google.com" } }] }]',
    ['identity-anyone: "*"'],
  ],
  [
    'patterns for Flux',
    'x.yaml',
    `spec: { verify: { matchOIDCIdentity: [{ issuer: '^https://accounts\\.google\\.com$', subject: 'a@b\\.example' }] } }`,
    ["identity-unanchored: 'a@b\\.example' → ^a@b\\.example$"],
  ],
  [
    'a policy of ours that trusts without log',
    'x.yaml',
    "apiVersion: assay.dev/v1alpha1\nkind: ImagePolicy\nspec: { trust: { log: ignored }, signers: [{ issuer: 'https://i.example', subjectPattern: '.*' }] }",
    ['check-disabled: ignored → required', "identity-anyone: '.*'"],
  ],
  ['an input of an action', 'x.yml', "with:\n  certificate-identity-regexp: '.*'\n", ["identity-anyone: '.*'"]],
  ['a schema', 'x.yaml', 'properties: { keyless: { type: object, ignoreTlog: true } }', []],
  ['a page with CRLF', 'README.md', '# a\r\n\r\n```sh\r\ncosign sign \\\r\n  --yes a/b:v1\r\n```\r\n', ['sign-by-tag: a/b:v1 → a/b@sha256:DIGEST']],
])('of %s', (_, name, text, expected) => {
  expect(found(name, text)).toEqual(expected);
});

describe('places', () => {
  const where = (name: string, text: string): readonly string[] =>
    lintText(name, text).map(({ start, end }) => `${start.line}:${start.column}-${end.line}:${end.column}`);

  test.each<[string, string, string, string]>([
    ['CRLF', 'x.md', 'a\r\n\r\n```sh\r\ncosign sign \\\r\n  --yes a/b:v1\r\n```\r\n', '5:9-5:15'],
    ['CR', 'x.sh', 'a\rcosign sign --yes a/b:v1', '2:19-2:25'],
    ['a quote', 'x.md', '> ```sh\n> cosign sign --yes a/b:v1\n> ```\n', '2:21-2:27'],
    ['a block of YAML', 'x.yml', 'steps:\n  - run: |\n      true\n      cosign sign --yes a/b:v1\n', '4:25-4:31'],
    ['a folded one', 'x.yml', 'steps:\n  - run: >-\n      cosign sign\n      --yes a/b:v1\n', '4:13-4:19'],
    ['escapes', 'x.yml', 'steps:\n  - run: "echo \\"\\u00e9\\" && cosign sign --yes a/b:v1"\n', '2:48-2:54'],
    ['a fence in YAML in a fence', 'x.md', '- a\n  ```yaml\n  steps:\n    - run: |\n        cosign sign --yes a/b:v1\n  ```\n', '5:27-5:33'],
    ['characters of two units', 'x.sh', '# 😀\necho 😀 && cosign sign --yes a/b:v1', '2:30-2:36'],
  ])('in %s', (_, name, text, expected) => {
    expect(where(name, text)).toEqual([expected]);
  });
});

describe('exceptions', () => {
  test.each<[string, string, readonly string[]]>([
    ['on the line', 'cosign sign --yes a/b:v1 # assay-lint-ignore sign-by-tag it is a test', []],
    ['before it', '# assay-lint-ignore sign-by-tag it is a test\ncosign sign --yes a/b:v1', []],
    ['before all lines of a command', '# assay-lint-ignore sign-by-tag,check-disabled it is a test\ncosign sign \\\n  --yes \\\n  a/b:v1', []],
    ['of another rule', '# assay-lint-ignore check-disabled it is a test\ncosign sign --yes a/b:v1', ['sign-by-tag']],
    ['two lines before', '# assay-lint-ignore sign-by-tag it is a test\n\ncosign sign --yes a/b:v1', ['sign-by-tag']],
    ['without a reason', '# assay-lint-ignore sign-by-tag\ncosign sign --yes a/b:v1', ['ignore-comment', 'sign-by-tag']],
    ['of a rule that is none', '# assay-lint-ignore sing-by-tag x\ncosign sign --yes a/b:v1', ['ignore-comment', 'sign-by-tag']],
  ])('%s', (_, text, expected) => {
    expect(rulesIn('x.sh', text)).toEqual(expected);
  });

  test('in HTML', () => {
    expect(rulesIn('x.md', '<!-- assay-lint-ignore foreign-host our own -->\nhttps://github.acme.net/a/b')).toEqual([]);
  });

  test('rules are chosen, and must exist', () => {
    const text = 'cosign sign --yes a/b:v1\ncurl x | sh';
    expect(found('x.sh', text, { rules: ['sign-by-tag'] })).toHaveLength(1);
    expect(found('x.sh', text, { ignored: ['sign-by-tag'] })).toHaveLength(1);
    expect(() => lintText('x.sh', text, { rules: ['no-such-rule'] })).toThrow('there is no rule no-such-rule');
  });
});

test('rules have names of their own, in one form', () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, summary, why } of RULES) {
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(summary).not.toMatch(/\.$/);
    expect(why).toMatch(/^[A-Z`].*\.$/);
  }
});

/** What would take for ever if anything were looked for twice. The time limit of the test is what fails. */
describe('a long text of nothing but', () => {
  const units = [
    'a',
    '`',
    '``` ',
    '` `` ',
    '"',
    "'",
    '"$(',
    '$(',
    '${{',
    '\\',
    '\\\n',
    '- ',
    '[',
    '{',
    'a: ',
    'https://github.com.',
    '//',
    '\\.',
    '<<E\n',
    '|',
    '    a\n\n',
    '\n',
    '> ',
    '~~~\n',
    '<a',
    'A=$A$A\n',
    '\ud800',
    '&a *a ',
    '$ a\n',
    'FROM a\\\n',
    'run: |\n a\n',
    '# assay-lint-ignore a ',
  ];
  const names = ['x.md', 'x.yaml', 'x.sh', 'Dockerfile', 'Makefile', 'notes'];

  test.each(units)('%j', { timeout: 60_000 }, (unit) => {
    const text = unit.repeat(Math.ceil(150_000 / unit.length));
    for (const name of names) expect(lintText(name, text)).toBeInstanceOf(Array);
  });

  test('long patterns, none like the other', { timeout: 60_000 }, () => {
    const lines = Array.from(
      { length: 120 },
      (_, i) => `cosign verify --certificate-identity-regexp 'https://github\\.com/o/r${i}/${'.*'.repeat(2000)}' ${ISSUER} a/b\n`,
    );
    expect(lintText('x.sh', lines.join('')).length).toBeGreaterThan(120);
  });
});
