/**
 * Native policies as ClusterImagePolicies of v1alpha1. All policies that cover an image must let it in, and of a policy any authority is enough: so each list
 * of `atomsOf` is a policy of its own.
 */
import { defaultScheme, PREDICATE_TYPES, parsePublicKeyPem } from '@assay/core';
import { parseSourceRepository } from '@assay/slsa';
import { textOf } from '../native/demand.ts';
import { split, withHost } from '../native/image-pattern.ts';
import { escapeRe2 } from '../native/re2-text.ts';
import type { NativeDocument, NativeSigner, NativeSpec, NativeTrust } from '../native/schema.ts';
import { identityOf, mergedTrust, type PolicyFiles } from '../native/signers.ts';
import { type Atom, atomsOf, type EvidenceAtom } from './atoms.ts';
import type { Losses } from './loss.ts';
import { plain, searchOf } from './pattern.ts';
import { regoOf } from './rego.ts';

export type Manifest = Readonly<Record<string, unknown>>;

/** To be written as YAML. Errors: `USAGE`; those of reading keys. */
export function toClusterImagePolicies({ metadata, spec }: NativeDocument, files: PolicyFiles, losses: Losses): readonly Manifest[] {
  const lists = atomsOf(spec);
  const whole = asOneAuthority(lists, files, losses);
  const authorities = whole === undefined ? lists.map((list) => list.flatMap((atom) => authoritiesOf(atom, files, losses))) : [[whole]];
  const common = { images: globsOf(spec, losses), ...matchOf(spec, losses), ...(spec.mode === 'warn' && { mode: 'warn' }) };
  if (spec.exceptions !== undefined) losses.stricter('spec.exceptions', 'there are none: these images are not let in');
  return authorities.map((of, i) => ({
    apiVersion: 'policy.sigstore.dev/v1alpha1',
    kind: 'ClusterImagePolicy',
    metadata: { name: i === 0 ? metadata.name : `${metadata.name}-${i + 1}` },
    spec: { ...common, authorities: of },
  }));
}

function globsOf({ images, exclude }: NativeSpec, losses: Losses): readonly Manifest[] {
  if (exclude !== undefined) losses.weaker('spec.exclude', 'nothing is excluded: these images are judged by the policy too');
  return (images ?? ['**']).flatMap(globs).map((glob) => ({ glob }));
}

/** Images go by their digest there, and in the tester by a tag. */
function globs(pattern: string): readonly string[] {
  const { repository, digest } = split(pattern);
  const name = withHost(repository);
  if (digest !== undefined) return [`${name}@${digest}`];
  return name.endsWith('*') ? [name] : [`${name}@*`, `${name}:*`];
}

function matchOf({ match }: NativeSpec, losses: Losses): Manifest {
  if (match === undefined) return {};
  const { kinds = Object.keys(RESOURCES), namespaces, labels } = match;
  if (namespaces !== undefined) losses.weaker('spec.match.namespaces', 'a policy is for all namespaces there: images of other namespaces are judged by it too');
  if (match.kinds === undefined && labels === undefined) return {};
  const selector = labels === undefined ? {} : { selector: { matchLabels: labels } };
  return { match: kinds.map((kind) => ({ ...RESOURCES[kind], version: '*', ...selector })) };
}

const RESOURCES: Readonly<Record<string, { readonly group: string; readonly resource: string }>> = {
  Pod: { group: '', resource: 'pods' },
  ReplicaSet: { group: 'apps', resource: 'replicasets' },
  Deployment: { group: 'apps', resource: 'deployments' },
  StatefulSet: { group: 'apps', resource: 'statefulsets' },
  DaemonSet: { group: 'apps', resource: 'daemonsets' },
  Job: { group: 'batch', resource: 'jobs' },
  CronJob: { group: 'batch', resource: 'cronjobs' },
};

