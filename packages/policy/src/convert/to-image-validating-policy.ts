/** Native policies as an ImageValidatingPolicy of Kyverno: each list of `atomsOf` is a validation, of which any part is enough. */
import { PREDICATE_TYPES } from '@assay/core';
import { split, withHost } from '../native/image-pattern.ts';
import { parsePath } from '../native/json-path.ts';
import type { NativeDocument, NativeSigner, NativeSpec, NativeTrust, NativeWhere } from '../native/schema.ts';
import { identityOf, mergedTrust, type PolicyFiles } from '../native/signers.ts';
import { type Atom, atomsOf, type EvidenceAtom } from './atoms.ts';
import type { Losses } from './loss.ts';
import { plain, searchOf } from './pattern.ts';
import type { Manifest } from './to-cluster-image-policy.ts';

/** To be written as YAML. Errors: `USAGE`; those of reading keys. */
export function toImageValidatingPolicy({ metadata, spec }: NativeDocument, files: PolicyFiles, losses: Losses): readonly Manifest[] {
  const writer = new Writer(files, losses);
  const expressions = atomsOf(spec).map((list) => list.map((atom) => writer.expression(atom)).join(' || '));
  if (spec.exceptions !== undefined) losses.stricter('spec.exceptions', 'there are none: these images are not let in');
  if (spec.exclude !== undefined) losses.stricter('spec.exclude', 'nothing is excluded: these images are judged by the policy too');
  return [
    {
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'ImageValidatingPolicy',
      metadata: { name: metadata.name },
      spec: {
        validationActions: [spec.mode === 'warn' ? 'Warn' : 'Deny'],
        matchConstraints: constraintsOf(spec, losses),
        matchImageReferences: (spec.images ?? ['**']).flatMap((pattern, i) => globs(pattern, `spec.images[${i}]`, losses)).map((glob) => ({ glob })),
        attestors: [...writer.attestors.values()],
        ...(writer.attestations.size > 0 && { attestations: [...writer.attestations.values()] }),
        validations: expressions.map((expression) => ({
          expression: `(images.containers + images.initContainers + images.ephemeralContainers).all(image, ${expression})`,
          message: `the policy ${metadata.name} is not satisfied`,
        })),
      },
    },
  ];
}

/** One star is any characters there, and images are compared as they are written. */
function globs(pattern: string, path: string, losses: Losses): readonly string[] {
  const { repository, digest } = split(pattern);
  if (/(^|[^*])\*($|[^*])/.test(repository)) losses.stricter(path, `a star is any characters there, also /: ${repository} covers more`);
  const name = withHost(repository);
  if (name.startsWith('index.docker.io/') || name === '**') {
    if (name !== '**') losses.stricter(path, 'images of Docker Hub are written in many ways: every image is covered');
    return ['**'];
  }
  if (digest !== undefined) return [`${name}*@${digest}`];
  return name.endsWith('*') ? [name] : [name, `${name}:*`, `${name}@*`];
}

