/**
 * Attestors and attestations as demands of the one policy model (admission.md 6.1 and 6.4).
 *
 *   attestors     all sets; of a set `count` entries, all of them without it; an entry is a set again, or one signer
 *   attestations  each in turn: all sets of its own attestors, or any signer; of its type there is a statement, and every one meets the conditions
 *
 * A demand goes by the path of what it came from, `.attestors[0].entries[1].keys`, which is how refusals name it. What cannot be resolved is a demand that
 * nothing satisfies. An entry that stands for a nested set is one in attestations too; upstream takes it for any signer there.
 */
import {
  buildPath,
  Certificate,
  decodeBase64,
  decodeUtf8,
  encodePem,
  type HashName,
  isTrustError,
  OID,
  type PublicKey,
  parsePem,
  parsePublicKeyPem,
  quote,
  TrustError,
  type TrustedRoot,
  type TrustParts,
  trustedRootOf,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import type { Condition, Demand, IdentityPattern, Places, RootReference, Rules, Signer, TextPattern, Who } from '../model.ts';
import { type ConditionBlock, overPredicate, parseConditions } from './conditions.ts';
import type { Context } from './context.ts';
import { nestedSet } from './nested-set.ts';
import type { World } from './rule-policy.ts';
import type { Attestation, Attestor, AttestorSet, CtLog, ImageVerification, Rekor } from './types.ts';

export interface Compiled {
  readonly demand: Demand;
  /** What each demand for one signer was made of. */
  readonly signers: ReadonlyMap<Demand, SignerSource>;
}

export interface SignerSource {
  readonly path: string;
  readonly attestor: Attestor;
}

export type Resolver = Pick<World, 'secret' | 'kms'>;

/** All sets of attestors. Throws nothing of ours: what cannot be resolved is part of the answer. */
export async function compileAttestors(sets: readonly AttestorSet[], block: ImageVerification, resolver: Resolver): Promise<Compiled> {
  const compiler = new Compiler(block, resolver);
  const of = await compiler.sets(sets, '.attestors', ({ by, from }, name, annotations) => {
    const signed: Demand = { kind: 'signed', name, by, from, ...(annotations !== undefined && { annotations }) };
    // Of bundles each counts that is about the image, a statement of whatever type among them. Annotations are of signatures alone.
    if (block.type !== 'SigstoreBundle' || Object.keys(annotations ?? {}).length > 0) return signed;
    return { kind: 'any', name, of: [signed, { kind: 'attested', name, predicateType: undefined, by, from, which: 'some', conditions: [] }] };
  });
  return { demand: { kind: 'all', name: '.attestors', of }, signers: compiler.signers };
}

/** One attestation; `index` is its place in the block. Errors: `POLICY_INVALID` for conditions that cannot be read. */
export async function compileAttestation(
  attestation: Attestation,
  index: number,
  block: ImageVerification,
  context: Context,
  resolver: Resolver,
): Promise<Compiled> {
  const compiler = new Compiler(block, resolver);
  const path = `.attestations[${index}]`;
  const type = attestation.type === '' ? attestation.predicateType : attestation.type;
  const conditions = parseConditions(attestation.conditions).map((one: ConditionBlock, i): Condition => overPredicate(one, context, `/${i}`));
  const attested = (signer: SignerOf, name: string, annotations?: Readonly<Record<string, string>>): Demand =>
    // A statement has no such annotations, so that none is ever right.
    annotations !== undefined && Object.keys(annotations).length > 0
      ? { kind: 'never', name, says: 'no signature matched the required annotations' }
      : { kind: 'attested', name, predicateType: type, by: signer.by, from: signer.from, which: 'every', conditions };
  const sets = attestation.attestors ?? [];
  if (sets.length > 0) return { demand: { kind: 'all', name: path, of: await compiler.sets(sets, `${path}.attestors`, attested) }, signers: compiler.signers };
  const anyone = await compiler.anyone(`${path}.attestors[0].entries[0]`, attested);
  return { demand: anyone, signers: compiler.signers };
}

interface SignerOf {
  readonly by: Signer;
  readonly from: Places;
}

type Make = (signer: SignerOf, name: string, annotations?: Readonly<Record<string, string>>) => Demand;

class Compiler {
  readonly signers = new Map<Demand, SignerSource>();
  readonly #block: ImageVerification;
  readonly #resolver: Resolver;

  constructor(block: ImageVerification, resolver: Resolver) {
    this.#block = block;
    this.#resolver = resolver;
  }

  async sets(sets: readonly AttestorSet[], path: string, make: Make): Promise<Demand[]> {
    const demands: Demand[] = [];
    for (const [i, set] of sets.entries()) demands.push(await this.#set(set, `${path}[${i}]`, make, 0));
    return demands;
  }

  /** A statement without a signer's name must still be signed: by anybody to whom Fulcio, or the block's own authority, gave a certificate. */
  async anyone(path: string, make: Make): Promise<Demand> {
    const { roots, annotations } = this.#block;
    const keyless = { rekor: { url: PUBLIC_REKOR }, ctlog: { ignoreSCT: true }, ...(roots !== undefined && { roots }) };
    return this.#signer({ keyless, signatureAlgorithm: 'sha256', ...(annotations !== undefined && { annotations }) }, path, '', make);
  }

  async #set(set: AttestorSet, path: string, make: Make, depth: number): Promise<Demand> {
    const entries = (set.entries ?? []).flatMap(withEachKey);
    const of: Demand[] = [];
    for (const [i, entry] of entries.entries()) of.push(await this.#entry(entry, `${path}.entries[${i}]`, make, depth));
    return { kind: 'count', name: path, least: set.count ?? Math.max(entries.length, 1), of };
  }

  async #entry(entry: Attestor, path: string, make: Make, depth: number): Promise<Demand> {
    const { keys, certificates, keyless, attestor } = entry;
    if ([keys, certificates, keyless, attestor].filter((one) => one !== undefined && one !== null).length !== 1)
      return { kind: 'never', name: path, says: 'keys, certificates, keyless, or a nested attestor is required' };
    if (attestor === undefined || attestor === null) return this.#signer(entry, path, keys ? '.keys' : certificates ? '.certificates' : '.keyless', make);
    const nested = nestedSet(attestor, depth);
    if ('problem' in nested) return { kind: 'never', name: path, says: `failed to unmarshal nested attestor ${path}: ${nested.problem}` };
    return this.#set(nested.set, `${path}.attestor`, make, depth + 1);
  }

  async #signer(attestor: Attestor, path: string, sub: string, make: Make): Promise<Demand> {
    const name = `${path}${sub}`;
    const demand = await this.#demand(attestor, name, make);
    this.signers.set(demand, { path: name, attestor });
    return demand;
  }

  async #demand(attestor: Attestor, name: string, make: Make): Promise<Demand> {
    const { type, cosignOCI11, annotations } = this.#block;
    if (type === 'Notary') return { kind: 'never', name, says: NO_NOTARY };
    try {
      const { who, rules } = await this.#signerOf(attestor);
      const repository = given(attestor.repository) ?? given(this.#block.repository);
      const only = type === 'SigstoreBundle' ? 'bundles' : cosignOCI11 === true ? undefined : 'tags';
      const from: Places = { ...(repository !== undefined && { repository }), ...(only !== undefined && { only }) };
      return make({ by: { who, rules }, from }, name, attestor.annotations ?? annotations);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return { kind: 'never', name, says: error.message };
    }
  }

  async #signerOf({ keys, certificates, keyless, signatureAlgorithm }: Attestor): Promise<Signer> {
    const bundle = this.#block.type === 'SigstoreBundle';
    if (keys !== undefined) {
      const hash = hashOf(keys.signatureAlgorithm);
      return { who: { kind: 'keys', keys: await this.#keys(keys), hashes: [hash] }, rules: await rulesOf(keys, bundle) };
    }
    if (certificates !== undefined) return certificateSigner(certificates, hashOf(signatureAlgorithm), bundle);
    if (keyless === undefined) throw new TypeError('an attestor has a signer');
    const who: Who = { kind: 'identities', identities: [identityOf(keyless)] };
    const roots = given(keyless.roots);
    return {
      who,
      rules: await rulesOf(
        keyless,
        bundle,
        roots === undefined ? 'default' : await rootOf({ authorityCertificates: certificatesOf(roots, 'Root certificates') }),
      ),
    };
  }

  async #keys({ publicKeys, secret, kms }: NonNullable<Attestor['keys']>): Promise<PublicKey[]> {
    const text = given(publicKeys);
    if (text !== undefined && !/^k8s:\/\/|^[a-z]+kms:\/\/|^hashivault:\/\//.test(text.trim())) return publicKeysOf(text);
    if (secret !== undefined || text?.trim().startsWith('k8s://')) {
      const [namespace = '', name = ''] = secret !== undefined ? [secret.namespace, secret.name] : (text ?? '').trim().slice('k8s://'.length).split('/');
      const reference = `k8s://${namespace}/${name}`;
      const entries = await this.#resolver.secret(namespace, name);
      const key = Object.hasOwn(entries, 'cosign.pub') ? entries['cosign.pub'] : undefined;
      if (key === undefined) throw unresolved(`failed to load public key from ${quote(reference)}: no cosign.pub in it`);
      return publicKeysOf(decodeUtf8(key) ?? '');
    }
    const uri = text?.trim() ?? given(kms);
    if (uri === undefined) throw unresolved('A public key, kms key or secret is required');
    return publicKeysOf(await this.#resolver.kms(uri));
  }
}

/** Keys that stand in one text are as many entries. */
function withEachKey(entry: Attestor): Attestor[] {
  const { keys } = entry;
  const all = (keys?.publicKeys ?? '').trimEnd().split(/(?<=-----END PUBLIC KEY-----)/);
  return keys === undefined || all.length < 2 ? [entry] : all.map((publicKeys) => ({ ...entry, keys: { ...keys, publicKeys } }));
}

function publicKeysOf(pem: string): PublicKey[] {
  try {
    const { blocks } = parsePem(pem.trim());
    const [block, ...more] = blocks;
    if (block === undefined) throw unresolved('PEM decoding failed');
    if (more.length > 0) throw unresolved('there are several keys where one is meant');
    return [parsePublicKeyPem(encodePem(block.label, block.der))];
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw unresolved(`failed to load public key from PEM: pem to public key: ${error.message}`);
  }
}

function hashOf(name: string | undefined): HashName {
  const hash = given(name) ?? 'sha256';
  if (hash === 'sha256' || hash === 'sha384' || hash === 'sha512') return hash;
  if (hash === 'sha224') throw unresolved('signatures over SHA-224 are not verified; supported are sha256, sha384 and sha512');
  throw unresolved(`invalid signature algorithm provided ${quote(hash)}`);
}

async function rulesOf(
  { rekor, ctlog }: { readonly rekor?: Rekor | undefined; readonly ctlog?: CtLog | undefined },
  bundle: boolean,
  authorities: RootReference = 'default',
): Promise<Rules> {
  const ignoresLog = rekor?.ignoreTlog === true;
  const ignoresSct = ctlog?.ignoreSCT === true;
  const [logKey, ctKey, tsa] = [given(rekor?.pubkey), given(ctlog?.pubkey), given(ctlog?.tsaCertChain)];
  // Some observer must say when it was signed: without a log, a timestamp authority.
  const observed = bundle && ignoresLog && !ignoresSct;
  return {
    authorities,
    ctLogs: ctKey === undefined ? 'default' : await rootOf({ ctLogKeys: publicKeysOf(ctKey) }),
    logs: logKey === undefined ? 'default' : await rootOf({ logKeys: publicKeysOf(logKey) }),
    timestamps: tsa === undefined ? 'default' : await rootOf({ timestampCertificates: timestampChain(tsa) }),
    log: ignoresLog ? 'ignored' : 'required',
    ...(!ignoresLog && !bundle && { searchLog: { url: given(rekor?.url) ?? PUBLIC_REKOR } }),
    sct: ignoresSct ? 'ignored' : 'required',
    timestamp: tsa !== undefined || observed ? 'required' : 'optional',
  };
}

async function rootOf(parts: TrustParts): Promise<{ readonly root: TrustedRoot }> {
  return { root: await trustedRootOf(parts, nodeCrypto) };
}

function certificatesOf(pem: string, what: string): Certificate[] {
  const decoded = pem.includes('-----BEGIN') ? pem : (decodeUtf8(decodeBase64(pem.trim()) ?? new Uint8Array()) ?? '');
  const { blocks } = parsePem(decoded.trim());
  if (blocks.length === 0) throw unresolved(`failed to load ${what}: no certs found in pem file`);
  return blocks.map(({ der }) => Certificate.parse(der));
}

function timestampChain(pem: string): Certificate[] {
  const certificates = certificatesOf(pem, 'TSA certificates');
  if (certificates.length > MAX_INTERMEDIATES + 2)
    throw unresolved(`TSA certificate chain contains too many certificates (${certificates.length}), maximum allowed is ${MAX_INTERMEDIATES + 2}`);
  return certificates;
}

/** A certificate that is known stands for its key, once it chains to what it is said to chain to; a chain alone is an authority of its own. */
async function certificateSigner({ cert, certChain, rekor, ctlog }: NonNullable<Attestor['certificates']>, hash: HashName, bundle: boolean): Promise<Signer> {
  const chain = given(certChain) === undefined ? [] : certificatesOf(certChain ?? '', 'certificate chain');
  if (chain.length > MAX_INTERMEDIATES + 1) throw unresolved(`certificate chain too long (${chain.length}), maximum allowed is ${MAX_INTERMEDIATES + 1}`);
  if (given(cert) === undefined) {
    if (chain.length === 0) throw unresolved('cert or certChain required');
    const anyone: TextPattern = { kind: 'wildcard', pattern: '*' };
    const who: Who = { kind: 'identities', identities: [{ subject: anyone, issuer: anyone }] };
    return { who, rules: await rulesOf({ rekor, ctlog }, bundle, await rootOf({ authorityCertificates: chain })) };
  }
  const [certificate] = certificatesOf(cert ?? '', `certificate from ${quote(cert ?? '')}`);
  if (certificate === undefined) throw unresolved('failed to load certificate');
  const rules = await rulesOf({ rekor, ctlog }, bundle);
  if (chain.length > 0) await checkChain(certificate, chain, rules);
  return { who: { kind: 'keys', keys: [certificate.publicKey], hashes: [hash] }, rules };
}

async function checkChain(certificate: Certificate, chain: readonly Certificate[], { sct }: Rules): Promise<void> {
  const failed = (says: string) => unresolved(`failed to load validate certificate chain: ${says}`);
  const { certificateAuthorities } = await trustedRootOf({ authorityCertificates: chain }, nodeCrypto);
  const paths = await Promise.all(certificateAuthorities.map((authority) => buildPath(nodeCrypto, certificate, authority, OID.codeSigning)));
  if (!paths.some((result) => 'path' in result)) throw failed(paths.flatMap((result) => ('problem' in result ? [result.problem.says] : [])).join('; '));
  // Of a certificate that stands in a policy nobody asks again whether it was published, so that it would have to be shown here.
  if (sct === 'required')
    throw failed('certificate does not include required embedded SCT and no detached SCT was set; set ctlog.ignoreSCT for a certificate of your own');
}

function identityOf({ subject, subjectRegExp, issuer, issuerRegExp, additionalExtensions = {} }: NonNullable<Attestor['keyless']>): IdentityPattern {
  const issuers = [...patterns(issuer, issuerRegExp)];
  const extensions: Partial<Record<keyof NonNullable<IdentityPattern['extensions']>, TextPattern>> = {};
  for (const [name, pattern] of Object.entries(additionalExtensions)) {
    const known = EXTENSIONS[name];
    if (known === undefined) throw unresolved(`invalid certificate extension ${quote(name)}`);
    if (known === 'oidcIssuer') issuers.push({ kind: 'wildcard', pattern });
    else extensions[known] = { kind: 'wildcard', pattern };
  }
  return { subject: joined('either', patterns(subject, subjectRegExp)), issuer: joined('both', issuers), extensions };
}

function patterns(wildcard: string | undefined, regexp: string | undefined): TextPattern[] {
  const [pattern, expression] = [given(wildcard), given(regexp)];
  return [
    ...(pattern === undefined ? [] : [{ kind: 'wildcard', pattern } as const]),
    ...(expression === undefined ? [] : [{ kind: 'regexp', pattern: expression, mode: 'search' } as const]),
  ];
}

function joined(kind: 'both' | 'either', of: readonly TextPattern[]): TextPattern {
  const [first, ...more] = of;
  if (first === undefined) return { kind: 'wildcard', pattern: '*' };
  return more.length === 0 ? first : { kind, of };
}

export function given(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

function unresolved(says: string): TrustError {
  return new TrustError('POLICY_UNRESOLVED', says);
}

/** By name, and by number: the six that Fulcio had first. */
const EXTENSIONS: Readonly<Record<string, keyof NonNullable<IdentityPattern['extensions']> | 'oidcIssuer'>> = {
  oidcIssuer: 'oidcIssuer',
  githubWorkflowTrigger: 'githubWorkflowTrigger',
  githubWorkflowSha: 'githubWorkflowSha',
  githubWorkflowName: 'githubWorkflowName',
  githubWorkflowRepository: 'githubWorkflowRepository',
  githubWorkflowRef: 'githubWorkflowRef',
  '1.3.6.1.4.1.57264.1.1': 'oidcIssuer',
  '1.3.6.1.4.1.57264.1.2': 'githubWorkflowTrigger',
  '1.3.6.1.4.1.57264.1.3': 'githubWorkflowSha',
  '1.3.6.1.4.1.57264.1.4': 'githubWorkflowName',
  '1.3.6.1.4.1.57264.1.5': 'githubWorkflowRepository',
  '1.3.6.1.4.1.57264.1.6': 'githubWorkflowRef',
};

const NO_NOTARY = 'verification of type Notary is not supported: Assay verifies Sigstore signatures';
const PUBLIC_REKOR = 'https://rekor.sigstore.dev';
const MAX_INTERMEDIATES = 10;
