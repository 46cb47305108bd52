/** Command lines that `gh attestation` refuses, before anything is read, with its words. */
import { describe, expect, test } from 'vitest';
import { runCli, Scratch } from './run-cli.ts';

const scratch = new Scratch();
scratch.write('.config/gh/hosts.yml', '');
const env = { GH_TOKEN: 'T', GH_CONFIG_DIR: scratch.path('.config/gh') };
const gh = (...argv: string[]) => runCli(['gh', 'attestation', ...argv], { env });

const BOTH = 'must specify file path or container image URI, as well as one of --owner or --repo';

describe('with one line', () => {
  const scope = ['--repo', 'o/r'];
  test.each<[string, string, ...string[]]>([
    ['no scope', 'at least one of the flags in the group [owner repo] is required', 'verify', 'a'],
    ['no scope of a download', 'at least one of the flags in the group [owner repo] is required', 'download', 'a'],
    [
      'two scopes',
      'if any flags in the group [owner repo] are set none of the others can be; [owner repo] were all set',
      'verify',
      'a',
      '-R',
      'o/r',
      '-o',
      'o',
    ],
    ['a repository without owner', 'invalid value provided for repo: r', 'verify', 'a', '--repo', 'r'],
    ['a repository with too much', 'invalid value provided for repo: o/r/x', 'verify', 'a', '--repo', 'o/r/x'],
    ['a repository with a host', 'invalid value provided for repo: github.com/o/r', 'download', 'a', '--repo', 'github.com/o/r'],
    ['an owner that is none', 'invalid value provided for repo: /r', 'verify', 'a', '--repo', '/r'],
    ['a signer without owner', 'invalid value provided for signer-repo: r', 'verify', 'a', ...scope, '--signer-repo', 'r'],
    ['no attestations', 'limit 0 not allowed, must be between 1 and 1000', 'verify', 'a', ...scope, '--limit', '0'],
    ['too many attestations', 'limit 1001 not allowed, must be between 1 and 1000', 'verify', 'a', ...scope, '-L', '1001'],
    ['fewer than none', 'limit -1 not allowed, must be between 1 and 1000', 'download', 'a', ...scope, '-L=-1'],
    ['a registry for a file', 'bundle-from-oci flag can only be used with OCI artifact paths', 'verify', 'a', ...scope, '--bundle-from-oci'],
    [
      'a registry and a file',
      'bundle-from-oci flag cannot be used with bundle-path flag',
      ...['verify', 'oci://r.example/a', ...scope, '--bundle-from-oci', '--bundle', 'b.json'],
    ],
    ['a URL for a host', 'error parsing hostname: invalid hostname', 'verify', 'a', ...scope, '--hostname', 'https://github.com'],
    ['a port for a host', 'error parsing hostname: invalid hostname', 'download', 'a', ...scope, '--hostname', 'github.com:443'],
    ['a host that is blank', 'error parsing hostname: a value is required', 'verify', 'a', ...scope, '--hostname', ' '],
    ['jq without JSON', 'cannot use `--jq` without specifying `--format json`', 'verify', 'a', ...scope, '--jq', '.'],
    ['jq of an inspection', 'cannot use `--jq` without specifying `--format json`', 'inspect', 'a.json', '-q', '.'],
    ['a template without JSON', 'cannot use `--template` without specifying `--format json`', 'verify', 'a', ...scope, '-t', '{{.}}'],
    [
      'two rules for the signer',
      'if any flags in the group [cert-identity cert-identity-regex signer-repo signer-workflow] are set none of the others can be; [cert-identity signer-repo] were all set',
      ...['verify', 'a', ...scope, '--signer-repo', 'o/b', '--cert-identity', 'x'],
    ],
    [
      'a server of their own',
      'An unsupported host was detected. Note that gh attestation does not currently support GHES',
      'verify',
      'a',
      ...scope,
      '--hostname',
      'git.acme.example',
    ],
    [
      'the same for a download',
      'An unsupported host was detected. Note that gh attestation does not currently support GHES',
      'download',
      'a',
      ...scope,
      '--hostname',
      'git.acme.example',
    ],
    [
      'half a TUF repository',
      'if any flags in the group [tuf-url tuf-root] are set they must all be set; missing [tuf-root]',
      'trusted-root',
      '--tuf-url',
      'https://tuf.example',
    ],
    [
      'the other half',
      'if any flags in the group [tuf-url tuf-root] are set they must all be set; missing [tuf-url]',
      'trusted-root',
      '--tuf-root',
      'root.json',
    ],
    ['a tenant that nobody is logged in at', 'not authenticated with acme.ghe.com', 'trusted-root', '--hostname', 'acme.ghe.com'],
  ])('%s', async (what, says, ...argv) => {
    const run = await runCli(['gh', 'attestation', ...argv], { env: what.startsWith('a tenant') ? { GH_CONFIG_DIR: scratch.folder } : env });
    expect(run).toEqual({ status: 1, stdout: '', stderr: `${says}\n` });
  });
});