/** Several attestations of the same signer are what one authority can ask for. */
function asOneAuthority(lists: readonly (readonly Atom[])[], files: PolicyFiles, losses: Losses): Manifest | undefined {
  const atoms = lists.flatMap((list) => (list.length === 1 ? list : []));
  const [first] = atoms;
  if (first?.kind !== 'attested' || lists.length < 2 || atoms.length !== lists.length) return undefined;
  const who = ({ signers, trust, from }: EvidenceAtom) => JSON.stringify([signers, trust, from]);
  const attested = atoms.flatMap((atom) => (atom.kind === 'attested' && who(atom) === who(first) ? [atom] : []));
  if (attested.length !== atoms.length || groupsOf(first).length !== 1) return undefined;
  const authorities = attested.flatMap((atom) => authoritiesOf(atom, files, losses));
  const all = authorities.flatMap(({ attestations }) => attestations as readonly Manifest[]);
  return { ...authorities[0], attestations: all.map((one, i) => ({ ...one, name: `${one['name']}-${i + 1}` })) };
}

function authoritiesOf(atom: Atom, files: PolicyFiles, losses: Losses): readonly Manifest[] {
  if (atom.kind === 'decision') return [{ static: { action: atom.admits ? 'pass' : 'fail', ...(atom.message !== undefined && { message: atom.message }) } }];
  if (atom.maxAge !== undefined) losses.weaker(`${atom.path}.maxAge`, 'evidence of any age is enough');
  const signers = atom.kind === 'built' && atom.signers.length === 0 ? { ...atom, signers: [jobsOf(atom.build.source)] } : atom;
  return groupsOf(signers).flatMap((group) => {
    const base = { ...signerOf(group, atom.path, files, losses), ...sourceOf(atom) };
    return demandsOf(atom, files, losses).map((demand) => ({ ...base, ...demand }));
  });
}

/** Any of them is enough. */
function demandsOf(atom: EvidenceAtom, files: PolicyFiles, losses: Losses): readonly Manifest[] {
  if (atom.kind === 'signed') {
    if (atom.annotations !== undefined) losses.weaker(`${atom.path}.annotations`, 'what was signed with the image is not asked for');
    return [{}];
  }
  if (atom.kind === 'attested') return [{ attestations: [attestationOf(atom, files, losses)] }];
  losses.weaker(atom.path, 'from what and by whom it was built is not asked for: any provenance of these signers is enough');
  return PROVENANCE.map((predicateType) => ({ attestations: [{ name: 'provenance', predicateType }] }));
}

const PROVENANCE = ['https://slsa.dev/provenance/v1', 'https://slsa.dev/provenance/v0.2'];

function attestationOf({ attestation, path }: EvidenceAtom & { readonly kind: 'attested' }, files: PolicyFiles, losses: Losses): Manifest {
  const { type, where, cue, rego } = attestation;
  const policies = [
    ...(cue === undefined ? [] : [{ type: 'cue', data: textOf(cue, '.cue', files) }]),
    ...(rego === undefined ? [] : [{ type: 'rego', data: textOf(rego, '.rego', files) }]),
    ...(where === undefined ? [] : [{ type: 'rego', data: regoOf(where) }]),
  ];
  if (policies.length > 1) losses.weaker(path, 'one condition is asked for there: of cue, rego and where only the first is left');
  const [policy] = policies;
  const predicateType = PREDICATE_TYPES.get(type) ?? type;
  return { name: type.replace(/^.*\/(?=.)/s, '').replace(/[^A-Za-z0-9-]+/g, '-') || 'attestation', predicateType, ...(policy !== undefined && { policy }) };
}

function sourceOf({ from: { repository, tagPrefix } }: EvidenceAtom): Manifest {
  if (repository === undefined && tagPrefix === undefined) return {};
  return { source: [{ ...(repository !== undefined && { oci: repository }), ...(tagPrefix !== undefined && { tagPrefix }) }] };
}

interface Group {
  readonly trust: NativeTrust;
  readonly signers: readonly NativeSigner[];
}

