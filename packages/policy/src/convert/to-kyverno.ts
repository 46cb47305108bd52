/** Native policies as a ClusterPolicy of Kyverno (`kyverno.io/v1`): every set of attestors and every attestation must hold, of a set as many as it counts. */
import { PREDICATE_TYPES } from '@assay/core';
import type { TextPattern } from '../model.ts';
import { textOf } from '../native/demand.ts';
import { split, withHost } from '../native/image-pattern.ts';
import { parsePath } from '../native/json-path.ts';
import type { NativeAttestation, NativeDocument, NativeSigner, NativeSpec, NativeTrust, NativeWhere } from '../native/schema.ts';
import { identityOf, mergedTrust, type PolicyFiles } from '../native/signers.ts';
import { type Atom, atomsOf, type EvidenceAtom } from './atoms.ts';
import type { Losses } from './loss.ts';
import { plain, searchOf } from './pattern.ts';
import type { Manifest } from './to-cluster-image-policy.ts';

/** To be written as YAML. Errors: `USAGE`; those of reading keys. */
export function toKyverno({ metadata, spec }: NativeDocument, files: PolicyFiles, losses: Losses): readonly Manifest[] {
  const isWarning = spec.mode === 'warn';
  const lists = atomsOf(spec).filter((list) => !list.some((atom) => atom.kind === 'decision' && atom.admits));
  if (spec.exceptions !== undefined) losses.stricter('spec.exceptions', 'there are none: these images are not let in');
  losses.stricter('spec', 'evidence in Sigstore bundles is not looked at; where it is stored as such, set type: SigstoreBundle');
  const blocks = lists.map((list) => listOf(list, files, losses));
  return [
    {
      apiVersion: 'kyverno.io/v1',
      kind: 'ClusterPolicy',
      metadata: { name: metadata.name },
      spec: {
        webhookTimeoutSeconds: 30,
        rules: [
          {
            name: 'verify-images',
            match: { any: [{ resources: resourcesOf(spec, losses) }] },
            verifyImages: blocks.map((block) => ({
              imageReferences: (spec.images ?? ['**']).flatMap((pattern, i) => references(pattern, `spec.images[${i}]`, losses)),
              ...(spec.exclude !== undefined && {
                skipImageReferences: spec.exclude.flatMap((pattern, i) => references(pattern, `spec.exclude[${i}]`, losses)),
              }),
              failureAction: isWarning ? 'Audit' : 'Enforce',
              ...(isWarning && { mutateDigest: false }),
              ...block,
            })),
          },
        ],
      },
    },
  ];
}

/** One star is any characters there, and names of Docker Hub have no `library/` put into them. */
function references(pattern: string, path: string, losses: Losses): readonly string[] {
  const { repository, digest } = split(pattern);
  const names = namesOf(withHost(repository));
  if (/(^|[^*])\*($|[^*])/.test(repository)) losses.stricter(path, `a star is any characters there, also /: ${repository} covers more`);
  const starred = names.map((name) => name.replaceAll('**', '*'));
  if (digest !== undefined) return starred.map((name) => `${name}@${digest}`);
  return starred.flatMap((name) => (name.endsWith('*') ? [name] : [`${name}:*`, `${name}@*`]));
}

function namesOf(name: string): readonly string[] {
  if (!name.startsWith('index.docker.io/')) return [name];
  const rest = name.slice('index.docker.io/'.length);
  return [`docker.io/${rest}`, ...(rest.startsWith('library/') ? [`docker.io/${rest.slice('library/'.length)}`] : [])];
}

/** Of pods, others follow by themselves. */
function resourcesOf({ match }: NativeSpec, losses: Losses): Manifest {
  const { kinds = ['Pod'], namespaces, labels } = match ?? {};
  if (labels !== undefined && Object.values(labels).some((value) => /[*?]/.test(value))) losses.stricter('spec.match.labels', 'stars are patterns there');
  return { kinds, ...(namespaces !== undefined && { namespaces }), ...(labels !== undefined && { selector: { matchLabels: labels } }) };
}

/** Any of its atoms was enough: of signatures, any can be said; of others, only one. */
function listOf(list: readonly Atom[], files: PolicyFiles, losses: Losses): Manifest {
  const evidence = list.filter((atom) => atom.kind !== 'decision');
  const [first] = evidence;
  if (first === undefined) {
    losses.weaker('spec.decision', 'a policy that lets nothing in cannot be said: it demands a digest, and nothing else');
    return { required: false };
  }
  const signed = evidence.filter((atom) => atom.kind === 'signed');
  if (signed.length === evidence.length) return { attestors: [anyOf(signed, files, losses)] };
  if (evidence.length > 1) losses.stricter(first.path, 'one of several attestations cannot be demanded: only this one is enough');
  if (first.kind === 'signed') return { attestors: [anyOf([first], files, losses)] };
  return { attestations: [attestationOf(first, files, losses)] };
}

function anyOf(atoms: readonly EvidenceAtom[], files: PolicyFiles, losses: Losses): Manifest {
  return { count: 1, entries: atoms.flatMap((atom) => atom.signers.map((signer) => entryOf(signer, atom, files, losses))) };
}

function attestationOf(atom: Exclude<EvidenceAtom, { readonly kind: 'signed' }>, files: PolicyFiles, losses: Losses): Manifest {
  if (atom.kind === 'built') {
    losses.weaker(atom.path, 'from what and by whom it was built is not asked for: any provenance of these signers is enough');
    losses.stricter(atom.path, 'of provenance, only version 1 is enough');
    const attestors = atom.signers.length === 0 ? {} : { attestors: [anyOf([atom], files, losses)] };
    return { type: 'https://slsa.dev/provenance/v1', ...attestors };
  }
  const { type } = atom.attestation;
  const conditions = conditionsOf(atom.attestation, atom.path, files, losses);
  if (conditions.length > 0) losses.stricter(`${atom.path}.where`, 'every statement of the type must hold: one was enough');
  return {
    type: PREDICATE_TYPES.get(type) ?? type,
    attestors: [anyOf([atom], files, losses)],
    ...(conditions.length > 0 && { conditions: [{ all: conditions }] }),
  };
}