describe('with the usage behind it', () => {
  test.each<[string, ...string[]]>([
    [BOTH, 'verify'],
    [BOTH, 'verify', '--repo', 'o/r'],
    [BOTH, 'download', '--repo', 'o/r'],
    ['must specify bundle file path', 'inspect'],
    ['too many arguments', 'verify', 'a', 'b', '--repo', 'o/r'],
    ['too many arguments', 'inspect', 'a.json', 'b.json'],
    ['unknown flag: --nope', 'verify', 'a', '--nope'],
    ["unknown shorthand flag: 'x' in -x", 'verify', 'a', '-x'],
    ['flag needs an argument: --repo', 'verify', 'a', '--repo'],
    ["flag needs an argument: 'R' in -R", 'verify', 'a', '-R'],
    ['invalid argument "many" for "-L, --limit" flag: strconv.ParseInt: parsing "many": invalid syntax', 'verify', 'a', '--limit', 'many'],
    ['invalid argument "md5" for "-d, --digest-alg" flag: valid values are {sha256|sha512}', 'verify', 'a', '--repo', 'o/r', '-d', 'md5'],
    ['invalid argument "yaml" for "--format" flag: valid values are {json}', 'verify', 'a', '--repo', 'o/r', '--format', 'yaml'],
    ['invalid argument "yes" for "--bundle-from-oci" flag: strconv.ParseBool: parsing "yes": invalid syntax', 'verify', 'a', '--bundle-from-oci=yes'],
  ])('%s (%s)', async (says, ...argv) => {
    const { status, stdout, stderr } = await gh(...argv);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.slice(0, says.length + 2)).toBe(`${says}\n\n`);
    expect(stderr).toContain(`gh attestation ${argv[0]}`);
  });

  test('trusted-root takes no argument', async () => {
    const { status, stderr } = await gh('trusted-root', 'x');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^accepts 0 arg\(s\), received 1|^unknown command "x" for "gh attestation trusted-root"/);
  });
});

describe('what it can do', () => {
  test('is listed, without what is hidden', async () => {
    const { status, stdout } = await runCli(['gh', 'attestation']);
    expect(status).toBe(0);
    expect(stdout).toContain('trusted-root');
    expect(stdout).not.toContain('inspect');
  });

  test.each(['verify', 'download', 'inspect', 'trusted-root'])('%s has help, under both names', async (name) => {
    const [whole, short] = await Promise.all([gh(name, '--help'), runCli(['gh', 'at', name, '-h'])]);
    expect(whole).toMatchObject({ status: 0, stderr: '' });
    expect(whole.stdout).toContain(`gh attestation ${name}`);
    expect(short).toEqual(whole);
  });

  test.each([['repo'], ['attestation', 'sign']])('%s is none of it', async (...argv) => {
    const { status, stderr } = await runCli(['gh', ...argv]);
    expect(status).toBe(1);
    expect(stderr).toContain(`unknown command "${argv.at(-1)}" for "gh`);
  });
});
