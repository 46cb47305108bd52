/** What the policies may ask of the world when they run on the command line: registries or one folder, files in the place of a cluster, and nothing else. */
import { type Json, type JsonObject, quote, TrustError, type TrustedRoot } from '@assay/core';
import { type ContentReader, type Digest, isDigest, Layout, parseReference, REF_NAME, referenceText } from '@assay/oci';
import { FoundEvidence, namedImage, type Subject } from '@assay/policy';
import { imageDataOf, imageInfo, imageText, type World } from '@assay/policy/kyverno';
import type { Io } from '../io.ts';
import { once } from '../once.ts';
import { lazyEngines, withSubjects } from '../policy-subjects.ts';
import { loadRoot } from '../trusted-root.ts';
import { objectAt, scalarText } from './values.ts';

export interface WorldFlags {
  /** An OCI layout, whose entries are named by whole references. */
  readonly fixture: string;
  readonly trustedRoot: string;
  readonly mirrorsFile: string;
  readonly plainHttp: boolean;
}

/** The world of one resource: `values` are those of its rules. */
export type WorldFor = (values: (policy: string, rule: string) => Readonly<Record<string, Json>>) => World;

/** Everything is closed when `work` ends. */
export async function withWorld<T>(flags: WorldFlags, resources: readonly JsonObject[], io: Io, work: (worldFor: WorldFor) => Promise<T>): Promise<T> {
  const trust = flags.trustedRoot === '' ? {} : { trustedRoot: flags.trustedRoot };
  const objects = clusterOf(resources, io);
  if (flags.fixture !== '') {
    const layout = Layout.open(flags.fixture);
    const engines = lazyEngines();
    const root = once(async () => (await loadRoot({ initialized: true, offline: true, ...trust }, io)).root);
    const known = new Map<string, Subject>();
    const subject = (image: string): Subject => {
      const made = known.get(image) ?? fixtureSubject(image, layout, { engines: engines.engines, root, now: io.now });
      known.set(image, made);
      return made;
    };
    try {
      return await work((values) => ({
        ...objects,
        now: io.now,
        subject: async (image) => subject(image),
        imageData: (image) => imageDataOf(subject(image)),
        values,
      }));
    } finally {
      await engines.close();
    }
  }
  const access = {
    userAgent: 'assay',
    plainHttp: flags.plainHttp ? ('always' as const) : ('private' as const),
    mirrorsFile: flags.mirrorsFile || undefined,
    trust,
  };
  return withSubjects(access, io, (subjects) => {
    const known = new Map<string, Subject>();
    const subject = (image: string): Subject => {
      const made = known.get(image) ?? subjects.open(image);
      known.set(image, made);
      return made;
    };
    return work((values) => ({ ...objects, now: io.now, subject: async (image) => subject(image), imageData: (image) => imageDataOf(subject(image)), values }));
  });
}

interface FixtureParts {
  readonly engines: Subject['engines'];
  readonly root: () => Promise<TrustedRoot>;
  readonly now: Date;
}

function fixtureSubject(text: string, layout: Layout, { engines, root, now }: FixtureParts): Subject {
  const image = namedImage(text);
  const reader: ContentReader = layout;
  return {
    image,
    evidence: new FoundEvidence(),
    digest: async () => (isDigest(image.digest ?? '') ? (image.digest as Digest) : entryNamed(layout, text)),
    open: async () => reader,
    trust: async (reference) => {
      if (reference === 'default') return root();
      if ('root' in reference) return reference.root;
      throw new TrustError('TRUST_ROOT_UNKNOWN', `trustRootRef ${reference.name} not found`);
    },
    engines,
    circumstance: async () => undefined,
    now,
  };
}

/** Entries are named by the reference as it was pulled, in any of the ways to write it. Errors: `OCI_NOT_FOUND`. */
function entryNamed(layout: Layout, text: string): Digest {
  const wanted = new Set([text, imageText(imageInfo(text)), referenceText(parseReference(text))]);
  const entry = layout.entries().find(({ annotations }) => wanted.has(annotations?.[REF_NAME] ?? ''));
  if (entry !== undefined) return entry.digest;
  throw new TrustError('OCI_NOT_FOUND', `${layout.folder}: no image is named ${quote(text)} there`, { expected: `an entry with ${REF_NAME}: ${quote(text)}` });
}

/** Objects that are given stand for those of a cluster. */
function clusterOf(resources: readonly JsonObject[], io: Io): Pick<World, 'configMap' | 'secret' | 'kms' | 'apiCall'> {
  const find = (kind: string, namespace: string, name: string): JsonObject => {
    const found = resources.find(
      (one) => one['kind'] === kind && objectAt(one, 'metadata')['name'] === name && (objectAt(one, 'metadata')['namespace'] ?? '') === namespace,
    );
    if (found === undefined)
      throw new TrustError('POLICY_UNRESOLVED', `failed to get ${kind.toLowerCase()} ${quote(namespace)}/${quote(name)}: not among the resources`);
    return found;
  };
  return {
    configMap: async (namespace, name) => {
      const found = find('ConfigMap', namespace, name);
      return { data: objectAt(found, 'data'), metadata: objectAt(found, 'metadata') };
    },
    secret: async (namespace, name) => {
      const found = find('Secret', namespace, name);
      const encoded = Object.entries(objectAt(found, 'data')).map(([key, value]) => [key, Buffer.from(scalarText(value), 'base64')] as const);
      return Object.fromEntries([
        ...encoded,
        ...Object.entries(objectAt(found, 'stringData')).map(([key, value]) => [key, Buffer.from(scalarText(value))] as const),
      ]);
    },
    kms: async (uri) => {
      const { loadPublicKey, publicKeyPem } = await import('@assay/sign');
      const { withKeyContext } = await import('../key-context.ts');
      const { signal } = new AbortController();
      return publicKeyPem(await withKeyContext({ io, signal, userAgent: 'assay' }, (keys) => loadPublicKey(uri, keys)));
    },
    apiCall: async () => {
      throw new TrustError('POLICY_UNRESOLVED', 'there is no API to call from the command line: give the value in the values file');
    },
  };
}
