/** `slsa-verifier` on the command line: what it says to wrong calls, on which stream, and with which status; what the environment changes. Nothing here opens a socket. */
import { describe, expect, test } from 'vitest';
import { CONTENT } from './build-scene.ts';
import { type Builder, COMMIT, GENERIC, statementOf, TAGGED } from './provenance-builds.ts';
import type { Run } from './run-cli.ts';
import { FAILED, openVerifierScene, PASSED } from './slsa-verifier-scene.ts';

const { scratch, verifier, verify, bundle } = openVerifierScene();
/** What is told of `app` when it holds. */
const built = ({ id }: Builder): string => `Verified build using builder "${id}" at commit ${COMMIT}\nVerifying artifact app: PASSED\n\n`;

describe('a call that is wrong', () => {
  const NEEDED = ['--source-uri', 'github.com/example/app', '--provenance-path', 'p'];
  const NPM = ['--source-uri', 'x', '--builder-id', 'x', '--package-name', 'x', '--package-version', '1'];
  test.each<[string, readonly string[], string]>([
    ['no command', [], 'expected command'],
    ['an unknown command', ['verify-artefact'], 'unknown command "verify-artefact" for "slsa-verifier"'],
    ['an unknown flag', ['verify-artifact', '--source', 'x'], 'unknown flag: --source'],
    ['an unknown flag without a command', ['--verbose'], 'unknown flag: --verbose'],
    ['a flag without its argument', ['verify-artifact', 'app', '--source-uri'], 'flag needs an argument: --source-uri'],
    [
      'a switch with a value that is none',
      ['verify-artifact', 'app', '--print-provenance=maybe'],
      'invalid argument "maybe" for "--print-provenance" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    ['required flags, in order', ['verify-artifact', 'app'], 'required flag(s) "provenance-path", "source-uri" not set'],
    ['one required flag', ['verify-image', 'app'], 'required flag(s) "source-uri" not set'],
    ['required flags of npm', ['verify-npm-package', 'app.tgz'], 'required flag(s) "builder-id", "package-name", "package-version", "source-uri" not set'],
    ['required flags of an attestation', ['verify-github-attestation', 'app'], 'required flag(s) "attestation-path", "builder-id", "source-uri" not set'],
    ['required flags of a summary', ['verify-vsa'], 'required flag(s) "attestation-path", "public-key-path", "resource-uri", "verifier-id" not set'],
    ['no artifact, before flags are missed', ['verify-artifact'], 'expects at least one artifact'],
    ['no image', ['verify-image'], 'expects a single path to an image'],
    ['two images', ['verify-image', 'a', 'b'], 'expects a single path to an image'],
    ['two packages', ['verify-npm-package', 'a', 'b'], 'expects a single path to an image'],
    ['two modules', ['verify-github-attestation', 'a', 'b'], 'expects a single path to an module file'],
    [
      'a tag and a version',
      ['verify-artifact', 'app', ...NEEDED, '--source-tag', 'v1', '--source-versioned-tag', 'v1'],
      'if any flags in the group [source-versioned-tag source-tag] are set none of the others can be; [source-tag source-versioned-tag] were all set',
    ],
    [
      'a tag and a version of an image',
      ['verify-image', 'app', '--source-uri', 'x', '--source-versioned-tag', '', '--source-tag', ''],
      'if any flags in the group [source-versioned-tag source-tag] are set none of the others can be; [source-tag source-versioned-tag] were all set',
    ],
    [
      'an input without a value',
      ['verify-artifact', 'app', ...NEEDED, '--build-workflow-input', 'release'],
      `invalid argument "release" for "--build-workflow-input" flag: invalid format: expected 'key=value' format, got 'release'`,
    ],
    [
      'an input with two equals signs, behind a right one',
      ['verify-artifact', 'app', ...NEEDED, '--build-workflow-input', 'a=b', '--build-workflow-input', 'a=b=c'],
      `invalid argument "a=b=c" for "--build-workflow-input" flag: invalid format: expected 'key=value' format, got 'a=b=c'`,
    ],
    [
      'an input of npm',
      ['verify-npm-package', 'a.tgz', ...NPM, '--build-workflow-input', 'x'],
      `invalid argument "x" for "--build-workflow-input" flag: invalid format: expected 'key=value' format, got 'x'`,
    ],
  ])('%s', async (_, argv, says) => {
    const { status, stdout, stderr } = await verifier(argv);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    // How it is used, then one line with nothing before it.
    const [command] = argv.filter((word) => !word.startsWith('-'));
    const usage = command === undefined || says.startsWith('unknown command') ? 'slsa-verifier [command]' : `slsa-verifier ${command} [flags]`;
    expect(stderr).toContain(`\nUsage:\n  ${usage}`);
    expect(stderr.endsWith(`\n${says}\n`)).toBe(true);
  });

  test.each(['--help', '-h', 'help'])('%s is an answer', async (word) => {
    const { status, stdout, stderr } = await verifier([word]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const name of ['verify-artifact', 'verify-image', 'verify-npm-package', 'verify-github-attestation', 'verify-vsa', 'version'])
      expect(stdout).toContain(`\n  ${name} `);
  });

  test.each(['verify-artifact', 'verify-image', 'verify-npm-package', 'verify-github-attestation', 'verify-vsa'])(
    '%s --help names its flags',
    async (command) => {
      const { status, stdout, stderr } = await verifier([command, '--help']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`\nUsage:\n  slsa-verifier ${command} [flags]`);
      expect(stdout).toContain(command === 'verify-vsa' ? '--verifier-id' : '--source-uri');
    },
  );
});

describe('version', () => {
  test('for people', async () => {
    const run = await verifier(['version']);
    expect(run).toEqual({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^slsa-verifier: Assay \S+, which stands in for slsa-verifier v2\.7\.1\n\nGitVersion: {4}v2\.7\.1\n/),
    });
  });

  test('for programs', async () => {
    const { status, stdout, stderr } = await verifier(['version', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ gitVersion: 'v2.7.1', assayVersion: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });
});

describe('streams', () => {
  test('everything for people goes to standard error', async () => {
    expect(await verify(bundle())).toEqual({ status: 0, stdout: '', stderr: `${built(GENERIC)}${PASSED}` });
  });

  test('the statement goes to standard output, byte for byte', async () => {
    const text = ` ${JSON.stringify(statementOf(GENERIC, TAGGED, { app: CONTENT }), null, 3)}\n`;
    const provenance = bundle({ edit: () => text });
    expect(await verify(provenance, ['--print-provenance'])).toEqual({ status: 0, stdout: `${text}\n`, stderr: `${built(GENERIC)}${PASSED}` });
  });

  test('nothing of what is refused goes to standard output', async () => {
    expect(await verify(bundle(), ['--print-provenance', '--source-tag', 'v2'])).toMatchObject({ status: 1, stdout: '' });
  });

  test('a digest stands for a file that is not at hand', async () => {
    const { sha256 = '' } = statementOf(GENERIC, TAGGED, { app: CONTENT }).subject[0]?.digest ?? {};
    const path = scratch.write('provenance.intoto.jsonl', bundle());
    const flags = ['--provenance-path', path, '--source-uri', 'github.com/example/app'];
    expect(await verifier(['verify-artifact', ...flags, `sha256:${sha256}`])).toMatchObject({ status: 0 });
    expect(await verifier(['verify-artifact', ...flags, `sha256:${sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))}`])).toMatchObject({
      status: 1,
    });
  });

  test('names from outside cannot move the cursor', async () => {
    const { stderr } = await verify(bundle({ edit: (statement) => ({ ...statement, predicateType: '\u001b[2Jhttps://evil.example' }) }), ['--explain']);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).toContain('evil.example');
  });
});

describe('the environment', () => {
  const WARNING = 'WARNING: Insecure SLSA_VERIFIER_TESTING is enabled.\n';
  test.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('SLSA_VERIFIER_TESTING=%s is the first thing that is told', async (value) => {
    const { status, stderr } = await verify(bundle(), [], { env: { SLSA_VERIFIER_TESTING: value } });
    expect({ status, stderr }).toEqual({ status: 0, stderr: `${WARNING}${built(GENERIC)}${PASSED}` });
    expect(await verifier([], { env: { SLSA_VERIFIER_TESTING: value } })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(new RegExp(`^${WARNING}`)),
    });
  });

  test.each(['', '0', 'false', 'yes', 'tRUE', ' 1'])('SLSA_VERIFIER_TESTING=%j is none', async (value) => {
    expect(await verify(bundle(), [], { env: { SLSA_VERIFIER_TESTING: value } })).toMatchObject({ status: 0, stderr: `${built(GENERIC)}${PASSED}` });
  });

  test("it loosens the ref of the builder for the project's own example alone", async () => {
    const atMain = (repository: string): string => {
      const builder = { ...GENERIC, signer: GENERIC.signer.replace(/@.*/, '@refs/heads/main'), id: GENERIC.id.replace(/@.*/, '@refs/heads/main') };
      return bundle({ builder, source: { ...TAGGED, repository } });
    };
    const own = 'slsa-framework/example-package';
    const testing = { env: { SLSA_VERIFIER_TESTING: '1' } };
    expect(await verify(atMain(own), ['--source-uri', `github.com/${own}`], testing)).toMatchObject({ status: 0 });
    for (const run of [await verify(atMain(own), ['--source-uri', `github.com/${own}`]), await verify(atMain('example/app'), [], testing)]) {
      expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining(`${FAILED}invalid ref: "refs/heads/main": unexpected ref type: "heads"\n`) });
    }
  });

  test('ASSAY_OFFLINE changes nothing for what carries its proof', async () => {
    expect(await verify(bundle(), [], { env: { ASSAY_OFFLINE: '1' } })).toMatchObject({ status: 0 });
  });
});

