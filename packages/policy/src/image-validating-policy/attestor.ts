/**
 * An attestor as a demand. Whoever is meant is looked up now: expressions are evaluated, keys fetched, roots read. What is not there, and what would admit
 * everybody, is a demand that nothing satisfies.
 *
 * Kyverno passes over three things here, and lets in more than the policy says: an empty list of identities, `additionalExtensions` and `subjectExpression`.
 */
import {
  type Certificate,
  decodeBase64,
  decodeUtf8,
  encodePem,
  FULCIO_EXTENSIONS,
  type FulcioExtension,
  type HashName,
  isTrustError,
  MAX_TRUSTED_ROOT_BYTES,
  type PublicKey,
  parseCertificatesPem,
  parsePem,
  parsePublicKeyPem,
  parseTrustedRoot,
  quote,
  TrustError,
  type TrustedRoot,
  trustedRootOf,
  utf8,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { hashOf, isHashAlgorithm } from '../cluster-image-policy/hash-algorithm.ts';
import { predicateTypeUri } from '../cluster-image-policy/payload.ts';
import type { CelProgram } from '../engines/cel/index.ts';
import type { Demand, IdentityPattern, Places, RootReference, Rules, Signer, TextPattern, Who } from '../model.ts';
import type { CompiledAttestor } from './compile.ts';
import type { Cosign, Identity } from './types.ts';
import type { ImageValidatingWorld } from './world.ts';

export interface ResolvedAttestor {
  readonly signed: Demand;
  /** @param type of the predicate, as the policy writes it */
  attested(type: string): Demand;
}

export interface AttestorContext {
  readonly world: Pick<ImageValidatingWorld, 'kms' | 'tufRoot'>;
  /** The text that an expression of the attestor stands for. Errors: `POLICY_CEL…`. */
  evaluate(program: CelProgram): Promise<string>;
}

/** Errors: `POLICY_CEL…` of expressions; `POLICY_UNRESOLVED` for what is not verified here at all. */
export async function resolveAttestor({ attestor, programs }: CompiledAttestor, context: AttestorContext): Promise<ResolvedAttestor> {
  const { name, cosign } = attestor;
  if (cosign === undefined)
    throw new TrustError('POLICY_UNRESOLVED', `attestor ${quote(name)}: Notary signatures are not verified here`, {
      hint: 'sign with cosign, and name the key or the identity in a cosign attestor',
    });
  const texts = new Map<string, string>();
  for (const [place, program] of programs) texts.set(place, await context.evaluate(program));
  const never = (says: string): ResolvedAttestor => {
    const demand: Demand = { kind: 'never', name, says: `attestor ${quote(name)}: ${says}` };
    return { signed: demand, attested: () => demand };
  };
  try {
    const refused = refusalOf(cosign);
    if (refused !== undefined) return never(refused);
    const by: Signer = { who: await whoOf(cosign, texts, context), rules: await rulesOf(cosign, texts, context) };
    return demandsFor(name, cosign, by, never);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return never(error.message);
  }
}

function demandsFor(name: string, { source, annotations = {} }: Cosign, by: Signer, never: (says: string) => ResolvedAttestor): ResolvedAttestor {
  const secrets = (source?.PullSecrets ?? []).map((secret) => secret.name);
  const from: Places = {
    ...(source?.repository !== undefined && source.repository !== '' && { repository: source.repository }),
    ...(source?.tagPrefix !== undefined && source.tagPrefix !== '' && { tagPrefix: source.tagPrefix }),
    ...(secrets.length > 0 && { pullSecrets: secrets }),
  };
  const annotated = Object.keys(annotations).length > 0;
  return {
    signed: { kind: 'signed', name, by, from, ...(annotated && { annotations }) },
    attested: (type) =>
      annotated
        ? never('annotations are of signatures, and not of attestations').signed
        : { kind: 'attested', name, predicateType: predicateTypeUri(type), typeAsWritten: type, by, from, which: 'some', conditions: [] },
  };
}

/** What contradicts itself, and what says nothing of who signs. */
function refusalOf({ key, keyless, certificate, ctlog }: Cosign): string | undefined {
  if (key === undefined && keyless === undefined && certificate === undefined)
    return 'cosign verifier needs to have one key, keyless or certificate fields set';
  if ([key, keyless, certificate].filter((one) => one !== undefined).length > 1) return 'only one of key, keyless and certificate may be set';
  if (ctlog !== undefined && ctlog.insecureIgnoreTlog !== true && (ctlog.url ?? '') === '') return 'rekor URL must be provided';
  if (keyless === undefined) return undefined;
  if (keyless.identities.length === 0) return 'keyless without identities admits everybody who can sign at all';
  const anybody = keyless.identities.some(({ issuer, issuerRegExp, subject, subjectRegExp, subjectExpression }) =>
    [issuer, issuerRegExp, subject, subjectRegExp, subjectExpression].every((text) => (text ?? '') === ''),
  );
  return anybody ? 'an identity without issuer and subject admits everybody who can sign at all' : undefined;
}

async function whoOf({ key, keyless, certificate }: Cosign, texts: ReadonlyMap<string, string>, { world }: AttestorContext): Promise<Who> {
  if (key !== undefined) {
    const kms = key.kms ?? '';
    const pem = texts.get('key') ?? (key.data !== undefined && key.data !== '' ? key.data : kms === '' ? '' : await world.kms(kms));
    return { kind: 'keys', keys: keysOf(pem), hashes: [hashName(key.hashAlgorithm)] };
  }
  if (keyless !== undefined) {
    const extensions = extensionsOf(keyless.additionalExtensions ?? {});
    return { kind: 'identities', identities: keyless.identities.map((identity, i) => identityPattern(identity, texts.get(`subject[${i}]`), extensions)) };
  }
  const pem = texts.get('cert') ?? certificate?.cert?.value ?? '';
  // A chain alone: whoever holds a certificate of this authority.
  if (pem === '') return { kind: 'identities', identities: [{ subject: ANYTHING, issuer: ANYTHING }] };
  return { kind: 'certificate', certificate: certificatesOf(unwrapped(pem), 'certificate')[0] as Certificate };
}

const ANYTHING: TextPattern = { kind: 'wildcard', pattern: '*' };

function keysOf(pem: string): PublicKey[] {
  if (pem.trim() === '') throw new TrustError('POLICY_UNRESOLVED', 'there is no public key');
  const keys = parsePem(pem).blocks.map(({ label, der }) => parsePublicKeyPem(encodePem(label, der)));
  if (keys.length !== 1) throw new TrustError('POLICY_UNRESOLVED', `failed to load public key from PEM: ${keys.length} keys where one is expected`);
  return keys;
}

/** Nobody signs with SHA-224, and it is not verified. */
function hashName(algorithm: string | undefined): HashName {
  const given = algorithm ?? '';
  if (given !== '' && !isHashAlgorithm(given)) throw new TrustError('POLICY_UNRESOLVED', `unknown hash algorithm ${quote(given)}`);
  const hash = hashOf(given);
  if (hash === 'sha224') throw new TrustError('POLICY_UNRESOLVED', 'sha224 signatures are not supported; supported are sha256, sha384 and sha512');
  return hash;
}

function identityPattern(identity: Identity, computedSubject: string | undefined, extensions: IdentityPattern['extensions']): IdentityPattern {
  const { issuer, issuerRegExp, subject, subjectRegExp } = identity;
  const subjects = [...patternsOf(subject, subjectRegExp), ...(computedSubject === undefined ? [] : patternsOf(undefined, nonEmpty(computedSubject)))];
  return { issuer: both(patternsOf(issuer, issuerRegExp)), subject: both(subjects), ...(extensions !== undefined && { extensions }) };
}

/** A pattern of nothing would be found in everything. */
function nonEmpty(text: string): string {
  if (text === '') throw new TrustError('POLICY_UNRESOLVED', 'subjectExpression is empty');
  return text;
}

function patternsOf(exact: string | undefined, pattern: string | undefined): TextPattern[] {
  const forms: TextPattern[] = [];
  if (exact !== undefined && exact !== '') forms.push({ kind: 'exact', text: exact });
  if (pattern !== undefined && pattern !== '') forms.push({ kind: 'regexp', pattern, mode: 'search' });
  return forms;
}

/** Of an identity that says only one of issuer and subject the other may be anything, as the author wrote it. */
function both(forms: readonly TextPattern[]): TextPattern {
  const [only] = forms;
  return only === undefined ? ANYTHING : forms.length === 1 ? only : { kind: 'both', of: forms };
}

/** By their names, or by their numbers in Fulcio's arc. */
function extensionsOf(wanted: Readonly<Record<string, string>>): IdentityPattern['extensions'] {
  const entries = Object.entries(wanted);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, pattern]): [FulcioExtension, TextPattern] => [extensionNamed(name), { kind: 'wildcard', pattern }]));
}

