/** Rules of Kyverno over images as native policies: one for each block of `verifyImages`. */
import { encodePem, isTrustError, parsePem } from '@assay/core';
import { converted } from '../kyverno/deprecated.ts';
import { nestedSet } from '../kyverno/nested-set.ts';
import type { KyvernoPolicy } from '../kyverno/policy.ts';
import type { Attestation, Attestor, AttestorSet, ImageVerification, MatchResources, Rule } from '../kyverno/types.ts';
import { problemOfPattern } from '../native/image-pattern.ts';
import {
  API_VERSION,
  KIND,
  type NativeAttestation,
  type NativeDemands,
  type NativeDocument,
  type NativeMatch,
  type NativeSigner,
  type NativeTrust,
} from '../native/schema.ts';
import type { Losses } from './loss.ts';
import { wholeOf, wholeOfWildcard } from './pattern.ts';

export function fromKyverno(policy: KyvernoPolicy, losses: Losses): readonly NativeDocument[] {
  const blocks = policy.rules.flatMap(({ kind, rule }, i) => {
    if (kind !== 'verifyImages') losses.weaker(`spec.rules[${i}]`, 'rules of other kinds cannot be said');
    return (rule.verifyImages ?? []).map((block, j) => ({ rule, block, path: `spec.rules[${i}].verifyImages[${j}]`, rulePath: `spec.rules[${i}]` }));
  });
  return blocks.map(({ rule, block, path, rulePath }, i) => {
    const match = matchOf(rule, rulePath, policy, losses);
    const action = block.failureAction ?? policy.spec.validationFailureAction ?? 'Audit';
    return {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: i === 0 ? policy.name : `${policy.name}-${i + 1}` },
      spec: {
        ...imagesOf(block, path, losses),
        ...(match !== undefined && { match }),
        ...demandsOf(block, path, losses),
        ...(action.toLowerCase() === 'audit' && { mode: 'warn' as const }),
      },
    };
  });
}

function imagesOf(block: ImageVerification, path: string, losses: Losses): { images?: string[]; exclude?: string[] } {
  const { imageReferences } = converted(block);
  const images = [...new Set(imageReferences.flatMap((reference, i) => patternsOf(reference, `${path}.imageReferences[${i}]`, losses)))];
  const exclude = [...new Set((block.skipImageReferences ?? []).flatMap((reference, i) => patternsOf(reference, `${path}.skipImageReferences[${i}]`, losses)))];
  if ((block.skipImageReferences ?? []).length > 0) losses.weaker(`${path}.skipImageReferences`, 'whole repositories are excluded, whatever the tag');
  return { ...(!images.includes('**') && images.length > 0 && { images }), ...(exclude.length > 0 && { exclude }) };
}

/** A star crosses slashes there, and tags are a part of the name. */
function patternsOf(reference: string, path: string, losses: Losses): readonly string[] {
  if (reference.includes('?')) losses.stricter(path, 'a question mark is one character there: a star stands for it');
  const starred = reference.replaceAll('?', '*').replace(/\*+/g, '**');
  const at = starred.indexOf('@');
  const named = at < 0 ? starred : starred.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && tag !== '**') losses.stricter(path, `what is written covers all of ${repository}, whatever the tag`);
  const digest = at < 0 ? '**' : starred.slice(at + 1);
  const exactDigest = /^sha256:[\da-f]{64}$/.test(digest);
  const pattern = `${repository}${exactDigest ? `@${digest}` : ''}`;
  if (problemOfPattern(pattern) !== undefined) {
    losses.stricter(path, 'the pattern cannot be said: every image is covered');
    return ['**'];
  }
  const library = /^docker\.io\/([^/]+)$/.exec(repository)?.[1];
  return library === undefined || library.includes('*') ? [pattern] : [pattern, `docker.io/library/${library}${exactDigest ? `@${digest}` : ''}`];
}

function matchOf(rule: Rule, path: string, policy: KyvernoPolicy, losses: Losses): NativeMatch | undefined {
  for (const name of ['exclude', 'preconditions', 'celPreconditions', 'context', 'imageExtractors'] as const) {
    if (isThere(rule[name])) losses.stricter(`${path}.${name}`, 'what it leaves out is judged too');
  }
  const resources = onlyFilter(rule.match);
  if (resources === undefined) losses.stricter(`${path}.match`, 'objects cannot be chosen like this: those of every kind are judged');
  const match = { ...resourceMatch(resources ?? {}, path, policy, losses), ...(policy.kind === 'Policy' && { namespaces: [policy.namespace] }) };
  return Object.keys(match).length > 0 ? match : undefined;
}

