/**
 * Keyless signing with sigstore-python and with ours, against one stack: {message, statement} × {Rekor v2, Rekor v1} × {theirs signs, ours signs}. Whatever
 * one made, both accept, theirs with a trust configuration and with what TUF told it; another identity, another issuer and changed bytes both refuse, and no
 * log grows from it. sigstore-python comes from the testbed (ASSAY_TESTBED); without it these tests skip.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ARTIFACT,
  CHANGED_ARTIFACT,
  type Demand,
  type Made,
  openStackScene,
  PERSON,
  PREDICATE,
  PREDICATE_TYPE,
  WORKFLOW,
  WORKFLOW_SAN,
  withClaim,
} from './foreign-stack-scene.ts';
import { findTool, runTool } from './foreign-tools.ts';
import type { Run } from './run-cli.ts';

const python = findTool('sigstore-python', '4.5.1');
if (python.path === '') console.warn(`tests of the stack with ${python.name} are skipped: no ${python.name} ${python.version} in ASSAY_TESTBED`);

const scene = await openStackScene();
const { scratch, endpoints, document } = scene;
const home = scratch.path('home');
const file = scratch.path(ARTIFACT);

const TRUST = { configuration: ['--trust-config', document('client_trust_config.json')], instance: ['--instance', endpoints.tuf] } as const;

/** Wide, so that no message is broken into lines. */
function theirs(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  return runTool(python.path, argv, { home, env: { COLUMNS: '1000', ...env } });
}

interface Cell extends Made {
  readonly signer: 'sigstore-python' | 'ours';
}

/** Ours first: of the first entry in a log Go writes neither index nor hashes, which sigstore-python demands. */
const CELLS: readonly Cell[] = (['ours', 'sigstore-python'] as const).flatMap((signer) =>
  ([2, 1] as const).flatMap((rekor) => (['message', 'statement'] as const).map((content) => ({ content, rekor, signer }))),
);

const WRONGS = [
  { wrong: 'another identity', identity: 'other@stack.example', says: /SANs do not match other@stack\.example/, code: 'IDENTITY_MISMATCH' },
  {
    wrong: 'another issuer',
    issuer: 'http://127.0.0.1/other',
    says: /OIDCIssuer does not match .* expected 'http:\/\/127\.0\.0\.1\/other'/,
    code: 'IDENTITY_ISSUER',
  },
  {
    wrong: 'changed bytes',
    of: scratch.path(CHANGED_ARTIFACT),
    says: /Bundle message digest mismatch|in-toto statement has no subject for digest/,
    code: 'ARTIFACT_MISMATCH',
  },
] as const;

