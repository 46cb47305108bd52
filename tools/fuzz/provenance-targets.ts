/** What provenance, summaries and their surroundings are read with. Trees must be printable whatever is in them. */
import { type Check, isTrustError, parseSpki } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import {
  checkAgreement,
  isBundleForm,
  parseBuilderId,
  parseNpmAttestations,
  parseNpmKeys,
  predicateFacts,
  provenanceOf,
  readStatement,
  StatementError,
  verifyGcb,
  verifyVsa,
} from '@assay/slsa';
import { decodeSubjects, parseSubjects } from '@assay/slsa/generate';
import { parseEnvelopeFile, parseLoggedEnvelope } from '@assay/slsa/log-search';
import { keyFor } from '@assay/testkit';
import { UNPRINTABLE } from '../../packages/core/test/facts.ts';
import { decompress } from '../../packages/slsa/src/github/bundle-url.ts';
import { readBundle } from '../../packages/slsa/src/github/read-bundle.ts';
import { compareVersionedTag } from '../../packages/slsa/src/versioned-tag.ts';
import { Finding, type Target, text } from './target.ts';

export const PROVENANCE_TARGETS: readonly Target[] = [
  { name: 'provenance', run: (input) => fuzzProvenance(input) },
  { name: 'bundle-form', run: (input) => isBundleForm(input) },
  { name: 'attestation', run: readBundle },
  { name: 'snappy-block', run: decompress },
  { name: 'builder-id', run: (input) => fuzzBuilderId(text(input)) },
  { name: 'versioned-tag', run: (input) => fuzzTag(text(input)) },
  { name: 'npm-attestations', run: parseNpmAttestations },
  { name: 'npm-keys', run: parseNpmKeys },
  { name: 'gcb-document', run: (input) => fuzzGcb(input) },
  { name: 'vsa', run: (input) => fuzzVsa(input) },
  { name: 'envelope-file', run: parseEnvelopeFile },
  { name: 'logged-envelope', run: (input) => parseLoggedEnvelope(input, nodeCrypto) },
  { name: 'subjects', run: (input) => fuzzSubjects(input) },
];

/** Read, taken for facts, and compared with itself: nothing of it may disagree. */
function fuzzProvenance(input: Uint8Array): void {
  try {
    const facts = predicateFacts(provenanceOf(readStatement({ type: 'application/vnd.in-toto+json', bytes: input })));
    printable(checkAgreement(facts, facts));
    if (checkAgreement(facts, facts).some(({ status }) => status !== 'pass')) throw new Finding('facts that disagree with themselves');
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    if (UNPRINTABLE.test(error.message)) throw new Finding(`unprintable text in the error: ${JSON.stringify(error.message)}`);
  }
}

function fuzzBuilderId(input: string): void {
  const id = parseBuilderId(input);
  if ('refusal' in id) return;
  const { name, version } = id;
  if (input !== (version === undefined ? name : `${name}@${version}`)) throw new Finding(`a builder id that reads as another: ${JSON.stringify(id)}`);
}

/** A version is one of itself. */
function fuzzTag(input: string): void {
  if (compareVersionedTag(input, 'v1') !== undefined || input.includes('+')) return;
  if (/^v1(?:\.\d+){0,2}$/.test(input) && compareVersionedTag(input, input) !== undefined) throw new Finding(`${input} is not of its own version`);
}

async function fuzzGcb(input: Uint8Array): Promise<void> {
  const demands = { digest: 'ab'.repeat(32), source: 'github.com/o/r', builderId: undefined };
  const { ok, root } = await verifyGcb(input, demands, { crypto: nodeCrypto, now: NOW, keys: new Map() });
  if (ok) throw new Finding('accepted without a key');
  printable([root]);
}

async function fuzzVsa(input: Uint8Array): Promise<void> {
  const demands = { digests: ['sha256:00'], verifierId: 'v', resourceUri: 'r', levels: ['SLSA_BUILD_LEVEL_1'], rules: 'slsa-verifier' } as const;
  const { ok, root } = await verifyVsa(input, { key: KEY }, demands, { crypto: nodeCrypto, now: NOW });
  if (ok) throw new Finding('accepted without a signature by the key');
  printable([root]);
}

/** The list, and the base64 of it, hold the same. */
function fuzzSubjects(input: Uint8Array): void {
  const read = answer(() => parseSubjects(input));
  const decoded = answer(() => decodeSubjects(Buffer.from(input).toString('base64')));
  if (JSON.stringify(read) !== JSON.stringify(decoded)) throw new Finding('a list that reads otherwise in base64');
  for (const { digest } of read ?? []) if (!/^[0-9a-f]{64}$/.test(digest.sha256)) throw new Finding(`a digest that is none: ${digest.sha256}`);
}

function answer<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

function printable(checks: readonly Check[]): void {
  for (const { says, expected = '', found = '', hint = '', checks: inner = [] } of checks) {
    const whole = [says, expected, found, hint].join(' ');
    if (UNPRINTABLE.test(whole)) throw new Finding(`unprintable text in a check: ${JSON.stringify(whole)}`);
    printable(inner);
  }
}

const NOW = new Date('2026-08-25T00:00:00Z');
const KEY = parseSpki(keyFor('fuzz vsa', 'p256').spki);
