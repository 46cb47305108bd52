/** What was just signed, judged by the one verification: a certificate before anything is on record, the whole before it is published. */
import {
  type Artifact,
  type Bundle,
  type Certificate,
  type Check,
  type CryptoProvider,
  checkIdentity,
  type ExpectedIdentity,
  fail,
  failures,
  identityOf,
  TrustError,
  type TrustedRoot,
  trustedRootOf,
  type Verification,
  verify,
  windowContains,
  windowText,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import type { IssuedCertificate } from '../services/fulcio.ts';

export interface KeylessDemands {
  /** Undefined: nobody can say which services are the right ones, and only what the certificate says is compared. */
  readonly trustedRoot: TrustedRoot | undefined;
  readonly identity: ExpectedIdentity;
  /** Whether certificate transparency must vouch for the certificate. It is not asked for where the trusted root knows no such log. */
  readonly sct: 'demanded' | 'ignored';
  readonly now: Date;
  /** The signed payload is not read, and `artifact` is undefined: as in `VerifyOptions`. */
  readonly opaqueContent?: true | undefined;
  /** Default that of Node. */
  readonly crypto?: CryptoProvider | undefined;
}

type Issued = Pick<IssuedCertificate, 'leaf' | 'detachedSct'>;

/**
 * Refuses a certificate that could not be verified later: another name, authority or purpose, not valid now, not on record.
 * Errors: the code of the first check that fails (`CERT_…`, `IDENTITY_…`, `SCT_…`, `SIGNATURE_…`).
 */
export async function checkIssued(issued: Issued, content: Bundle['content'], artifact: Artifact | undefined, demands: KeylessDemands): Promise<void> {
  const [failed] = await problems(issued, content, artifact, demands);
  if (failed === undefined) return;
  throw new TrustError(failed.code ?? 'CERT_PROFILE', `the certificate from the authority is refused: ${failed.says}`, {
    ...(failed.hint !== undefined && { hint: failed.hint }),
    ...(failed.expected !== undefined && { expected: failed.expected }),
    ...(failed.found !== undefined && { found: failed.found }),
  });
}

async function problems(issued: Issued, content: Bundle['content'], artifact: Artifact | undefined, demands: KeylessDemands): Promise<Check[]> {
  const { leaf } = issued;
  const now = atItsStart(leaf, demands.now);
  if (demands.trustedRoot === undefined) return [...datesProblem(leaf, now), ...failures(checkIdentity(identityOf(leaf), [demands.identity]))];
  const { root } = await verifyCertified(bundleOf(leaf, content), artifact, issued, { ...demands, now }, demands.trustedRoot);
  return failures(root);
}

/** A clock that is a little behind the authority's must not make a fresh certificate one of the future. */
function atItsStart({ validity }: Certificate, now: Date): Date {
  const early = validity.start.getTime() - now.getTime();
  return early > 0 && early <= MAX_CLOCK_SKEW_MS ? validity.start : now;
}

function datesProblem({ validity }: Certificate, now: Date): Check[] {
  if (windowContains(validity, now)) return [];
  return [fail('certificate.time', 'CERT_TIME', 'it is not valid now', { expected: windowText(validity), found: now.toISOString() })];
}

function bundleOf(leaf: Certificate, content: Bundle['content']): Bundle {
  return { mediaType: '', version: '0.3', material: { kind: 'certificate', leaf: leaf.der, others: [] }, content, entries: [], timestamps: [] };
}

/** The evidence as it will be published; every entry and every timestamp in it must hold. */
export async function verifyKeyless(bundle: Bundle, artifact: Artifact | undefined, issued: Issued, demands: KeylessDemands): Promise<Verification> {
  const { trustedRoot } = demands;
  return trustedRoot === undefined ? verifyKey(bundle, artifact, issued, demands) : verifyCertified(bundle, artifact, issued, demands, trustedRoot);
}

async function verifyCertified(
  bundle: Bundle,
  artifact: Artifact | undefined,
  { detachedSct }: Issued,
  { identity, sct, now, opaqueContent, crypto = nodeCrypto }: KeylessDemands,
  trustedRoot: TrustedRoot,
): Promise<Verification> {
  return verify(bundle, artifact, {
    signer: { identities: [identity] },
    trustedRoot,
    crypto,
    now,
    logThreshold: bundle.entries.length,
    timestampThreshold: bundle.timestamps.length,
    ctLogThreshold: sct === 'ignored' || trustedRoot.ctLogs.length === 0 ? 0 : 1,
    allowCurrentTime: bundle.entries.length + bundle.timestamps.length === 0,
    ...(detachedSct !== undefined && { detachedSct }),
    ...(opaqueContent && { opaqueContent }),
  });
}

async function verifyKey(bundle: Bundle, artifact: Artifact | undefined, { leaf }: Issued, { now, opaqueContent }: KeylessDemands): Promise<Verification> {
  const unproven: Bundle = { ...bundle, material: { kind: 'publicKey', hint: '' }, entries: [], timestamps: [] };
  const trustedRoot = await trustedRootOf({}, nodeCrypto);
  const opaque = opaqueContent && { opaqueContent };
  return verify(unproven, artifact, { signer: { key: leaf.publicKey }, trustedRoot, crypto: nodeCrypto, now, logThreshold: 0, ...opaque });
}

/** What core allows timestamps, too. */
const MAX_CLOCK_SKEW_MS = 60_000;