describe('npm', () => {
  const npm = (flags: readonly string[], env: Readonly<Record<string, string>> = { SLSA_VERIFIER_EXPERIMENTAL: '1' }): Promise<Run> =>
    verifier(['verify-npm-package', 'app.tgz', '--source-uri', 'x', '--builder-id', 'x', '--package-name', 'x', '--package-version', '1', ...flags], { env });

  test.each([
    ['--source-branch', 'main'],
    ['--source-tag', 'v1'],
    ['--source-versioned-tag', 'v1'],
    ['--print-provenance', '--offline'],
  ])('%s is refused at once', async (flag, value) => {
    expect(await npm([flag, value], {})).toEqual({ status: 1, stdout: '', stderr: `${FAILED}${flag} not supported\n` });
  });

  test.each([{}, { SLSA_VERIFIER_EXPERIMENTAL: 'yes' }])('is experimental: %j', async (env: Readonly<Record<string, string>>) => {
    const says = 'feature support is only provided in SLSA_VERIFIER_EXPERIMENTAL mode';
    expect(await npm(['--attestations-path', 'x'], env)).toEqual({
      status: 1,
      stdout: '',
      stderr: `Verifying npm package: FAILED: ${says}\n\n${FAILED}${says}\n`,
    });
  });

  // slsa-verifier says the same, and then that all is well.
  test('without attestations nothing is verified, and the status says so', async () => {
    expect(await npm([])).toEqual({ status: 1, stdout: '', stderr: `--attestations-path is required.\n${FAILED}--attestations-path is required.\n` });
  });
});

describe('images', () => {
  test.each<[string, string, string]>([
    ['a tag is refused', 'ghcr.io/example/app:v1.4.2', "the image is mutable: 'ghcr.io/example/app:v1.4.2'"],
    ['no tag is refused', 'ghcr.io/example/app', "the image is mutable: 'ghcr.io/example/app'"],
    ['a digest that is none', 'ghcr.io/example/app@sha256:abc', 'crane.ParseReference(): could not parse reference: ghcr.io/example/app@sha256:abc'],
  ])('%s', async (_, image, says) => {
    const { status, stdout, stderr } = await verifier(['verify-image', '--source-uri', 'github.com/example/app', image]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`${FAILED}${says}`);
  });

  test('how to pin it is told', async () => {
    const { stderr } = await verifier(['verify-image', '--source-uri', 'github.com/example/app', 'ghcr.io/example/app:v1.4.2']);
    expect(stderr).toContain('  a tag may name another image tomorrow  [SLSA_IMAGE_MUTABLE]\n  expected  NAME@sha256:HEX\n');
    expect(stderr).toContain('  try       pin it: IMAGE@$(assay crane digest IMAGE)\n');
  });
});
