/** Who `gh attestation` says that it is, and to which host. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attest, DIGEST, forTenant, PRIVATE } from '../../slsa/test/attestations.ts';
import { type GhScene, openGhScene } from './gh-scene.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const scratch = new Scratch();
let scene: GhScene;
beforeAll(async () => {
  scene = await openGhScene(scratch);
});
afterAll(() => scene.close());
beforeEach(() => {
  scene.github.requests.length = 0;
  scene.github.authorizations.length = 0;
  scene.github.trustDomain = '';
});

let folders = 0;
/** As `gh auth login` leaves it. */
function config(hosts: string): { GH_CONFIG_DIR: string } {
  const name = `config-${folders++}`;
  scratch.write(`${name}/hosts.yml`, hosts);
  return { GH_CONFIG_DIR: scratch.path(name) };
}

const verify = (env: Record<string, string>, ...more: string[]): Promise<Run> =>
  runCli(['gh', 'attestation', 'verify', scratch.path('widget.tar.gz'), '--repo', 'acme/widget', ...more], {
    network: 'open',
    env: { ASSAY_GITHUB_API: scene.github.url, ASSAY_TRUST: scratch.path('public-root.json'), ...env },
  });
const accepted = { status: 0, stdout: '', stderr: '' };

describe('nobody', () => {
  const plain =
    'To get started with GitHub CLI, please run:  gh auth login\nAlternatively, populate the GH_TOKEN environment variable with a GitHub API authentication token.\n';
  test.each([
    ['at a desk', {}, plain],
    ['in a pipeline', { CI: 'true' }, 'gh: To use GitHub CLI in automation, set the GH_TOKEN environment variable.\n'],
    [
      "in GitHub's",
      { CI: 'true', GITHUB_ACTIONS: 'true' },
      'gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable. Example:\n  env:\n    GH_TOKEN: $' + '{{ github.token }}\n',
    ],
    ['whose variables are empty', { GH_TOKEN: '', GITHUB_TOKEN: '' }, plain],
  ])('%s', async (_, env, stderr) => {
    expect(await verify(env)).toEqual({ status: 4, stdout: '', stderr });
    expect(await runCli(['gh', 'at', 'download', 'nothing', '--repo', 'acme/widget'], { env })).toEqual({ status: 4, stdout: '', stderr });
    expect(scene.github.requests).toEqual([]);
  });

  test('before anything else is looked at', async () => expect(await verify({}, '--limit', '0')).toMatchObject({ status: 4 }));
  test('is enough where a file has the attestations', async () => expect(await verify({}, '--bundle', scratch.path('public.json'))).toEqual(accepted));
});

describe('with a token', () => {
  test.each<[string, Record<string, string>, string]>([
    ['of GH_TOKEN', { GH_TOKEN: 'A', GITHUB_TOKEN: 'B' }, 'token A'],
    ['of GITHUB_TOKEN', { GITHUB_TOKEN: 'B', GH_ENTERPRISE_TOKEN: 'C' }, 'token B'],
    ['for servers of their own alone, which github.com does not see', { GH_ENTERPRISE_TOKEN: 'C' }, ''],
    ['of gh auth login', config('github.com:\n  user: me\n  oauth_token: gho_D\n'), 'token gho_D'],
    ['in the keyring, which is not seen', config('github.com:\n  user: me\n'), ''],
    ['of several hosts', config('ab.ghe.com: { oauth_token: E }\ngithub.com: { oauth_token: F }\n'), 'token F'],
    ['of a variable before that of the login', { ...config('github.com: { oauth_token: G }\n'), GH_TOKEN: 'H' }, 'token H'],
  ])('%s', async (_, env, authorization) => {
    expect(await verify(env)).toEqual(accepted);
    expect(new Set(scene.github.authorizations.slice(0, 1))).toEqual(new Set([authorization]));
  });

  test('what leads to storage is not shown it', async () => {
    expect(await verify({ GH_TOKEN: 'A' })).toEqual(accepted);
    const stored = scene.github.requests.flatMap((request, i) => (request.startsWith('GET /storage/') ? [scene.github.authorizations[i]] : []));
    expect(stored).toEqual(['']);
  });

  test('in the default folder', async () => {
    scratch.write('home/.config/gh/hosts.yml', 'github.com: { oauth_token: I }\n');
    scratch.write('xdg/gh/hosts.yml', 'github.com: { oauth_token: J }\n');
    expect(await verify({ HOME: scratch.path('home') })).toEqual(accepted);
    expect(await verify({ HOME: scratch.path('home'), XDG_CONFIG_HOME: scratch.path('xdg') })).toEqual(accepted);
    expect(scene.github.authorizations.filter(Boolean)).toEqual(['token I', 'token J']);
  });

  test.each(['', 'github.com', '- a\n- b\n', '{', '"github.com"'])('a hosts.yml that is no list of hosts says nothing: %j', async (hosts) =>
    expect(await verify(config(hosts))).toMatchObject({ status: 4 }),
  );
});

