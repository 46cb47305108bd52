/** ClusterImagePolicies as native policies. */
import { encodePem, isTrustError, parsePem } from '@assay/core';
import type { Attestation, Authority, ClusterImagePolicy, Identity, LabelSelector, MatchResource } from '../cluster-image-policy/types.ts';
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
import { wholeOf } from './pattern.ts';

/** One for each selector of `match`. `policy`: defaulted and validated. */
export function fromClusterImagePolicy({ metadata, spec }: ClusterImagePolicy, losses: Losses): readonly NativeDocument[] {
  const images = [...new Set(spec.images.map(({ glob }, i) => patternOf(glob, `spec.images[${i}].glob`, losses)))];
  if (spec.policy !== undefined) losses.weaker('spec.policy', 'a condition over what all authorities have shown cannot be said: none is asked for');
  const demands = demandsOf(spec.authorities, losses);
  const matches = matchesOf(spec.match, losses);
  return matches.map((match, i) => ({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: i === 0 ? metadata.name : `${metadata.name}-${i + 1}` },
    spec: {
      ...(!(images.length === 1 && images[0] === '**') && { images }),
      ...(match !== undefined && { match }),
      ...demands,
      ...(spec.mode === 'warn' && { mode: 'warn' as const }),
    },
  }));
}

/** What a glob matches is the name of an image with its digest. */
function patternOf(glob: string, path: string, losses: Losses): string {
  const named = glob === '*' ? 'index.docker.io/library/*' : glob === '*/*' ? 'index.docker.io/*/*' : glob;
  const at = named.indexOf('@');
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const hasTag = colon >= 0 && (at < 0 || colon < at);
  const repository = hasTag ? named.slice(0, colon) : at < 0 ? named : named.slice(0, at);
  const digest = at < 0 || hasTag ? undefined : named.slice(at + 1);
  if (hasTag || (digest === undefined && !repository.endsWith('*'))) {
    losses.weaker(path, `the glob matches no image by its digest, as clusters name them; what is written covers all of ${repository}`);
    return repository;
  }
  if (digest === undefined || /^(?:\*+|sha256:\*+)$/.test(digest)) return repository;
  const pattern = `${repository}@${digest}`;
  if (problemOfPattern(pattern) === undefined) return pattern;
  losses.weaker(path, `digests like ${digest} cannot be said; what is written covers all of ${repository}`);
  return repository;
}

function demandsOf(authorities: readonly Authority[], losses: Losses): NativeDemands & { readonly any?: NativeDemands[] } {
  const blocks = authorities.flatMap((authority, i) => {
    const block = blockOf(authority, `spec.authorities[${i}]`, losses);
    return block === undefined ? [] : [block];
  });
  const [first] = blocks;
  if (first === undefined) return { decision: 'deny' };
  if (blocks.length === 1) return first;
  const together = oneBlock(blocks);
  return together ?? { any: blocks };
}

/** Signers alone stand in one list. */
function oneBlock(blocks: readonly NativeDemands[]): NativeDemands | undefined {
  const isPlain = blocks.every((block) => Object.keys(block).every((name) => name === 'signers' || name === 'trust'));
  if (!isPlain) return undefined;
  const signers = blocks.flatMap(({ signers: own = [], trust }) => own.map((signer) => ({ ...signer, ...(trust !== undefined && { trust }) })));
  return { signers };
}

/** Undefined: nothing satisfies it, so that it adds nothing to what is enough. */
function blockOf(authority: Authority, path: string, losses: Losses): NativeDemands | undefined {
  const {
    static: answer,
    source: [source],
    attestations,
  } = authority;
  if (answer !== undefined) return { decision: answer.action === 'pass' ? 'admit' : 'deny', ...(answer.message !== undefined && { message: answer.message }) };
  const signers = signersOf(authority, path, losses);
  if (signers === undefined) return undefined;
  const asked = attestations.map((attestation, i) => attestationOf(attestation, `${path}.attestations[${i}]`, losses));
  const known = asked.filter((one) => one !== undefined);
  if (known.length < asked.length) return undefined;
  const trust = trustOf(authority, path, losses);
  if ((source?.signaturePullSecrets.length ?? 0) > 0) {
    losses.stricter(`${path}.source[0].signaturePullSecrets`, 'evidence is read with the logins of the pod: what they may not read is not found');
  }
  const from = { ...(source?.oci !== undefined && { repository: source.oci }), ...(source?.tagPrefix !== undefined && { tagPrefix: source.tagPrefix }) };
  return {
    signers,
    ...(known.length > 0 && { attestations: known }),
    ...(Object.keys(trust).length > 0 && { trust }),
    ...(Object.keys(from).length > 0 && { from }),
  };
}

function signersOf({ key, keyless, attestations }: Authority, path: string, losses: Losses): NativeSigner[] | undefined {
  const leave = (what: string, says: string): undefined => {
    losses.stricter(`${path}.${what}`, `${says}: the authority is left out`);
    return undefined;
  };
  if (key !== undefined) {
    if (key.data === undefined) return leave(key.kms === undefined ? 'key.secretRef' : 'key.kms', 'the key is not in the policy');
    const pems = blocksOf(key.data);
    if (pems === undefined) return leave('key.data', 'the key cannot be read');
    const hash = key.hashAlgorithm?.trim().toLowerCase();
    if (hash === 'sha224') return leave('key.hashAlgorithm', 'sha224 is not verified');
    if (pems.length > 1 && attestations.length > 0)
      losses.weaker(`${path}.key.data`, 'each of the keys had to sign some attestation: now any of them is enough');
    return pems.map((pem) => ({ key: pem, ...((hash === 'sha256' || hash === 'sha384' || hash === 'sha512') && { hash }) }));
  }
  if (keyless === undefined) return leave('keyless', 'nobody is named');
  if (keyless.url === undefined) return leave('keyless.ca-cert', 'an authority with a certificate of its own lets nothing in');
  return keyless.identities.map(signerOf);
}

