/** One piece of evidence, put through the one verification under a signer's rules. */
import {
  Artifact,
  type Bundle,
  bundleOf,
  Certificate,
  certificatePem,
  decodeUtf8,
  type ExpectedSigner,
  encodePem,
  failFrom,
  fromHex,
  isTrustError,
  type LogEntry,
  notVerified,
  type PublicKey,
  parseBundle,
  proposedDsse,
  proposedHashedRekord,
  TrustError,
  type TrustedRoot,
  type Verification,
  type VerificationMaterial,
  type Verified,
  type VerifyOptions,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type Evidence, hexOf, looseParts, type Unreadable } from '@assay/oci';
import type { IdentityPattern, Rules, Signer, Who } from '../model.ts';
import type { Subject } from './subject.ts';
import { compilePattern } from './text-pattern.ts';

/** Evidence that verified. */
export interface Accepted {
  readonly evidence: Evidence;
  readonly bundle: Bundle;
  readonly verification: Verification & { readonly verified: Verified };
  readonly verified: Verified;
  readonly certificate: Certificate | undefined;
}

/** Evidence that did not, and why. */
export interface Refused {
  readonly reference: string;
  /** Undefined: it could not be read. */
  readonly format: Evidence['format'] | undefined;
  readonly verification: Verification;
  readonly problem?: TrustError;
  readonly certificate?: Certificate | undefined;
}

interface Ready {
  readonly signers: readonly ExpectedSigner[];
  readonly root: TrustedRoot;
  readonly artifact: Artifact;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** A signer made ready: patterns compiled for the image, roots loaded. */
export class Examiner {
  readonly #subject: Subject;
  readonly #rules: Rules;
  readonly #who: Who;
  readonly #signers: readonly ExpectedSigner[];
  readonly #root: TrustedRoot;
  readonly #artifact: Artifact;
  readonly #annotations: Readonly<Record<string, string>> | undefined;

  private constructor(subject: Subject, { who, rules }: Signer, ready: Ready) {
    this.#subject = subject;
    this.#who = who;
    this.#rules = rules;
    this.#signers = ready.signers;
    this.#root = ready.root;
    this.#artifact = ready.artifact;
    this.#annotations = ready.annotations;
  }

  /** Errors: `IDENTITY_PATTERN`, `TRUST_ROOT_…`, and those of `subject.digest`. */
  static async open(signer: Signer, subject: Subject, annotations?: Readonly<Record<string, string>>): Promise<Examiner> {
    const signers = await expectedSigners(signer.who, subject);
    const root = await composedRoot(signer, subject);
    const artifact = Artifact.fromDigests({ sha256: fromHex(hexOf(await subject.digest())) });
    return new Examiner(subject, signer, { signers, root, artifact, annotations });
  }

  /** Whether any of the expected signers has signed it. */
  async examine(evidence: Evidence | Unreadable): Promise<Accepted | Refused> {
    if (evidence.format === undefined) return refusedBy(evidence.reference, undefined, evidence.problem);
    try {
      return evidence.format === 'bundle' ? await this.#bundle(evidence) : await this.#loose(evidence);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return refusedBy(evidence.reference, evidence.format, error);
    }
  }

  async #bundle(evidence: Evidence): Promise<Accepted | Refused> {
    const bundle = parsed(evidence);
    const { material } = bundle;
    return this.#anySigner(evidence, material.kind === 'certificate' ? Certificate.parse(material.leaf) : undefined, async () => [bundle]);
  }