/** Identities under the same trust are one authority. A key is always one: of several in an authority, each would have to sign attestations. */
function groupsOf({ signers, trust }: Pick<EvidenceAtom, 'signers' | 'trust'>): readonly Group[] {
  const groups = new Map<string, { trust: NativeTrust; signers: NativeSigner[] }>();
  for (const [i, signer] of signers.entries()) {
    const own = mergedTrust(trust, signer.trust);
    const name = signer.key === undefined ? JSON.stringify(Object.entries(own).sort()) : `key ${i}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { trust: own, signers: [signer] });
    else group.signers.push(signer);
  }
  return [...groups.values()];
}

function signerOf({ trust, signers }: Group, path: string, files: PolicyFiles, losses: Losses): Manifest {
  const [first] = signers;
  if (trust.file !== undefined)
    losses.weaker(`${path}.trust.file`, 'a root is named there, and not given: the default one is used; make a TrustRoot of it and name that');
  if (first?.key !== undefined) return { key: keyOf(first, files), ...logOfKey(trust), ...timestampOf(trust, path, losses) };
  const keyless = {
    url: 'https://fulcio.sigstore.dev',
    identities: signers.map((signer) => identity(signer, path, losses)),
    ...(trust.root !== undefined && { trustRootRef: trust.root }),
    ...(trust.sct === 'ignored' && { insecureIgnoreSCT: true }),
  };
  return { keyless, ...logOfIdentities(trust), ...timestampOf(trust, path, losses) };
}

function keyOf({ key = '', hash }: NativeSigner, files: PolicyFiles): Manifest {
  const data = key.includes('-----BEGIN') ? key : new TextDecoder().decode(files.read(key));
  const scheme = defaultScheme(parsePublicKeyPem(data));
  // There a key signs with SHA-256 unless it says otherwise.
  const needed = hash ?? ('hash' in scheme ? scheme.hash : 'sha256');
  return { data, ...(needed !== 'sha256' && { hashAlgorithm: needed }) };
}

function identity(signer: NativeSigner, path: string, losses: Losses): Manifest {
  const { subject, issuer, extensions = {} } = identityOf(signer);
  const [name, vouching] = [plain(subject), plain(issuer)];
  if (name.hadTag || vouching.hadTag) losses.weaker(`${path}.signers`, '{tag} is not known there: any tag is enough');
  if (Object.keys(extensions).length > 0) {
    losses.weaker(`${path}.signers`, 'which repository was built is not asked for, but only which workflow has signed: another repository may have called it');
  }
  return {
    ...(vouching.exact === undefined ? { issuerRegExp: searchOf(vouching.whole ?? '') } : { issuer: vouching.exact }),
    ...(name.exact === undefined ? { subjectRegExp: searchOf(name.whole ?? '') } : { subject: name.exact }),
  };
}

function logOfKey({ root, log, timestamp }: NativeTrust): Manifest {
  if (log === 'ignored' || timestamp === 'required') return {};
  return { ctlog: root === undefined ? { url: PUBLIC_LOG } : { trustRootRef: root } };
}

/** Identities of the public instance are on record unless a log is named that is none; those of others need not be. */
function logOfIdentities({ root, log, timestamp }: NativeTrust): Manifest {
  if (timestamp === 'required') return {};
  if (root === undefined) return log === 'ignored' ? { ctlog: {} } : {};
  return log === 'ignored' ? {} : { ctlog: { trustRootRef: root } };
}

function timestampOf({ root, log, timestamp }: NativeTrust, path: string, losses: Losses): Manifest {
  if (timestamp !== 'required') return {};
  if (root === undefined) {
    losses.weaker(`${path}.trust.timestamp`, 'timestamp authorities are those of a named TrustRoot there: none is asked for');
    return {};
  }
  if (log !== 'ignored') losses.weaker(`${path}.trust.log`, 'a timestamp stands for the log there: none is asked for');
  return { rfc3161timestamp: { trustRootRef: root } };
}

/** Workflows of the source, and of the SLSA project's generators. */
function jobsOf(source: string): NativeSigner {
  const { host, path, forge } = parseSourceRepository(source);
  const subjectPattern =
    forge?.name === 'GitHub'
      ? `https://${escapeRe2(host)}/(?:${escapeRe2(path)}|slsa-framework/slsa-github-generator)/\\.github/workflows/.*`
      : `https://${escapeRe2(host)}/${escapeRe2(path)}//.*`;
  return { issuer: forge?.issuer ?? '', subjectPattern };
}

const PUBLIC_LOG = 'https://rekor.sigstore.dev';
