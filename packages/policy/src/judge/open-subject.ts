/** The subject of a judgement as the command line and the webhook make it: registries, trusted roots and engines in, and nothing asked before it is needed. */
import { type Json, type LogEntry, TrustError, type TrustedRoot } from '@assay/core';
import {
  type ContentReader,
  type Digest,
  type ImageReference,
  parseReference,
  parseRepository,
  type Registries,
  referenceText,
  repositoryText,
  targetOf,
} from '@assay/oci';
import type { Circumstance, NamedImage, Places } from '../model.ts';
import type { PolicyEngines } from './engines.ts';
import { FoundEvidence } from './evidence.ts';
import { imageConfigs } from './image-configs.ts';
import type { Subject } from './subject.ts';

export interface SubjectOptions {
  readonly registries: Registries;
  /** With the logins of secrets of the workload's namespace. Default: those of `registries`. */
  readonly registriesFor?: (pullSecrets: readonly string[]) => Promise<Registries>;
  /** Public Sigstore's, or what stands in its place. */
  readonly defaultRoot: () => Promise<TrustedRoot>;
  /** By the names of TrustRoots. Undefined: there are none at all. */
  readonly trustRoot?: (name: string) => Promise<TrustedRoot | undefined>;
  readonly engines: PolicyEngines;
  /** Of the object that is reviewed. */
  readonly object?: Readonly<Partial<Record<'spec' | 'metadata' | 'typemeta', Json>>>;
  readonly searchLog?: (url: string, proposed: unknown) => Promise<readonly LogEntry[]>;
  readonly now: Date;
  readonly maxEvidenceBytes?: number;
}

/** Errors: `OCI_REFERENCE`. */
export function namedImage(text: string): NamedImage {
  const reference = parseReference(text);
  return {
    text,
    canonical: referenceText(reference),
    repository: repositoryText(reference),
    tag: reference.tag,
    digest: reference.digest,
  };
}

export function subjectOf(image: NamedImage, options: SubjectOptions): Subject {
  const reference = parseReference(image.text);
  const own = options.registries.repository(reference);
  const digest = once(() => resolve(own, reference));
  return {
    image,
    evidence: new FoundEvidence(),
    digest,
    open: (places) => openPlaces(places, reference, options),
    async trust(root) {
      if (root === 'default') return options.defaultRoot();
      if ('root' in root) return root.root;
      const found = await options.trustRoot?.(root.name);
      if (found !== undefined) return found;
      // In policy-controller's words; it tells apart whether there are any.
      const says =
        options.trustRoot === undefined ? `getting SigstoreKeys: trustRootRef ${root.name} not found, config missing` : `trustRootRef ${root.name} not found`;
      throw new TrustError('TRUST_ROOT_UNKNOWN', says, { expected: 'a TrustRoot of this name', found: root.name });
    },
    engines: options.engines,
    circumstance: async (which) => circumstance(which, own, digest, options),
    searchLog: options.searchLog,
    now: options.now,
    ...(options.maxEvidenceBytes !== undefined && { maxEvidenceBytes: options.maxEvidenceBytes }),
  };
}

async function resolve(
  repository: ContentReader & { requireDescriptor(target: string): Promise<{ readonly digest: Digest }> },
  reference: ImageReference,
): Promise<Digest> {
  return reference.digest ?? (await repository.requireDescriptor(targetOf(reference))).digest;
}

async function openPlaces({ repository, pullSecrets }: Places, own: ImageReference, { registries, registriesFor }: SubjectOptions): Promise<ContentReader> {
  const name = repository === undefined ? own : parseRepository(repository);
  const access = pullSecrets === undefined || registriesFor === undefined ? registries : await registriesFor(pullSecrets);
  return access.repository(name);
}

async function circumstance(
  which: Circumstance,
  image: ContentReader,
  digest: () => Promise<Digest>,
  { object = {} }: SubjectOptions,
): Promise<Json | undefined> {
  return which === 'config' ? imageConfigs(image, await digest()) : object[which];
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}
