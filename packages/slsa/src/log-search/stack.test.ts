/**
 * Against a whole private Sigstore in this process: a workflow signs as generators before 2.1.0 did, and what it left is found again, by its file and by its
 * artifact.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Artifact,
  type Bundle,
  certificatePem,
  encodeBase64,
  exactly,
  failures,
  IN_TOTO_PAYLOAD_TYPE,
  parseBundle,
  parseTrustedRoot,
  preAuthenticationEncoding,
  type TrustedRoot,
  utf8,
  type Verification,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient } from '@assay/net';
import { type EnvelopeKind, encodeStatement, keylessSigner, logToRekorV1, parseIdentityToken } from '@assay/sign';
import { createLog, issueToken, type Stack, startStack } from '@assay/stack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../test/older-envelope.ts';
import { referenceText } from '../reference-error.ts';
import { type CertifiedEnvelope, encodeLoggedEnvelope, type LogPlace, parseEnvelopeFile, searchByDigest, searchByEntry, verifiedLine } from './index.ts';

const WORKFLOW = { kind: 'github', repository: 'example/app', workflow: 'release.yml', ref: 'refs/tags/v1.2.3' } as const;
const SAN = 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.3';

const directory = mkdtempSync(join(tmpdir(), 'assay-slsa-'));
const http = createHttpClient();
let stack: Stack;
let trustedRoot: TrustedRoot;
let place: LogPlace & { readonly url: string };

beforeAll(async () => {
  stack = await startStack({ directory, log: createLog('error', (line) => process.stderr.write(line)) });
  trustedRoot = parseTrustedRoot(readFileSync(join(directory, 'trusted_root.json')));
  place = { url: stack.endpoints.rekor ?? '', http, crypto: nodeCrypto };
});
afterAll(async () => {
  http.close();
  await stack.close();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

let count = 0;

interface Built {
  readonly artifact: Uint8Array;
  readonly file: string;
}

/** A build: an artifact of its own, its provenance in a file, and that on record. */
async function build(kind: EnvelopeKind, form: 'certified' | 'bare'): Promise<Built> {
  const artifact = utf8(`artifact ${count++}`);
  const now = () => new Date();
  const token = async () => parseIdentityToken(await issueToken(directory, WORKFLOW, { now: now() }));
  const { signer, certify } = await keylessSigner({ authority: { url: stack.endpoints.fulcio ?? '', http }, token, now });
  const verifierPem = certificatePem((await certify()).leaf.der);
  const predicate = { builder: { id: SAN }, buildType: 'https://example.com/build@v1' };
  const predicateType = 'https://slsa.dev/provenance/v0.2';
  const payload = encodeStatement({ name: 'app', sha256: digestOf(artifact), predicateType, predicate, version: 'v0.1' });
  const signature = await signer.sign(preAuthenticationEncoding(IN_TOTO_PAYLOAD_TYPE, payload));
  const sig = { keyid: '', sig: encodeBase64(signature), ...(form === 'certified' && { cert: verifierPem }) };
  const file = JSON.stringify({ payloadType: IN_TOTO_PAYLOAD_TYPE, payload: encodeBase64(payload), signatures: [sig] });
  const content = { kind: 'dsse', payload, payloadType: IN_TOTO_PAYLOAD_TYPE, signature, keyid: '', stored: utf8(file) } as const;
  await logToRekorV1({ content, verifierPem }, place, { envelopeKind: kind });
  return { artifact, file };
}

const judge = (bundle: Bundle): Promise<Verification> => verify(bundle, undefined, { ...demands(), opaqueContent: true });

function demands() {
  const identities = [{ san: exactly(SAN), issuer: exactly(`${stack.endpoints.oidc}/github`) }];
  return { signer: { identities }, trustedRoot, crypto: nodeCrypto, now: new Date() };
}

const byFile = (text: string) => searchByEntry(parseEnvelopeFile(utf8(text)) as CertifiedEnvelope, place, judge);
const byArtifact = (text: string, artifact: Uint8Array) => searchByDigest(parseEnvelopeFile(utf8(text)), digestOf(artifact), place, judge);

test('by the file, and kept as a bundle that needs the log no more', async () => {
  const { artifact, file } = await build('dsse', 'certified');
  const { check, candidate, verification } = await byFile(file);
  expect(failures(check)).toEqual([]);
  if (candidate === undefined || verification?.verified === undefined) throw new Error('not verified');
  const { uuid, entry } = candidate;
  const url = `${place.url}/api/v1/log/entries/${uuid}`;
  expect(verifiedLine(verification.verified, candidate)).toBe(`Verified signature against tlog entry index ${entry.logIndex} at URL: ${url}`);
  expect((await http.request(url)).status).toBe(200);
  const saved = parseBundle(utf8(encodeLoggedEnvelope(candidate)));
  expect((await verify(saved, Artifact.fromBytes(artifact), demands())).ok).toBe(true);
});

test('not by the file with one more line end', async () => {
  const { file } = await build('dsse', 'certified');
  const [first] = failures((await byFile(`${file}\n`)).check);
  expect(first && referenceText(first)).toBe('error searching rekor entries: no matching rekor entries');
});

test('by the artifact, without a certificate in the file', async () => {
  const { artifact, file } = await build('dsse', 'bare');
  const { check, verification } = await byArtifact(file, artifact);
  expect(failures(check)).toEqual([]);
  expect(verification?.verified?.identity?.san).toBe(SAN);
});

test('by the artifact, even of a file that was written anew: dsse entries name payload and signature', async () => {
  const { artifact, file } = await build('dsse', 'bare');
  expect((await byArtifact(`${JSON.stringify(JSON.parse(file), null, 2)}\n`, artifact)).check.status).toBe('pass');
});

test('not by another artifact', async () => {
  const { file } = await build('dsse', 'bare');
  const [first] = failures((await byArtifact(file, utf8('another'))).check);
  expect(first && referenceText(first)).toBe('error searching rekor entries: no matching entries found');
});

test('not where the log has recorded it in a form that those generators did not know', async () => {
  const { artifact, file } = await build('intoto', 'certified');
  expect(failures((await byFile(file)).check)[0]?.code).toBe('SLSA_LOG_NOT_FOUND');
  const [first] = failures((await byArtifact(JSON.stringify(uncertified(file)), artifact)).check);
  expect(first && referenceText(first)).toBe(
    'could not find a matching valid signature entry: got unexpected errors the entry is of a kind that is not looked for',
  );
});

function uncertified(file: string): object {
  const envelope = JSON.parse(file) as { signatures: { cert?: string }[] };
  for (const signature of envelope.signatures) delete signature.cert;
  return envelope;
}