describe('a tenant', () => {
  beforeAll(() => {
    const bundle = attest(scene.privateInstance, { ...PRIVATE, ...forTenant('ab') });
    scratch.write('tenant.json', bundle.bundleBytes);
    scene.github.kept.set(`repos/acme/gadget ${DIGEST}`, [{ bundle: bundle.bundleBytes }]);
  });
  const pinned = async (): Promise<Record<string, string>> => {
    const home = scratch.path(`tenant-home-${folders++}`);
    const run = await runCli(['trust', 'add', 'github', '--root', scratch.path('tuf-root.json'), '--mirror', scene.tuf.url], { env: { HOME: home } });
    expect(run.status).toBe(0);
    scene.tuf.requests.length = 0;
    return { HOME: home, GH_TOKEN: 'T' };
  };

  test('has a host, an issuer and a trusted root of its own', async () => {
    scene.github.trustDomain = 'eu';
    const run = await runCli(
      ['gh', 'at', 'verify', scratch.path('widget.tar.gz'), '--owner', 'acme', '--hostname', 'ab.ghe.com', '--bundle', scratch.path('tenant.json')],
      {
        network: 'open',
        terminal: true,
        env: { ASSAY_GITHUB_API: scene.github.url, NO_COLOR: '1', ...(await pinned()) },
      },
    );
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain('- Source Repository Owner URI must match:... https://ab.ghe.com/acme\n');
    expect(run.stderr).toContain('- Subject Alternative Name must match regex: (?i)^https://ab\\.ghe\\.com/acme/\n');
    expect(run.stderr).toContain('- OIDC Issuer must match:................... https://token.actions.ab.ghe.com\n');
    expect(run.stderr).toContain('  - Signer repo:.... acme/widget\n');
    expect(scene.github.requests).toEqual(['GET /meta']);
    expect(scene.github.authorizations).toEqual(['token T']);
    expect(scene.tuf.requests.at(-1)).toMatch(/eu\.trusted_root\.json$/);
  });

  test('is the host of GH_HOST, or the only one that is logged in', async () => {
    const env = { ...(await pinned()), GH_TOKEN: '' };
    const hosts = config('AB.ghe.com: { oauth_token: T }\n');
    const file = ['--bundle', scratch.path('tenant.json')];
    expect(await verify({ ...env, GH_HOST: 'ab.ghe.com', ...hosts }, ...file)).toMatchObject({ status: 0 });
    expect(await verify({ ...env, ...hosts }, ...file)).toMatchObject({ status: 0 });
    expect(await verify({ ...env, ...config('ab.ghe.com: { oauth_token: T }\ngithub.com: { oauth_token: U }\n') }, ...file)).toMatchObject({ status: 1 });
    expect(scene.github.authorizations).toEqual(['token T', 'token T']);
  });

  test('whose attestations are not those of github.com', async () => {
    const run = await verify({ ...(await pinned()), GH_HOST: 'ab.ghe.com' }, '--bundle', scratch.path('private.json'));
    expect(run).toEqual({ status: 1, stdout: '', stderr: '\nError: verifying with issuer "GitHub, Inc."\n' });
  });

  test('at which nobody is logged in', async () => {
    scene.github.stumbles.push(401);
    const run = await verify({ GH_TOKEN: 'old', GH_HOST: 'ab.ghe.com' }, '--bundle', scratch.path('tenant.json'));
    expect(run).toEqual({
      status: 1,
      stdout: '',
      stderr: `error getting trust domain, make sure you are authenticated against the host: HTTP 401: stumbled (${scene.github.url}/meta)\n`,
    });
  });

  test('whose trust domain is a path', async () => {
    scene.github.trustDomain = '../../x';
    const run = await verify({ GH_TOKEN: 'T', GH_HOST: 'ab.ghe.com' }, '--bundle', scratch.path('tenant.json'));
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('the trust domain of the host is not a name') as string });
  });

  test('has trusted roots', async () => {
    scene.github.trustDomain = 'eu';
    const env = {
      ...(await pinned()),
      ASSAY_GITHUB_API: scene.github.url,
      TUF_MIRROR: `${scene.tuf.url}/public`,
      TUF_ROOT_JSON: scratch.path('public-tuf-root.json'),
    };
    const run = await runCli(['gh', 'at', 'trusted-root', '--hostname', 'ab.ghe.com'], { network: 'open', env });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout.split('\n')).toHaveLength(3);
    expect(scene.tuf.requests.filter((path) => path.includes('trusted_root'))).toEqual([
      expect.stringMatching(/^\/public\/targets\/\w+\.trusted_root\.json$/),
      expect.stringMatching(/^\/targets\/\w+\.eu\.trusted_root\.json$/),
    ]);
  });
});