function resourceMatch({ kinds, namespaces, selector, ...others }: Resources, path: string, { annotations }: KyvernoPolicy, losses: Losses): NativeMatch {
  for (const [name, value] of Object.entries(others)) {
    if (isThere(value) && name !== 'operations') losses.stricter(`${path}.match.${name}`, 'what it leaves out is judged too');
  }
  if ((selector?.matchExpressions ?? []).length > 0) {
    losses.stricter(`${path}.match.selector.matchExpressions`, 'labels are compared exactly: objects without these are judged too');
  }
  const known = (kinds ?? []).map((one) => one.split('/').at(-1) ?? '').filter((one): one is Kind => KINDS.includes(one as Kind));
  // A rule over pods is one over whatever makes pods, unless an annotation says otherwise.
  const isForAll = known.length === 0 || (known.includes('Pod') && annotations[AUTOGEN] === undefined);
  const labels = selector?.matchLabels ?? {};
  return {
    ...(!isForAll && { kinds: known }),
    ...((namespaces ?? []).length > 0 && { namespaces: [...(namespaces ?? [])] }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

type Resources = NonNullable<MatchResources['resources']>;

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

type Kind = NonNullable<NativeMatch['kinds']>[number];
const KINDS: readonly Kind[] = ['Pod', 'ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'];
const AUTOGEN = 'pod-policies.kyverno.io/autogen-controllers';

/** Undefined: there are several, or they ask for more than resources. */
function onlyFilter({ any, all, resources, ...who }: MatchResources) {
  if (Object.values(who).some((value) => value !== undefined && value !== null)) return undefined;
  const filters = [...(any ?? []), ...(all ?? [])];
  if (filters.length === 0) return resources ?? undefined;
  const [first, ...more] = filters;
  const asks = [first?.roles, first?.clusterRoles, first?.subjects].some((value) => value !== undefined && value !== null);
  return more.length > 0 || asks || (resources !== undefined && resources !== null) ? undefined : (first?.resources ?? undefined);
}

function demandsOf(block: ImageVerification, path: string, losses: Losses): NativeDemands & { all?: NativeDemands[] } {
  if (block.type === 'Notary') {
    losses.stricter(`${path}.type`, 'Notary is not verified: nothing is let in');
    return { decision: 'deny' };
  }
  if (block.validate?.deny !== undefined && block.validate.deny !== null) losses.weaker(`${path}.validate.deny`, 'is not asked for');
  const { attestors, attestations } = converted(block);
  const parts = [
    ...attestors.flatMap((set, i) => partsOf(set, { block, path: `${path}.attestors[${i}]`, losses })),
    ...attestations.flatMap((attestation, i) => attested(attestation, { block, path: `${path}.attestations[${i}]`, losses })),
  ];
  const [first] = parts;
  if (first === undefined) {
    losses.weaker(path, 'nobody is demanded to have signed, but only a digest: whatever it covers is let in');
    return { decision: 'admit' };
  }
  return parts.length === 1 ? first : { all: parts };
}

interface Within {
  readonly block: ImageVerification;
  readonly path: string;
  readonly losses: Losses;
}

/** All of them are demanded. */
function partsOf(set: AttestorSet, within: Within): readonly NativeDemands[] {
  const entries = (set.entries ?? []).flatMap(withEachKey);
  const count = set.count ?? entries.length;
  if (count > 1 && count < entries.length) {
    within.losses.stricter(`${within.path}.count`, `some of several cannot be demanded: all ${entries.length} must have signed`);
  }
  if (count >= 2 || entries.length === 1) return entries.flatMap((entry, i) => entryParts(entry, { ...within, path: `${within.path}.entries[${i}]` }));
  return [
    joined(
      entries.map((entry, i) => ({ entry, path: `${within.path}.entries[${i}]` })),
      within,
    ),
  ];
}

function entryParts(entry: Attestor, within: Within): readonly NativeDemands[] {
  if (entry.attestor === undefined || entry.attestor === null) return [joined([{ entry, path: within.path }], within)];
  const nested = nestedSet(entry.attestor, 0);
  if ('set' in nested) return partsOf(nested.set, { ...within, path: `${within.path}.attestor` });
  within.losses.stricter(within.path, 'the set cannot be read: nothing satisfies it');
  return [{ decision: 'deny' }];
}

/** Any of them is enough. */
function joined(entries: readonly { readonly entry: Attestor; readonly path: string }[], { block, losses }: Within): NativeDemands {
  const known = entries.flatMap(({ entry, path }) => {
    const signer = signerOf(entry, path, losses);
    return signer === undefined ? [] : signer.map((one) => ({ signer: one, entry, path }));
  });
  const [first] = known;
  if (first === undefined) return { decision: 'deny' };
  const of = ({ entry }: { readonly entry: Attestor }) => ({
    annotations: entry.annotations ?? block.annotations,
    repository: entry.repository ?? block.repository,
  });
  const { annotations, repository } = of(first);
  for (const one of known) {
    if (JSON.stringify(of(one)) !== JSON.stringify(of(first))) losses.weaker(one.path, 'annotations and repository of the first entry are those of all');
  }
  return {
    signers: known.map(({ signer }) => signer),
    ...(annotations !== undefined && Object.keys(annotations).length > 0 && { annotations }),
    ...(repository !== undefined && repository !== '' && { from: { repository } }),
  };
}

function withEachKey(entry: Attestor): readonly Attestor[] {
  const { keys } = entry;
  const pem = keys?.publicKeys;
  if (keys === undefined || pem === undefined || !pem.includes('-----BEGIN')) return [entry];
  try {
    return parsePem(pem.trim()).blocks.map(({ label, der }) => ({ ...entry, keys: { ...keys, publicKeys: encodePem(label, der) } }));
  } catch (error) {
    if (isTrustError(error)) return [entry];
    throw error;
  }
}

/** Undefined: it cannot be said, and nothing satisfies it. */
function signerOf({ keys, certificates, keyless, attestor }: Attestor, path: string, losses: Losses): readonly NativeSigner[] | undefined {
  const leave = (where: string, says: string): undefined => {
    losses.stricter(`${path}.${where}`, `${says}: nothing satisfies it`);
    return undefined;
  };
  if (certificates !== undefined) return leave('certificates', 'certificates of a policy cannot be said');
  if (attestor !== undefined) return leave('attestor', 'a set of which one is enough cannot hold another');
  if (keys !== undefined) {
    const { publicKeys, signatureAlgorithm: hash } = keys;
    if (publicKeys === undefined || !publicKeys.includes('-----BEGIN')) return leave('keys', 'the key is not in the policy');
    const trust = trustOf(keys, `${path}.keys`, losses, 'key');
    return [{ key: publicKeys, ...((hash === 'sha384' || hash === 'sha512') && { hash }), ...(Object.keys(trust).length > 0 && { trust }) }];
  }
  if (keyless === undefined) return leave('', 'nobody is named');
  return keylessSigners(keyless, `${path}.keyless`, losses);
}

/** Either form of the subject is enough, and both of the issuer must hold. */
function keylessSigners(keyless: NonNullable<Attestor['keyless']>, path: string, losses: Losses): readonly NativeSigner[] {
  const { issuer, issuerRegExp, subject, subjectRegExp, additionalExtensions, roots } = keyless;
  if (Object.keys(additionalExtensions ?? {}).length > 0)
    losses.weaker(`${path}.additionalExtensions`, 'is not asked for; say it with github, tag and branch instead');
  if (given(roots)) losses.weaker(`${path}.roots`, "the root is public Sigstore's, or one that trust names");
  if (given(issuer) && given(issuerRegExp)) losses.weaker(`${path}.issuerRegExp`, 'the issuer has one form: the other is not asked for');
  const trust = trustOf(keyless, path, losses, 'certificate');
  const vouching = given(issuer) ? named('issuer', issuer) : { issuerPattern: given(issuerRegExp) ? wholeOf(issuerRegExp) : ANYONE };
  const names = [...(given(subject) ? [named('subject', subject)] : []), ...(given(subjectRegExp) ? [{ subjectPattern: wholeOf(subjectRegExp) }] : [])];
  return (names.length === 0 ? [{ subjectPattern: ANYONE }] : names).map((name) => ({ ...vouching, ...name, ...(Object.keys(trust).length > 0 && { trust }) }));
}

function given(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

function named(name: 'issuer' | 'subject', text: string): NativeSigner {
  return /[*?]/.test(text) ? { [`${name}Pattern`]: wholeOfWildcard(text) } : { [name]: text };
}

function trustOf(
  { rekor, ctlog }: Pick<NonNullable<Attestor['keyless']>, 'rekor' | 'ctlog'>,
  path: string,
  losses: Losses,
  kind: 'key' | 'certificate',
): NativeTrust {
  if (given(rekor?.pubkey)) losses.weaker(`${path}.rekor.pubkey`, "logs are those of the root: public Sigstore's, or one that trust names");
  if (given(ctlog?.pubkey)) losses.weaker(`${path}.ctlog.pubkey`, "logs are those of the root: public Sigstore's, or one that trust names");
  if (given(ctlog?.tsaCertChain))
    losses.weaker(`${path}.ctlog.tsaCertChain`, "timestamp authorities are those of the root: public Sigstore's, or one that trust names");
  return {
    ...(rekor?.ignoreTlog === true && { log: 'ignored' as const }),
    ...(kind === 'certificate' && ctlog?.ignoreSCT === true && { sct: 'ignored' as const }),
    ...(given(ctlog?.tsaCertChain) && { timestamp: 'required' as const }),
  };
}

function attested({ type, predicateType, attestors, conditions }: Attestation, within: Within): readonly NativeDemands[] {
  const { path, losses } = within;
  if (conditions !== undefined && conditions !== null) losses.weaker(`${path}.conditions`, 'is not asked for; say it with where');
  const attestation: NativeAttestation = { type: given(type) ? type : predicateType };
  const sets = attestors ?? [];
  if (sets.length === 0) return [{ signers: [{ issuerPattern: ANYONE, subjectPattern: ANYONE, trust: { sct: 'ignored' } }], attestations: [attestation] }];
  const parts = sets.flatMap((set, i) => partsOf(set, { ...within, path: `${path}.attestors[${i}]` }));
  return parts.map((part) => {
    if (part.annotations !== undefined) losses.weaker(`${path}.attestors`, 'attestations have no annotations: they are not asked for');
    const { annotations: _, ...others } = part;
    return part.decision === undefined ? { ...others, attestations: [attestation] } : part;
  });
}

const ANYONE = '(?s:.*)';
