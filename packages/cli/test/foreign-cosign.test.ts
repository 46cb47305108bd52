/**
 * The real cosign as a judge of ours, both ways: the same command lines through both, evidence of the testkit judged by cosign, evidence that cosign
 * makes judged by us. Needs cosign 3.1.3 on PATH or in the testbed (ASSAY_TESTBED); without it these tests skip.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { transcriptsIn } from './play-transcripts.ts';
import { type Run, runCosign } from './run-cli.ts';
import { openScene } from './scene.ts';
import { type Command, expand, expandEnv, normalised } from './transcript.ts';
import { findVectors } from './vectors-folder.ts';

const cosign = findCosign() ?? '';
if (cosign === '') console.warn(`tests against the real cosign are skipped: no cosign ${COSIGN_VERSION} on PATH or in ASSAY_TESTBED`);

const scene = await openScene();
const home = scene.scratch.path('home');

const commands = transcriptsIn('transcripts').flatMap((file) => file.commands);
const ofCosign = commands.filter(({ words }) => words[0] === 'cosign');

describe.skipIf(cosign === '')('the real cosign', () => {
  test.each(ofCosign.filter(({ differs }) => differs === undefined))('prints the same: $line', async (command) => {
    expect(await playReal(command)).toEqual(command.expected);
  });

  // The list must not rot: what no longer differs is no longer a difference.
  test.each(ofCosign.filter(({ differs }) => differs !== undefined))('answers otherwise, since $differs: $line', async (command) => {
    expect(await playReal(command)).not.toEqual(command.expected);
  });
});

async function playReal({ words, env, input }: Command): Promise<Run> {
  const { values } = scene;
  const run = await runRealCosign(cosign, expand(words.slice(1), values), {
    home,
    env: expandEnv(env, values),
    ...(input !== undefined && { stdin: readFileSync(input, 'utf8') }),
  });
  return normalised({ ...run, stdout: run.stdout.replace(/^\{"mediaType".*$/gm, withoutSpaces) }, scene.url, scene.knownHex);
}

/** Go's protobuf JSON has a space behind each comma in some builds and none in others, so that nobody relies on it. */
function withoutSpaces(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}

/** Judged by both; what one accepts the other must accept, but for the rows that say why not. */
async function verdicts(argv: readonly string[]): Promise<{ theirs: string; ours: string }> {
  const now = new Date(); // cosign has no other clock
  const [theirs, ours] = await Promise.all([runRealCosign(cosign, argv, { home }), runCosign(argv, { now })]);
  const text = ({ status, stdout, stderr }: Run) => (status === 0 ? `accepted ${stdout}${stderr}` : 'refused');
  return { theirs: text(theirs), ours: text(ours) };
}

describe.skipIf(cosign === '')('what cosign signs', () => {
  const env = { COSIGN_PASSWORD: '' };
  const sign = async (argv: readonly string[]) => {
    const run = await runRealCosign(cosign, argv, { home, env });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    return run;
  };
  const SIGN = ['sign-blob', '--key', 'cosign.key', '--use-signing-config=false', '--tlog-upload=false', '--yes'];
  const VERIFY = ['verify-blob', '--key', 'cosign.pub', '--insecure-ignore-tlog'];

  beforeAll(async () => {
    await sign(['generate-key-pair']);
    await sign([...SIGN, '--bundle', 'theirs.json', 'a.txt']);
    await sign([...SIGN, '--new-bundle-format=false', '--bundle', 'theirs-old.json', '--output-signature', 'theirs.sig', 'a.txt']);
    await sign([...SIGN, '--new-bundle-format=false', '--b64=false', '--output-signature', 'theirs.sig.raw', 'a.txt']);
    scene.scratch.write('predicate.json', '{"made":"by cosign"}');
    const attest = ['attest-blob', '--key', 'cosign.key', '--use-signing-config=false', '--tlog-upload=false', '--yes', '--predicate', 'predicate.json'];
    await sign([...attest, '--type', 'https://example.com/p/v1', '--bundle', 'theirs.dsse.json', 'a.txt']);
  });

  test.each([
    ['a bundle', ['--bundle', 'theirs.json']],
    ['a bundle of cosign 2', ['--bundle', 'theirs-old.json']],
    ['a signature as base64', ['--signature', 'theirs.sig']],
    ['a signature as bytes', ['--signature', 'theirs.sig.raw']],
  ])('%s: we accept it for its artifact, and for no other', async (_, evidence) => {
    expect(await runCosign([...VERIFY, ...evidence, 'a.txt'])).toMatchObject({ status: 0, stdout: '' });
    expect(await runCosign([...VERIFY, ...evidence, 'b.txt'])).toMatchObject({ status: 1, stdout: '' });
  });

  test('an attestation: we accept it for its artifact, its type and no other', async () => {
    const verify = ['verify-blob-attestation', '--key', 'cosign.pub', '--insecure-ignore-tlog', '--bundle', 'theirs.dsse.json', '--type'];
    expect(await runCosign([...verify, 'https://example.com/p/v1', 'a.txt'])).toMatchObject({ status: 0 });
    expect(await runCosign([...verify, 'https://example.com/p/v2', 'a.txt'])).toMatchObject({ status: 1 });
    expect(await runCosign([...verify, 'https://example.com/p/v1', 'b.txt'])).toMatchObject({ status: 1 });
  });
});

/** Vectors that the two judge differently. */
const ONLY_COSIGN_ACCEPTS = new Map([
  ['intoto-tsa-timestamp-outside-cert-validity_fail', 'the timestamp lies outside the certificate: cosign looks at integrated times only when there are some'],
]);

interface VectorCase {
  readonly name: string;
  readonly args: readonly string[];
}

const vectors = findVectors();
const bundles = join(vectors ?? '', 'bundles');
const cases = vectors === undefined ? [] : readCases();

describe.skipIf(cosign === '' || cases.length === 0)('the conformance vectors', () => {
  test.each(cases)('$name: the same verdict', async ({ name, args }) => {
    const { theirs, ours } = await verdicts(args);
    if (ONLY_COSIGN_ACCEPTS.has(name)) expect([theirs, ours]).toEqual([expect.stringMatching(/^accepted/), 'refused']);
    else expect(ours).toBe(theirs);
  });
});

function readCases(): VectorCase[] {
  const listed = JSON.parse(readFileSync(join(bundles, 'cases.json'), 'utf8')) as { cases: VectorCase[]; defaultTrustedRoot: string };
  return listed.cases.map(({ name, args }) => {
    const absolute = args.slice(1).map((arg, i) => (isPath(args[i] as string, arg) ? join(bundles, arg) : arg));
    const root = args.includes('--trusted-root') ? [] : ['--trusted-root', join(bundles, listed.defaultTrustedRoot)];
    return { name, args: ['verify-blob', ...root, ...absolute] };
  });
}

function isPath(before: string, arg: string): boolean {
  return !arg.startsWith('--') && !['--certificate-identity', '--certificate-oidc-issuer'].includes(before);
}