function constraintsOf({ match }: NativeSpec, losses: Losses): Manifest {
  const { kinds = ['Pod'], namespaces, labels } = match ?? {};
  if (namespaces !== undefined) losses.stricter('spec.match.namespaces', 'namespaces are chosen by their labels there: images of others are judged too');
  const rules = kinds.map((kind) => ({ ...RESOURCES[kind], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'] }));
  return { resourceRules: rules, ...(labels !== undefined && { objectSelector: { matchLabels: labels } }) };
}

const RESOURCES: Readonly<Record<string, { readonly apiGroups: readonly string[]; readonly resources: readonly string[] }>> = {
  Pod: { apiGroups: [''], resources: ['pods'] },
  ReplicaSet: { apiGroups: ['apps'], resources: ['replicasets'] },
  Deployment: { apiGroups: ['apps'], resources: ['deployments'] },
  StatefulSet: { apiGroups: ['apps'], resources: ['statefulsets'] },
  DaemonSet: { apiGroups: ['apps'], resources: ['daemonsets'] },
  Job: { apiGroups: ['batch'], resources: ['jobs'] },
  CronJob: { apiGroups: ['batch'], resources: ['cronjobs'] },
};

class Writer {
  /** By what they say. */
  readonly attestors = new Map<string, Manifest>();
  readonly attestations = new Map<string, Manifest>();
  readonly #files: PolicyFiles;
  readonly #losses: Losses;

  constructor(files: PolicyFiles, losses: Losses) {
    this.#files = files;
    this.#losses = losses;
  }

  /** Over `image`. */
  expression(atom: Atom): string {
    if (atom.kind === 'decision') return String(atom.admits);
    if (atom.maxAge !== undefined) this.#losses.weaker(`${atom.path}.maxAge`, 'evidence of any age is enough');
    const attestors = `[${atom.signers.map((signer) => `attestors.${this.#attestor(signer, atom)}`).join(', ')}]`;
    if (atom.kind === 'signed') return `verifyImageSignatures(image, ${attestors}) > 0`;
    if (atom.kind === 'built') return this.#built(atom, attestors);
    const { type, where = [], cue, rego } = atom.attestation;
    if (cue !== undefined || rego !== undefined)
      this.#losses.weaker(`${atom.path}.${cue === undefined ? 'rego' : 'cue'}`, 'conditions are CEL there: this one is not asked for');
    const name = this.#attestation(PREDICATE_TYPES.get(type) ?? type);
    const conditions = where.flatMap((one) => conditionsOf(one, `extractPayload(image, attestations.${name})`));
    return [`verifyAttestationSignatures(image, attestations.${name}, ${attestors}) > 0`, ...conditions].reduce((all, one) => `${all} && ${one}`);
  }

  #built(atom: EvidenceAtom, attestors: string): string {
    this.#losses.weaker(atom.path, 'from what and by whom it was built is not asked for: any provenance of these signers is enough');
    if (atom.signers.length === 0) {
      this.#losses.stricter(atom.path, 'whom the forge vouches for cannot be said: name signers');
      return 'false';
    }
    const either = ['https://slsa.dev/provenance/v1', 'https://slsa.dev/provenance/v0.2'].map(
      (type) => `verifyAttestationSignatures(image, attestations.${this.#attestation(type)}, ${attestors}) > 0`,
    );
    return `(${either.join(' || ')})`;
  }

  #attestation(type: string): string {
    const name = this.attestations.get(type)?.['name'] ?? `a${this.attestations.size + 1}`;
    this.attestations.set(type, { name, intoto: { type } });
    return String(name);
  }

  #attestor(signer: NativeSigner, atom: EvidenceAtom): string {
    const cosign = this.#cosign(signer, atom);
    const text = JSON.stringify(cosign);
    const name = this.attestors.get(text)?.['name'] ?? `s${this.attestors.size + 1}`;
    this.attestors.set(text, { name, cosign });
    return String(name);
  }

  #cosign(signer: NativeSigner, atom: EvidenceAtom): Manifest {
    const trust = mergedTrust(atom.trust, signer.trust);
    const { repository, tagPrefix } = atom.from;
    const source = { ...(repository !== undefined && { repository }), ...(tagPrefix !== undefined && { tagPrefix }) };
    return {
      ...(signer.key === undefined ? { keyless: { identities: [this.#identity(signer, atom.path)] } } : { key: this.#key(signer) }),
      ...this.#log(trust, atom.path),
      ...(Object.keys(source).length > 0 && { source }),
      ...(atom.kind === 'signed' && atom.annotations !== undefined && { annotations: atom.annotations }),
    };
  }

  #key({ key = '', hash }: NativeSigner): Manifest {
    return { data: key.includes('-----BEGIN') ? key : new TextDecoder().decode(this.#files.read(key)), ...(hash !== undefined && { hashAlgorithm: hash }) };
  }

  #identity(signer: NativeSigner, path: string): Manifest {
    const { subject, issuer, extensions = {} } = identityOf(signer);
    const [name, vouching] = [plain(subject), plain(issuer)];
    if (name.hadTag || vouching.hadTag) this.#losses.weaker(`${path}.signers`, '{tag} is not known there: any tag is enough');
    if (Object.keys(extensions).length > 0) {
      this.#losses.weaker(
        `${path}.signers`,
        'which repository was built is not asked for, but only which workflow has signed: another repository may have called it',
      );
    }
    return {
      ...(vouching.exact === undefined ? { issuerRegExp: searchOf(vouching.whole ?? '') } : { issuer: vouching.exact }),
      ...(name.exact === undefined ? { subjectRegExp: searchOf(name.whole ?? '') } : { subject: name.exact }),
    };
  }

  #log({ root, file, log, sct, timestamp }: NativeTrust, path: string): Manifest {
    if (root !== undefined || file !== undefined)
      this.#losses.weaker(`${path}.trust`, "the root is public Sigstore's, unless trustedRoot gives one: it does not");
    if (timestamp === 'required')
      this.#losses.weaker(`${path}.trust.timestamp`, 'timestamp authorities are given by ctlog.tsaCertChain there: none is asked for');
    const ctlog = {
      ...(log === 'ignored' ? { insecureIgnoreTlog: true } : { url: 'https://rekor.sigstore.dev' }),
      ...(sct === 'ignored' && { insecureIgnoreSCT: true }),
    };
    return { ctlog };
  }
}

function conditionsOf({ path, equals, in: values, matches, atLeast, atMost, exists }: NativeWhere, payload: string): readonly string[] {
  const steps = parsePath(path) ?? [];
  const value = `${payload}${steps.map((step) => `[${JSON.stringify(step)}]`).join('')}`;
  const last = steps.at(-1);
  const parent = `${payload}${steps
    .slice(0, -1)
    .map((step) => `[${JSON.stringify(step)}]`)
    .join('')}`;
  const there = typeof last === 'number' ? `size(${parent}) > ${last}` : `${JSON.stringify(last)} in ${parent}`;
  return [
    ...(equals === undefined ? [] : [`${value} == ${JSON.stringify(equals)}`]),
    ...(values === undefined ? [] : [`${value} in ${JSON.stringify(values)}`]),
    ...(matches === undefined ? [] : [`${value}.matches(${JSON.stringify(searchOf(matches))})`]),
    ...(atLeast === undefined ? [] : [`${value} >= ${atLeast}`]),
    ...(atMost === undefined ? [] : [`${value} <= ${atMost}`]),
    ...(exists === undefined ? [] : [exists ? there : `!(${there})`]),
  ];
}
