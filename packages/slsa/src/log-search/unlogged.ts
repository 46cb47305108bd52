/**
 * What a bare envelope shows without its log entry (slsa.md section 1.8 F).
 *
 * Without the log there is no time that anybody vouches for, and a certificate lives for ten minutes: whoever gets hold of an old key could sign today. So
 * the tree fails, whatever else it tells. It tells what would hold if the envelope had been signed when its certificate began, and what is missing.
 */
import {
  bundleOf,
  Certificate,
  type Check,
  type CryptoProvider,
  group,
  isTrustError,
  skip,
  type TrustedRoot,
  type Verified,
  type VerifyOptions,
  verify,
} from '@assay/core';
import { refuse } from '../reference-error.ts';
import type { CertifiedEnvelope, EnvelopeFile } from './envelope-file.ts';
import { possibleEntries } from './possible-entries.ts';

export interface UnloggedDemands {
  readonly crypto: CryptoProvider;
  readonly trustedRoot: TrustedRoot;
  readonly signer: VerifyOptions['signer'];
}

export interface Unlogged {
  /** Never passes. Its first failure is `SLSA_LOG_MISSING`. */
  readonly check: Check;
  /** What is signed and by whom, when all that needs no log holds: to tell more about it, in a tree that fails nevertheless. */
  readonly signed?: Verified;
}

export async function judgeUnlogged(file: EnvelopeFile, demands: UnloggedDemands): Promise<Unlogged> {
  const says = 'signed, but not shown to be on record';
  if (file.lookup === 'index') {
    const unknown = skip('slsa.unlogged.signer', 'signer and signature were not checked: the envelope has no certificate, only its log entry has');
    return { check: group('slsa.unlogged', says, [missing([], file), unknown]) };
  }
  const entries = await possibleEntries(file, demands.crypto);
  const told = await judgeAlone(file, demands);
  const check = group('slsa.unlogged', says, [
    missing(
      entries.map(({ kind, leafHash }) => `${kind} with leaf hash ${leafHash}`),
      file,
    ),
    told.check,
  ]);
  return { check, ...(told.verified && { signed: told.verified }) };
}

function missing(entries: readonly string[], { lookup }: EnvelopeFile): Check {
  const what = lookup === 'entry' ? 'no log entry' : 'neither a log entry nor a certificate';
  return refuse('slsa.log.missing', {
    error: 'ErrorRekorSearch',
    detail: `the file holds ${what}, and the log was not asked; ask it once and keep the answer with --save-bundle FILE`,
    code: 'SLSA_LOG_MISSING',
    says: `the file holds ${what}: without the log nothing proves when it was signed${lookup === 'entry' ? '' : ', nor by whom'}`,
    expected: entries.length > 0 ? `an entry of a trusted log: ${entries.join(', or ')}` : 'an entry of a trusted log, found by the digest of the artifact',
    found: 'a bare DSSE envelope, as generators before 2.1.0 wrote',
    hint: 'run this once with network and --save-bundle FILE; from then on verify with FILE in place of the envelope',
    spec: 'slsa.md section 1.8',
  });
}

async function judgeAlone({ envelopes, certificate }: CertifiedEnvelope, { crypto, trustedRoot, signer }: UnloggedDemands) {
  const [content] = envelopes as readonly [(typeof envelopes)[number]];
  const bundle = bundleOf({ content, material: { kind: 'certificate', leaf: certificate, others: [] }, entries: [], timestamps: [] });
  const { root, verified } = await verify(bundle, undefined, {
    crypto,
    trustedRoot,
    signer,
    now: beginOf(certificate),
    logThreshold: 0,
    allowCurrentTime: true,
    opaqueContent: true,
  });
  const says = { pass: 'all else holds, if it was signed when the certificate began', fail: 'not even what the file itself shows holds' };
  return { check: group('slsa.unlogged.signature', says, (root.checks ?? []).filter(({ id }) => id !== 'tlog').map(assumed)), verified };
}

/** A certificate that cannot be read is refused by `verify`, whenever that is. */
function beginOf(certificate: Uint8Array): Date {
  try {
    return Certificate.parse(certificate).validity.start;
  } catch (error) {
    if (isTrustError(error)) return new Date(0);
    throw error;
  }
}

/** The time was put in by us, and is not the present: so it must not read. */
function assumed(check: Check): Check {
  const says = check.says.replace('(current time)', '(assumed: nobody vouches for it)');
  return { ...check, says, ...(check.checks && { checks: check.checks.map(assumed) }) };
}