function extensionNamed(name: string): FulcioExtension {
  const number = name.startsWith(FULCIO_ARC) ? Number(name.slice(FULCIO_ARC.length)) : undefined;
  const found = (Object.keys(FULCIO_EXTENSIONS) as FulcioExtension[]).find((one) => one === name || FULCIO_EXTENSIONS[one] === number);
  if (found === undefined) throw new TrustError('POLICY_UNRESOLVED', `additionalExtensions: ${quote(name)} is no extension that is known`);
  return found;
}

const FULCIO_ARC = '1.3.6.1.4.1.57264.1.';

async function rulesOf(cosign: Cosign, texts: ReadonlyMap<string, string>, context: AttestorContext): Promise<Rules> {
  const { key, keyless, certificate, ctlog = {} } = cosign;
  const ignoresLog = ctlog.insecureIgnoreTlog === true;
  // A key without a log needs nothing of Sigstore's.
  const base = (key !== undefined || certificate !== undefined) && ignoresLog ? 'default' : await baseRoot(cosign, texts, context);
  const chain = texts.get('certChain') ?? certificate?.certChain?.value ?? '';
  const stamped = (ctlog.tsaCertChain ?? '') !== '';
  return {
    authorities: keyless?.roots
      ? await authoritiesOf(keyless.roots, 'roots')
      : chain === ''
        ? base
        : await authoritiesOf(chain, 'certificate chain', MAX_CHAIN),
    ctLogs: ctlog.ctLogPubKey ? { root: await trustedRootOf({ ctLogKeys: keysOf(ctlog.ctLogPubKey) }, nodeCrypto) } : base,
    logs: ctlog.rekorPubKey ? { root: await trustedRootOf({ logKeys: keysOf(ctlog.rekorPubKey) }, nodeCrypto) } : base,
    timestamps: stamped ? await timestampRoot(ctlog.tsaCertChain ?? '') : base,
    log: ignoresLog ? 'ignored' : 'required',
    ...(ctlog.url !== undefined && ctlog.url !== '' && !ignoresLog && { searchLog: { url: ctlog.url } }),
    sct: ctlog.insecureIgnoreSCT === true ? 'ignored' : 'required',
    timestamp: stamped ? 'required' : 'optional',
  };
}