function blocksOf(data: string): readonly string[] | undefined {
  try {
    return parsePem(data).blocks.map(({ label, der }) => encodePem(label, der));
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

function signerOf({ issuer, subject, issuerRegExp, subjectRegExp }: Identity): NativeSigner {
  return {
    ...(issuer !== undefined ? { issuer } : { issuerPattern: wholeOf(issuerRegExp ?? '') }),
    ...(subject !== undefined ? { subject } : { subjectPattern: wholeOf(subjectRegExp ?? '') }),
  };
}

/** As admission.md 2.2 has it. */
function trustOf({ key, keyless, ctlog, rfc3161timestamp, signatureFormat }: Authority, path: string, losses: Losses): NativeTrust {
  const own = keyless?.trustRootRef;
  const stamped = rfc3161timestamp?.trustRootRef;
  const sct = keyless?.insecureIgnoreSCT === true ? { sct: 'ignored' as const } : {};
  const rootOf = (used: string | undefined, where: string): { root?: string } => {
    const isOther = key === undefined && used !== own;
    if (isOther) losses.weaker(`${path}.${where}`, `its root is another than that of the signer: ${own ?? 'the default one'} is used for both`);
    const root = key === undefined ? own : used;
    return root === undefined ? {} : { root };
  };
  if (stamped !== undefined || (signatureFormat === 'bundle' && rfc3161timestamp !== undefined)) {
    return { ...rootOf(stamped, 'rfc3161timestamp.trustRootRef'), log: 'ignored', timestamp: 'required', ...sct };
  }
  if (signatureFormat === 'bundle') return { ...rootOf(own, 'keyless.trustRootRef'), ...sct };
  if (ctlog?.url !== undefined) losses.stricter(`${path}.ctlog.url`, 'evidence must carry its record: a log is not asked for it');
  if (ctlog?.trustRootRef !== undefined) return { ...rootOf(ctlog.trustRootRef, 'ctlog.trustRootRef'), ...sct };
  if (ctlog?.url !== undefined) return { ...rootOf(undefined, 'ctlog.url'), ...sct };
  const isPublic = keyless !== undefined && own === undefined && ctlog === undefined;
  return { ...(own !== undefined && { root: own }), ...(!isPublic && { log: 'ignored' as const }), ...sct };
}

function attestationOf({ predicateType, policy }: Attestation, path: string, losses: Losses): NativeAttestation | undefined {
  if (policy === undefined || policy.type === '') return { type: predicateType };
  if (policy.data === undefined || (policy.type !== 'cue' && policy.type !== 'rego')) {
    losses.stricter(`${path}.policy`, 'its text is not in the policy: the authority is left out');
    return undefined;
  }
  if (RETYPED.has(predicateType)) {
    losses.weaker(`${path}.predicateType`, `by the short name ${predicateType} the condition saw the statement in an older form: now it sees what was signed`);
  }
  return { type: predicateType, [policy.type]: policy.data };
}

/** Read through fixed types, which add what is not there and drop what they do not know (admission.md 2.6). */
const RETYPED: ReadonlySet<string> = new Set(['vuln', 'slsaprovenance', 'link']);

/** Undefined: every object. */
function matchesOf(entries: readonly MatchResource[], losses: Losses): readonly (NativeMatch | undefined)[] {
  if (entries.length === 0) return [undefined];
  const groups = new Map<string, { kinds: Set<NonNullable<NativeMatch['kinds']>[number]>; labels: Readonly<Record<string, string>> }>();
  for (const [i, { group, version, resource, selector }] of entries.entries()) {
    const path = `spec.match[${i}]`;
    const [wanted, kind] = KINDS.get(resource) ?? [];
    if (kind === undefined || wanted !== group || version === '') {
      losses.stricter(path, 'it matches none of the objects that have images, and is left out');
      continue;
    }
    if (version !== '*') losses.weaker(`${path}.version`, 'objects of every version are judged');
    const labels = labelsOf(selector, path, losses);
    const name = JSON.stringify(Object.entries(labels).sort());
    const known = groups.get(name);
    if (known === undefined) groups.set(name, { kinds: new Set([kind]), labels });
    else known.kinds.add(kind);
  }
  return [...groups.values()].map(({ kinds, labels }) => ({ kinds: [...kinds], ...(Object.keys(labels).length > 0 && { labels }) }));
}

function labelsOf(selector: LabelSelector | undefined, path: string, losses: Losses): Readonly<Record<string, string>> {
  if (selector === undefined) return {};
  if (selector.matchExpressions.length > 0)
    losses.weaker(`${path}.selector.matchExpressions`, 'labels are compared exactly: objects without these are judged too');
  return Object.fromEntries(selector.matchLabels);
}

type Kind = NonNullable<NativeMatch['kinds']>[number];
const KINDS: ReadonlyMap<string, readonly [group: string, kind: Kind]> = new Map([
  ['pods', ['', 'Pod']],
  ['replicasets', ['apps', 'ReplicaSet']],
  ['deployments', ['apps', 'Deployment']],
  ['statefulsets', ['apps', 'StatefulSet']],
  ['daemonsets', ['apps', 'DaemonSet']],
  ['jobs', ['batch', 'Job']],
  ['cronjobs', ['batch', 'CronJob']],
]);