function conditionsOf({ where = [], cue, rego }: NativeAttestation, path: string, files: PolicyFiles, losses: Losses): readonly Manifest[] {
  for (const [name, text] of [
    ['cue', cue],
    ['rego', rego],
  ] as const) {
    if (text === undefined) continue;
    textOf(text, `.${name}`, files);
    losses.weaker(`${path}.${name}`, 'conditions are comparisons of values there: this one is not asked for');
  }
  return where.flatMap((one, i) => conditionOf(one, `${path}.where[${i}]`, losses));
}

function conditionOf({ path, equals, in: values, matches, atLeast, atMost, exists }: NativeWhere, where: string, losses: Losses): readonly Manifest[] {
  const [root, ...steps] = parsePath(path) ?? [];
  if (root !== 'predicate' || steps.length === 0) {
    losses.weaker(where, 'only what lies in the predicate can be compared: this is not asked for');
    return [];
  }
  const expression = steps.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${JSON.stringify(step)}`)).join('');
  const key = `{{ ${expression} }}`;
  if (matches !== undefined || exists !== undefined) losses.weaker(where, 'matches and exists are not asked for');
  return [
    ...(equals === undefined ? [] : [{ key, operator: 'Equals', value: equals }]),
    ...(values === undefined ? [] : [{ key, operator: 'AnyIn', value: values }]),
    ...(atLeast === undefined ? [] : [{ key, operator: 'GreaterThanOrEquals', value: atLeast }]),
    ...(atMost === undefined ? [] : [{ key, operator: 'LessThanOrEquals', value: atMost }]),
  ];
}

function entryOf(signer: NativeSigner, atom: EvidenceAtom, files: PolicyFiles, losses: Losses): Manifest {
  const trust = mergedTrust(atom.trust, signer.trust);
  if (atom.maxAge !== undefined) losses.weaker(`${atom.path}.maxAge`, 'evidence of any age is enough');
  if (atom.from.tagPrefix !== undefined) losses.stricter(`${atom.path}.from.tagPrefix`, 'tags of evidence have no prefix there: what has one is not found');
  const rules = rulesOf(trust, atom.path, signer.key === undefined, losses);
  return {
    ...(signer.key === undefined ? { keyless: { ...keylessOf(signer, atom.path, losses), ...rules } } : { keys: { ...keysOf(signer, files), ...rules } }),
    ...(atom.kind === 'signed' && atom.annotations !== undefined && { annotations: atom.annotations }),
    ...(atom.from.repository !== undefined && { repository: atom.from.repository }),
  };
}

function keysOf({ key = '', hash }: NativeSigner, files: PolicyFiles): Manifest {
  const publicKeys = key.includes('-----BEGIN') ? key : new TextDecoder().decode(files.read(key));
  return { publicKeys, ...(hash !== undefined && hash !== 'sha256' && { signatureAlgorithm: hash }) };
}

/** Names are patterns with stars there, so that a text that holds one is said as a pattern. */
function keylessOf(signer: NativeSigner, path: string, losses: Losses): Manifest {
  const { subject, issuer, extensions = {} } = identityOf(signer);
  const text = (name: 'subject' | 'issuer', pattern: TextPattern): Manifest => {
    const { exact, whole, hadTag } = plain(pattern);
    if (hadTag) losses.weaker(`${path}.signers`, '{tag} is not known there: any tag is enough');
    if (exact !== undefined && !/[*?]/.test(exact)) return { [name]: exact };
    return { [`${name}RegExp`]: searchOf(whole ?? exact?.replace(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`) ?? '') };
  };
  const additionalExtensions = extensionsOf(signer, Object.keys(extensions).length > 0, path, losses);
  return { ...text('subject', subject), ...text('issuer', issuer), ...(additionalExtensions !== undefined && { additionalExtensions }) };
}

/** Those that Fulcio had first, as GitHub's certificates have them still. */
function extensionsOf(
  { github, tag, branch, ref }: NativeSigner,
  isForge: boolean,
  path: string,
  losses: Losses,
): Readonly<Record<string, string>> | undefined {
  if (!isForge) return undefined;
  if (github === undefined) {
    losses.weaker(`${path}.signers`, 'which project was built is not asked for, but only which pipeline has signed');
    return undefined;
  }
  const wanted = ref ?? (tag === undefined ? branch && `refs/heads/${branch}` : `refs/tags/${tag}`);
  return { githubWorkflowRepository: github, ...(wanted !== undefined && { githubWorkflowRef: wanted.replaceAll('{tag}', '*') }) };
}

function rulesOf({ root, file, log, sct, timestamp }: NativeTrust, path: string, isKeyless: boolean, losses: Losses): Manifest {
  if (root !== undefined || file !== undefined)
    losses.weaker(`${path}.trust`, "the root is public Sigstore's, unless roots, rekor.pubkey and ctlog.pubkey are given: they are not");
  if (timestamp === 'required') losses.weaker(`${path}.trust.timestamp`, 'timestamp authorities are given by ctlog.tsaCertChain there: none is asked for');
  return {
    rekor: { url: 'https://rekor.sigstore.dev', ...(log === 'ignored' && { ignoreTlog: true }) },
    ...(isKeyless && sct === 'ignored' && { ctlog: { ignoreSCT: true } }),
  };
}