/** `trustedRoot` goes before `tuf`. */
async function baseRoot({ trustedRoot, tuf }: Cosign, texts: ReadonlyMap<string, string>, { world }: AttestorContext): Promise<RootReference> {
  const json = texts.get('trustedRoot') ?? trustedRoot?.value ?? '';
  if (json !== '') return { root: inlineRoot(json) };
  if (trustedRoot !== undefined) throw new TrustError('POLICY_UNRESOLVED', 'trustedRoot is empty');
  if (tuf === undefined) return 'default';
  const { mirror = '', root: { path = '', data = '' } = {} } = tuf;
  if (mirror === '' && path === '' && data === '') return 'default';
  if (world.tufRoot === undefined) throw new TrustError('POLICY_UNRESOLVED', 'a TUF repository of its own cannot be asked here');
  const initial = data === '' ? undefined : decodeBase64(data);
  if (data !== '' && initial === undefined) throw new TrustError('POLICY_UNRESOLVED', 'failed to base64-decode inline TUF root data');
  return { root: await world.tufRoot({ mirror, path, initial }) };
}

function inlineRoot(json: string): TrustedRoot {
  const bytes = utf8(json);
  if (bytes.length > MAX_INLINE_ROOT)
    throw new TrustError('TRUST_ROOT_PARSE', `inline trustedRoot JSON is too large (${bytes.length} bytes), maximum allowed is ${MAX_INLINE_ROOT} bytes`);
  return parseTrustedRoot(bytes);
}

const MAX_INLINE_ROOT = Math.min(1024 * 1024, MAX_TRUSTED_ROOT_BYTES);
const MAX_CHAIN = 11;
const MAX_TIMESTAMP_CHAIN = 12;

async function authoritiesOf(pem: string, what: string, most = Number.POSITIVE_INFINITY): Promise<RootReference> {
  const certificates = certificatesOf(pem, what);
  if (certificates.length > most) throw new TrustError('POLICY_UNRESOLVED', `${what} too long (${certificates.length}), maximum allowed is ${most}`);
  return { root: await trustedRootOf({ authorityCertificates: certificates }, nodeCrypto) };
}

async function timestampRoot(pem: string): Promise<RootReference> {
  const certificates = certificatesOf(pem, 'TSA certificate chain');
  if (certificates.length > MAX_TIMESTAMP_CHAIN)
    throw new TrustError(
      'POLICY_UNRESOLVED',
      `TSA certificate chain contains too many certificates (${certificates.length}), maximum allowed is ${MAX_TIMESTAMP_CHAIN}`,
    );
  return { root: await trustedRootOf({ timestampCertificates: certificates }, nodeCrypto) };
}

function certificatesOf(pem: string, what: string): Certificate[] {
  try {
    return parseCertificatesPem(pem);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new TrustError('POLICY_UNRESOLVED', `failed to load ${what}: ${error.message}`, { cause: error });
  }
}

/** A certificate may be given in base64 once more. */
function unwrapped(pem: string): string {
  const inner = pem.includes('-----BEGIN') ? undefined : decodeBase64(pem.trim());
  return (inner === undefined ? undefined : decodeUtf8(inner)) ?? pem;
}
