/** What the flags of a verify command demand: who must have signed, and which checks may be left out. Order and texts as cosign has them. */
import {
  type ExpectedIdentity,
  type ExpectedSigner,
  exactly,
  type FulcioExtension,
  type HashName,
  isTrustError,
  type Matcher,
  matching,
  type PublicKey,
  type TrustedRoot,
  type VerifyOptions,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { refuseTogether } from '../cobra/exclusive.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { isSigstoreBundle } from './evidence.ts';
import type { Invocation } from './invocation.ts';

const KEY_AND_IDENTITY =
  "exactly one of: key reference (--key) or certificate identity (--certificate-identity or --certificate-identity-regexp), must be provided. To determine which to use, inspect the bundle's 'verificationMaterial' field: if 'publicKey' is present, use key reference; if 'certificate' or 'x509CertificateChain' is present, use certificate identity";

export interface Demands {
  readonly ignoreLog: boolean;
  readonly ignoreSct: boolean;
  readonly signedTimestamps: boolean;
  /** No trust root is needed: a key, no log, no timestamps. */
  readonly keyOnly: boolean;
}

export function demandsOf(flags: ParsedFlags): Demands {
  const ignoreLog = flags.bool('insecure-ignore-tlog') || flags.bool('private-infrastructure');
  const signedTimestamps = flags.bool('use-signed-timestamps') || flags.text('timestamp-certificate-chain') !== '';
  const byKey = flags.text('key') !== '' || flags.bool('sk');
  return { ignoreLog, ignoreSct: byKey || flags.bool('insecure-ignore-sct'), signedTimestamps, keyOnly: byKey && ignoreLog && !signedTimestamps };
}

/** What cobra and cosign refuse before a verify command runs. */
export function refuseFlagValues(flags: ParsedFlags): void {
  refuseTogether(flags, 'ca-roots', 'certificate-chain');
  refuseTogether(flags, 'ca-intermediates', 'certificate-chain');
  const digest = flags.text('signature-digest-algorithm');
  if (!['sha224', 'sha256', 'sha384', 'sha512'].includes(digest)) throw new CommandError(`unknown digest algorithm: ${digest}`);
}

export function warnAboutIgnoredLog(flags: ParsedFlags, noun: string, warn: (text: string) => void): void {
  if (!flags.bool('insecure-ignore-tlog')) return;
  warn(`WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the ${noun}.\n`);
}

/** Contradictions that cosign refuses before it reads anything. */
export function refuseContradictions(flags: ParsedFlags, sources: readonly string[], tooMany: string): void {
  const given = (name: string) => (name === 'sk' ? flags.bool(name) : flags.text(name) !== '');
  if (!['key', 'sk', 'certificate', 'bundle'].some(given)) {
    throw new CommandError('provide a key with --key or --sk, a certificate to verify against with --certificate, or a bundle with --bundle');
  }
  refuseKeyAndIdentity(flags);
  if (sources.filter(given).length > 1) throw new CommandError(tooMany);
}

/** A key and an identity are two answers to one question. */
export function refuseKeyAndIdentity(flags: ParsedFlags): void {
  const given = ['key', 'certificate-identity', 'certificate-identity-regexp'].filter((name) => flags.text(name) !== '');
  if (given.length > 1) throw new CommandError(KEY_AND_IDENTITY);
}

/** The signer of keyless evidence. `search` patterns, as cosign's are. */
export async function expectedIdentity(flags: ParsedFlags): Promise<ExpectedIdentity> {
  const san = await matcher(flags, 'certificate-identity', 'subject');
  const issuer = await matcher(flags, 'certificate-oidc-issuer', 'issuer');
  if (san === undefined) throw new CommandError('--certificate-identity or --certificate-identity-regexp is required for verification in keyless mode');
  if (issuer === undefined)
    throw new CommandError('--certificate-oidc-issuer or --certificate-oidc-issuer-regexp is required for verification in keyless mode');
  return { san, issuer, extensions: workflowMatchers(flags) };
}

/** A pattern that is none. Loose evidence is judged where the pattern is met, and cosign says there which one it was. */
export class PatternError extends CommandError {
  readonly #where: string;
  readonly #reason: string;

  constructor(where: string, reason: string, evidence: 'bundle' | 'loose') {
    super(evidence === 'bundle' ? reason : `${where}${reason}`);
    this.#where = where;
    this.#reason = reason;
  }

  about(evidence: 'bundle' | 'loose'): PatternError {
    return new PatternError(this.#where, this.#reason, evidence);
  }
}

async function matcher(flags: ParsedFlags, name: string, what: string): Promise<Matcher | undefined> {
  const exact = flags.text(name);
  const pattern = flags.text(`${name}-regexp`);
  if (pattern === '') return exact === '' ? undefined : exactly(exact);
  try {
    const compiled = await matching(pattern, 'search');
    return exact === '' ? compiled : both(exact, compiled);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new PatternError(`malformed ${what} in identity: ${pattern} : `, reason, isSigstoreBundle(flags) ? 'bundle' : 'loose');
  }
}

/** Exact value and pattern given together: both must hold, as in cosign's bundle path. */
function both(exact: string, pattern: Matcher): Matcher {
  if (pattern.kind === 'exact') return pattern;
  return { ...pattern, matches: (text) => text === exact && pattern.matches(text) };
}

const WORKFLOW_FLAGS: Readonly<Record<string, FulcioExtension>> = {
  'certificate-github-workflow-trigger': 'githubWorkflowTrigger',
  'certificate-github-workflow-sha': 'githubWorkflowSha',
  'certificate-github-workflow-name': 'githubWorkflowName',
  'certificate-github-workflow-repository': 'githubWorkflowRepository',
  'certificate-github-workflow-ref': 'githubWorkflowRef',
};

function workflowMatchers(flags: ParsedFlags): NonNullable<ExpectedIdentity['extensions']> {
  const given = Object.entries(WORKFLOW_FLAGS).filter(([flag]) => flags.text(flag) !== '');
  return Object.fromEntries(given.map(([flag, extension]) => [extension, exactly(flags.text(flag))]));
}

export function keySigner(key: PublicKey, flags: ParsedFlags): ExpectedSigner {
  const name = flags.text('signature-digest-algorithm');
  if (name !== 'sha256' && name !== 'sha384' && name !== 'sha512')
    throw new CommandError(`${name} signatures are not supported; supported are sha256, sha384 and sha512`);
  return { key, hashes: [name satisfies HashName] };
}

/** What the flags demand, as verification takes it. */
export function verifyOptions(signer: ExpectedSigner, trustedRoot: TrustedRoot, { demands, io }: Invocation): VerifyOptions {
  return {
    signer,
    trustedRoot,
    crypto: nodeCrypto,
    now: io.now,
    logThreshold: demands.ignoreLog ? 0 : 1,
    ctLogThreshold: demands.ignoreSct ? 0 : 1,
    timestampThreshold: demands.signedTimestamps ? 1 : 0,
    // Without the log and without a timestamp there is only the present (cosign.md section 4.2, step 6).
    allowCurrentTime: demands.ignoreLog,
  };
}
