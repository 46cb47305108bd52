/**
 * A bundle of provenance under slsa-verifier's rules (slsa.md section 1.8 A and B), over the one verification of core.
 *
 * The reference looks at the first log entry alone, takes its time from the log's promise, and does not check the proof of inclusion. Here every rule
 * of core holds besides: what it refuses and the reference accepts, nobody should rely on.
 */
import {
  type Bundle,
  type Check,
  type CryptoProvider,
  type ExpectedSigner,
  exactly,
  failFrom,
  isTrustError,
  judged,
  type Matcher,
  notVerified,
  parseBundle,
  pass,
  quote,
  type TrustedRoot,
  type Verification,
  verify,
} from '@assay/core';
import { ACTIONS_ISSUER } from '../github/hosts.ts';
import { refuse } from '../reference-error.ts';

export interface ProvenanceTrust {
  readonly trustedRoot: TrustedRoot;
  readonly crypto: CryptoProvider;
  readonly now: Date;
  /** Told first in the tree: where evidence and trust came from. */
  readonly findings?: readonly Check[];
}

/** Any workflow of GitHub: which one, is judged afterwards. The reference searches for its pattern; here it must fit as a whole. */
export function githubSigner(): ExpectedSigner {
  return { identities: [{ san: ANY_WORKFLOW, issuer: exactly(ACTIONS_ISSUER) }] };
}

/** Told without the engine for patterns, whose loading would cost more than the verification. */
const ANY_WORKFLOW: Matcher = {
  kind: 'pattern',
  pattern: 'https://github\\.com/.*',
  mode: 'whole',
  matches: (san) => san.startsWith('https://github.com/'),
};

/** `file`: of the form of a bundle. What is signed is not read: `verified.content` has it. */
export async function verifyProvenanceBundle(file: Uint8Array, trust: ProvenanceTrust): Promise<Verification> {
  let bundle: Bundle;
  try {
    bundle = parseProvenanceBundle(file);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return notVerified([...(trust.findings ?? []), failFrom('bundle', error)]);
  }
  return verifyParsedBundle(bundle, githubSigner(), trust);
}

/** The reference takes a certificate in either form, whatever the version. Errors: `BUNDLE_…`. */
export function parseProvenanceBundle(file: Uint8Array): Bundle {
  return parseBundle(file, { anyCertificateForm: true });
}

/** With whoever must have signed. */
export async function verifyParsedBundle(bundle: Bundle, signer: ExpectedSigner, trust: ProvenanceTrust): Promise<Verification> {
  const form = checkForm(bundle);
  const verification = await verifyEnvelope(firstEntryOnly(bundle), signer, trust);
  return judged(verification, [form]);
}

/** An envelope with its certificate and its log entries, from wherever they came. */
export function verifyEnvelope(bundle: Bundle, signer: ExpectedSigner, { trustedRoot, crypto, now, findings = [] }: ProvenanceTrust): Promise<Verification> {
  // Old clients put the whole chain into bundles, root and all; a path is built to the trusted root only.
  const material = bundle.material.kind === 'certificate' ? { ...bundle.material, others: [] } : bundle.material;
  return verify({ ...bundle, material }, undefined, { signer, trustedRoot, crypto, now, opaqueContent: true, findings });
}

function firstEntryOnly(bundle: Bundle): Bundle {
  return { ...bundle, entries: bundle.entries.slice(0, 1) };
}

/** What the reference demands of a bundle and core does not. */
function checkForm({ content, entries }: Bundle): Check {
  const id = 'bundle.provenance';
  const [entry] = entries;
  if (entry === undefined) {
    return refuse(id, {
      error: 'ErrorInvalidRekorEntry',
      text: 'bundle missing offline tlog verification material 0',
      code: 'TLOG_THRESHOLD',
      says: 'the bundle carries no log entry',
      hint: 'ask the publisher for provenance that is on record; assay verify --source takes signed timestamps too',
      spec: SPEC,
    });
  }
  if (content.kind !== 'dsse') {
    return refuse(id, {
      error: 'ErrorInvalidDssePayload',
      text: 'expected DSSE bundle content',
      code: 'SLSA_FORM',
      says: 'the bundle holds a signature over a file, not an envelope with a statement',
      hint: 'pass the provenance, a file named such as multiple.intoto.jsonl; cosign verify-blob takes this one',
      spec: SPEC,
    });
  }
  const kind = `${entry.kind} ${entry.version}`;
  if (!ENTRY_KINDS.includes(kind)) {
    return refuse(id, {
      error: 'ErrorInvalidRekorEntry',
      text: `matching bundle entry with content: unexpected tlog entry type: wanted either intoto v0.0.2 or dsse v0.0.1, got: ${quote(kind)}`,
      code: 'TLOG_KIND',
      says: 'slsa-verifier does not know log entries of this kind',
      expected: ENTRY_KINDS.join(' or '),
      found: quote(kind),
      hint: 'assay verify --source takes it',
      spec: SPEC,
    });
  }
  if (entry.signedEntryTimestamp === undefined) {
    return refuse(id, {
      error: 'ErrorInvalidRekorEntry',
      detail: 'no signed entry timestamp',
      code: 'TIME_MISSING',
      says: 'the log entry carries no promise of the log, from which slsa-verifier takes the time',
      hint: 'assay verify --source takes signed timestamps too',
      spec: SPEC,
    });
  }
  return pass(id, 'the bundle is of the form that slsa-verifier takes', { spec: SPEC });
}

const ENTRY_KINDS = ['intoto 0.0.2', 'dsse 0.0.1'];
const SPEC = 'slsa.md section 1.8';