  async #loose(evidence: Evidence): Promise<Accepted | Refused> {
    const parts = looseParts(evidence);
    const byKey = this.#who.kind !== 'identities';
    const certificate = byKey || parts.certificate === undefined ? undefined : Certificate.parse(parts.certificate);
    if (!byKey && certificate === undefined) throw new TrustError('IDENTITY_MISSING', 'no certificate found on signature');
    const material: VerificationMaterial =
      certificate === undefined ? { kind: 'publicKey', hint: '' } : { kind: 'certificate', leaf: certificate.der, others: [] };
    return this.#anySigner(evidence, certificate, async (signer) => {
      const entries = await this.#entries(evidence, parts, 'key' in signer ? signer.key : undefined, certificate);
      return entries.map((entry) => bundleOf({ content: parts.content, material, entries: entry === undefined ? [] : [entry], timestamps: parts.timestamps }));
    });
  }

  /** The entry that the evidence carries, or those that the log finds for it. */
  async #entries(
    evidence: Evidence,
    parts: ReturnType<typeof looseParts>,
    key: PublicKey | undefined,
    certificate: Certificate | undefined,
  ): Promise<readonly (LogEntry | undefined)[]> {
    const { log, searchLog } = this.#rules;
    if (log === 'ignored' || parts.entry !== undefined) return [parts.entry];
    const search = this.#subject.searchLog;
    const url = (searchLog?.ofRoot === true && this.#root.logs.at(-1)?.baseUrl) || searchLog?.url;
    if (url === undefined || search === undefined) return [undefined];
    const pem = certificate === undefined ? (key === undefined ? '' : encodePem('PUBLIC KEY', key.spki)) : certificatePem(certificate.der);
    const proposed =
      parts.content.kind === 'dsse'
        ? proposedDsse(decodeUtf8(evidence.content) ?? '', pem)
        : proposedHashedRekord(parts.content.signature, pem, 'sha256', await nodeCrypto.hash('sha256', evidence.content));
    const found = await search(url, proposed);
    return found.length === 0 ? [undefined] : found;
  }

  async #anySigner(
    evidence: Evidence,
    certificate: Certificate | undefined,
    candidates: (signer: ExpectedSigner) => Promise<readonly Bundle[]>,
  ): Promise<Accepted | Refused> {
    let refused: Refused | undefined;
    for (const signer of this.#signers) {
      for (const bundle of await candidates(signer)) {
        const verification = await this.#verify(bundle, signer, evidence.format);
        const { verified } = verification;
        if (verified !== undefined) return { evidence, bundle, verification: { ...verification, verified }, verified, certificate };
        refused = { reference: evidence.reference, format: evidence.format, verification, certificate };
      }
    }
    return refused ?? refusedBy(evidence.reference, evidence.format, new TrustError('IDENTITY_MISSING', 'nobody is expected to have signed'));
  }

  #verify(bundle: Bundle, signer: ExpectedSigner, format: Evidence['format']): Promise<Verification> {
    const rules = this.#rules;
    const ignored = rules.log === 'ignored';
    const { now } = this.#subject;
    const options: VerifyOptions = {
      signer,
      trustedRoot: this.#root,
      crypto: nodeCrypto,
      now,
      logThreshold: ignored ? 0 : 1,
      ctLogThreshold: rules.sct === 'ignored' || 'key' in signer ? 0 : 1,
      timestampThreshold: rules.timestamp === 'required' ? 1 : 0,
      // Without a log and without a timestamp there is only the present (cosign.md section 4.2, step 6).
      allowCurrentTime: ignored && rules.timestamp !== 'required',
      ...(this.#annotations !== undefined && format !== 'envelope' && { annotations: this.#annotations }),
    };
    // An ignored log is not looked at: what it would say must neither help nor harm.
    return verify(ignored ? { ...bundle, entries: [] } : bundle, this.#artifact, options);
  }
}

/** A bundle is parsed once, however many demands look at it. */
const bundles = new WeakMap<Evidence, Bundle>();

function parsed(evidence: Evidence): Bundle {
  const known = bundles.get(evidence);
  if (known !== undefined) return known;
  const bundle = parseBundle(evidence.content);
  bundles.set(evidence, bundle);
  return bundle;
}

function refusedBy(reference: string, format: Evidence['format'] | undefined, problem: TrustError): Refused {
  return { reference, format, problem, verification: notVerified([failFrom('evidence', problem)]) };
}

async function expectedSigners(who: Who, subject: Subject): Promise<readonly ExpectedSigner[]> {
  if (who.kind === 'keys') return who.keys.map((key) => ({ key, ...(who.hashes !== undefined && { hashes: who.hashes }) }));
  if (who.kind === 'certificate') return [{ key: who.certificate.publicKey }];
  return [{ identities: await Promise.all(who.identities.map((identity) => expectedIdentity(identity, subject))) }];
}

async function expectedIdentity({ subject: san, issuer, extensions = {} }: IdentityPattern, { image }: Subject) {
  const compiled = await Promise.all(Object.entries(extensions).map(async ([name, pattern]) => [name, await compilePattern(pattern, image)] as const));
  return { san: await compilePattern(san, image), issuer: await compilePattern(issuer, image), extensions: Object.fromEntries(compiled) };
}

/** Each part of the trust may come from another root. What is not needed is not loaded: a key needs no authority. */
async function composedRoot({ who, rules }: Signer, subject: Subject): Promise<TrustedRoot> {
  const byKey = who.kind !== 'identities';
  const part = async <T>(needed: boolean, reference: Rules['logs'], pick: (root: TrustedRoot) => readonly T[]): Promise<readonly T[]> =>
    needed ? pick(await subject.trust(reference)) : [];
  return {
    mediaType: '',
    certificateAuthorities: await part(!byKey, rules.authorities, (root) => root.certificateAuthorities),
    ctLogs: await part(!byKey && rules.sct === 'required', rules.ctLogs, (root) => root.ctLogs),
    logs: await part(rules.log === 'required', rules.logs, (root) => root.logs),
    timestampAuthorities: await part(rules.timestamp === 'required' || !byKey, rules.timestamps, (root) => root.timestampAuthorities),
    warnings: [],
  };
}
