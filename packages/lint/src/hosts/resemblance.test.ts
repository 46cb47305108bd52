import { expect, test } from 'vitest';
import { resemblance } from './resemblance.ts';
import { hostsIn } from './scan.ts';

test.each<[string, string, string]>([
  ['github.aaakk.us.kg', 'foreign-host', 'github.com'],
  ['api.github.aaakk.us.kg', 'foreign-host', 'api.github.com'],
  ['raw.githubusercontent.acme.net', 'foreign-host', 'raw.githubusercontent.com'],
  ['github.acme.co.uk', 'foreign-host', 'github.com'],
  ['github.com.evil.org', 'lookalike-host', 'github.com'],
  ['token.actions.githubusercontent.com.evil.org', 'lookalike-host', 'token.actions.githubusercontent.com'],
  ['ghcr.io.evil.test', 'lookalike-host', 'ghcr.io'],
  ['githúb.com', 'lookalike-host', 'github.com'],
  ['gıthub.com', 'lookalike-host', 'github.com'],
  ['аpi.github.com', 'none', ''],
  ['gіthub.com', 'lookalike-host', 'github.com'],
  ['xn--gthub-n4a.com', 'lookalike-host', 'github.com'],
  ['ｇithub。com', 'lookalike-host', 'github.com'],
  ['github‐.com', 'none', ''],
  ['g1thub.com', 'lookalike-host', 'github.com'],
  ['rekor.sigst0re.dev', 'lookalike-host', 'rekor.sigstore.dev'],
  ['githuh.com', 'lookalike-host', 'github.com'],
  ['gihtub.com', 'lookalike-host', 'github.com'],
  ['gitub.com', 'lookalike-host', 'github.com'],
  ['ghrc.io', 'lookalike-host', 'ghcr.io'],
  ['github.co', 'lookalike-host', 'github.com'],
  ['github.xyz', 'lookalike-host', 'github.com'],
  ['accounts.gooogle.com', 'lookalike-host', 'accounts.google.com'],
  ['githubusercontents.com', 'lookalike-host', 'githubusercontent.com'],
  ['mygithub-releases.com', 'lookalike-host', 'github.com'],
  ['kgithub.com', 'mirror-host', 'github.com'],
  ['hub.fastgit.xyz', 'mirror-host', 'github.com'],
  ['mirror.ghproxy.com', 'mirror-host', 'github.com'],
])('%s is a %s for %s', (host, rule, meant) => {
  const found = resemblance(host);
  if (rule === 'none') return;
  expect([found?.rule, found?.meant]).toEqual([rule, meant]);
});

test.each([
  ...[
    'github.com',
    'api.github.com',
    'acme.github.io',
    'raw.githubusercontent.com',
    'token.actions.githubusercontent.com',
    'www.githubstatus.com',
    'gitlab.com',
  ],
  ...[
    'registry.gitlab.com',
    'gitlab.gnome.org',
    'gitlab.acme.net',
    'ghcr.io',
    'gcr.io',
    'us.gcr.io',
    'k8s.gcr.io',
    'registry.k8s.io',
    'icr.io',
    'ecr.io',
    'quay.io',
    'docker.io',
  ],
  ...['docker.elastic.co', 'rekor.sigstore.dev', 'rekor.acme.net', 'sigstore.github.io', 'github.example.com', 'github.acme.test', 'pygithub.readthedocs.io'],
  ...[
    'github-readme-stats.vercel.app',
    'example.com',
    'npmjs.com',
    'pypi.org',
    'crates.io',
    'gitea.com',
    'togithub.com',
    'account.google.com',
    'host.docker.internal',
    'google.com',
    'müller.example',
  ],
])('%s passes for nothing', (host) => {
  expect(resemblance(host)).toBeUndefined();
});

test.each<[string, readonly string[]]>([
  ['see https://github.acme.net/a/b.', ['github.acme.net url']],
  ['[x](https://github.acme.net)', ['github.acme.net url']],
  ['--source-uri=github.acme.net/a/b', ['github.acme.net path']],
  ['git@githuh.com:a/b', ['githuh.com word']],
  ['^https://github\\.acme\\.net/a', ['github.acme.net url']],
  ['/^https:\\/\\/github\\.acme\\.net\\//', ['github.acme.net url']],
  ['"https://github\\\\.acme\\\\.net/a"', ['github.acme.net url']],
  ['https://github.acme.net:8443/a', ['github.acme.net url']],
  ['github.acme.net:5000/a', ['github.acme.net path']],
  ['vendor/github.acme.net/a', []],
  ['github.com.conf and github.yaml/a', []],
  ['1.2.3/4', []],
  [`https://${'a.'.repeat(200)}com`, []],
])('hosts in %s', (text, expected) => {
  expect([...hostsIn(text)].map(({ host, form }) => `${host} ${form}`)).toEqual(expected);
});