describe.skipIf(python.path === '')('sigstore-python and the stack', () => {
  beforeAll(async () => {
    const run = await theirs([...TRUST.instance, 'trust-instance', document('root.json')]);
    expect(run, run.stderr).toMatchObject({ status: 0 });
  });

  describe.each(CELLS)('$content, $signer signs, Rekor v$rekor', (cell) => {
    const bundle = scratch.path(`${Object.values(cell).join('-')}.json`);
    beforeAll(async () => {
      const run = await (cell.signer === 'ours' ? scene.sign(cell, bundle) : sign(cell, bundle));
      expect(run, run.stderr).toMatchObject({ status: 0 });
    });

    test('the entry is in that log', () => {
      const { verificationMaterial } = JSON.parse(readFileSync(bundle, 'utf8')) as { verificationMaterial: { tlogEntries: { kindVersion: object }[] } };
      const kind = cell.rekor === 1 && cell.content === 'statement' ? 'dsse' : 'hashedrekord';
      expect(verificationMaterial.tlogEntries.map(({ kindVersion }) => kindVersion)).toEqual([{ kind, version: cell.rekor === 1 ? '0.0.1' : '0.0.2' }]);
    });

    test('both accept it, theirs however it is told whom to trust', async () => {
      for (const run of await Promise.all([verifyAsTheirs(bundle, TRUST.configuration), verifyAsTheirs(bundle, TRUST.instance)])) {
        expect(run, run.stderr).toMatchObject({ status: 0, stderr: expect.stringContaining(`OK: ${file}`) });
      }
      const run = await scene.verify(cell, bundle);
      expect(run, run.stderr).toMatchObject({ status: 0 });
    });

    // Who signed is in the certificate alone.
    const wrongs = WRONGS.filter(({ wrong }) => wrong === 'changed bytes' || cell.rekor === 2);
    test.each(wrongs)('both refuse $wrong, and nothing is put on record', async ({ says, code, wrong: _, ...demand }) => {
      const before = await scene.logged();
      expect(await verifyAsTheirs(bundle, TRUST.instance, demand)).toMatchObject({ status: 1, stderr: expect.stringMatching(says) });
      expect(await scene.verify(cell, bundle, demand)).toMatchObject({ status: 1, stdout: expect.stringContaining(`[${code}`) });
      expect(await scene.logged()).toEqual(before);
    });
  });

  describe('in a job on GitHub Actions', () => {
    const [bundle, issuer] = [scratch.path('job.json'), `${endpoints.oidc}/github`];
    beforeAll(async () => {
      const run = await theirs([...TRUST.instance, 'sign', '--bundle', bundle, file], await scene.job());
      expect(run, run.stderr).toMatchObject({ status: 0 });
    });

    test('it signs as the workflow, and both accept that', async () => {
      const demand = { identity: WORKFLOW_SAN, issuer };
      expect(await verifyAsTheirs(bundle, TRUST.instance, demand)).toMatchObject({ status: 0 });
      expect(await scene.verify({ content: 'message' }, bundle, demand)).toMatchObject({ status: 0 });
    });

    test('`verify github` knows one issuer, which no other can be', async () => {
      const run = await theirs([...TRUST.instance, 'verify', 'github', '--repository', WORKFLOW.repository, '--bundle', bundle, file]);
      const says = `Certificate's OIDCIssuer does not match (got '${issuer}', expected 'https://token.actions.githubusercontent.com')`;
      expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining(says) });
    });

    test('what `verify github` demands besides is in the certificate', async () => {
      const demands = { Trigger: 'push', Name: '.github/workflows/release.yml', Repository: WORKFLOW.repository, Ref: WORKFLOW.ref };
      const names = Object.keys(demands);
      const run = await runTool(join(dirname(python.path), 'bin/python'), ['-c', JUDGE_WORKFLOW, bundle, JSON.stringify(demands)], { home });
      expect(run, run.stderr).toMatchObject({ status: 0 });
      expect(JSON.parse(run.stdout)).toEqual(
        names.flatMap((name) => [
          [name, 'holds'],
          [name, `Certificate's GitHubWorkflow${name} does not match`],
        ]),
      );
    });
  });

  // It looks itself whom a token is for and until when.
  test.each([
    ['signature', async () => (await scene.token()).replace(/.{4}$/, 'AAAA')],
    ['claim', async () => withClaim(await scene.token(), 'email', 'other@stack.example')],
  ] as const)('it signs nothing with a token that got another %s, and nothing is put on record', async (_, make) => {
    const [before, bundle] = [await scene.logged(), scratch.path('none.json')];
    const run = await theirs([...TRUST.instance, 'sign', '--identity-token', await make(), '--bundle', bundle, file]);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining(`400 Client Error: Bad Request for url: ${endpoints.fulcio}`) });
    expect(existsSync(bundle)).toBe(false);
    expect(await scene.logged()).toEqual(before);
  });
});

/** The demands of `verify github` without that on the issuer: each as it is, and with another value. */
const JUDGE_WORKFLOW = `
import json, sys
from pathlib import Path
from sigstore.errors import VerificationError
from sigstore.models import Bundle
from sigstore.verify import policy
certificate = Bundle.from_json(Path(sys.argv[1]).read_bytes()).signing_certificate
def judge(name, value):
    try:
        getattr(policy, "GitHubWorkflow" + name)(value).verify(certificate)
        return "holds"
    except VerificationError as error:
        return str(error).split(" (")[0]
print(json.dumps([[name, judge(name, asked)] for name, value in json.loads(sys.argv[2]).items() for asked in (value, value + "x")]))
`;

async function sign({ content, rekor }: Made, bundle: string): Promise<Run> {
  const verb = content === 'message' ? ['sign'] : ['attest', '--predicate-type', PREDICATE_TYPE, '--predicate', scratch.path(PREDICATE)];
  const trust = content === 'message' ? TRUST.instance : TRUST.configuration;
  // By default it takes the newest.
  return theirs([...trust, ...verb, ...(rekor === 1 ? ['--rekor-version', '1'] : []), '--identity-token', await scene.token(), '--bundle', bundle, file]);
}

function verifyAsTheirs(bundle: string, trust: readonly string[], { identity = PERSON.email, issuer = endpoints.oidc, of = file }: Demand = {}): Promise<Run> {
  return theirs([...trust, 'verify', 'identity', '--cert-identity', identity, '--cert-oidc-issuer', issuer, '--bundle', bundle, of]);
}
