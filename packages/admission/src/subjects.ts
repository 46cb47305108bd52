/** What judging asks of the world when a cluster asks: registries with the pod's own logins, trust roots of the cluster, and the object under review. */
import { type LogEntry, TrustError, type TrustedRoot } from '@assay/core';
import type { HttpClient, Keychain, Mirrors } from '@assay/net';
import { type Digest, type ImageReference, openRegistries, type PlainHttp, type Registries, repositoryText } from '@assay/oci';
import { type NamedImage, type PolicyEngines, type Subject, subjectOf } from '@assay/policy';
import type { InForce } from './controller.ts';
import { Kept } from './kept.ts';
import type { PodKeychain, PodKeychains } from './keychain.ts';
import type { Workload } from './workload.ts';

export interface SubjectsOptions {
  readonly http: HttpClient;
  readonly keychains: Pick<PodKeychains, 'forSecrets'>;
  readonly inForce: () => InForce;
  /** Public Sigstore's, or what stands in its place. */
  readonly defaultRoot: () => Promise<TrustedRoot>;
  readonly engines: PolicyEngines;
  readonly mirrors?: Mirrors | undefined;
  readonly plainHttp?: PlainHttp | undefined;
  readonly searchLog?: ((url: string, proposed: unknown) => Promise<readonly LogEntry[]>) | undefined;
  /** Decides about expiry. */
  readonly now?: (() => Date) | undefined;
}

export interface Subjects {
  subject(image: NamedImage, workload: Workload, keychain: PodKeychain): Subject;
  /** Of a tag; one question for all who ask at the same time. */
  resolve(reference: ImageReference, keychain: PodKeychain): Promise<Digest | undefined>;
}

export function createSubjects(options: SubjectsOptions): Subjects {
  const { keychains, inForce, defaultRoot, engines, searchLog, now = () => new Date() } = options;
  // Tags move: nothing is kept beyond the question.
  const tags = new Kept<Digest | undefined>({ maxEntries: 0, lifetimeMs: () => 0, now: () => 0 });
  return {
    subject(image, { object, login }, keychain) {
      const { group, version, kind, metadata, spec } = object;
      // Upstream has no type of a Pod at hand (admission.md 2.8), and policies are written for that.
      const typemeta = kind === 'Pod' ? {} : { typemeta: { kind, apiVersion: group === '' ? version : `${group}/${version}` } };
      return subjectOf(image, {
        registries: registriesWith(keychain, options),
        registriesFor: async (names) => registriesWith(await keychains.forSecrets(login.namespace, names), options),
        defaultRoot,
        trustRoot: async (name) => inForce().trustRoots.get(name),
        engines,
        object: { spec, metadata, ...typemeta },
        now: now(),
        ...(searchLog !== undefined && { searchLog }),
      });
    },
    resolve: async (reference, keychain) =>
      tags.get([repositoryText(reference), reference.tag ?? '', keychain.fingerprint], async () => {
        if (reference.tag === undefined) throw new TrustError('OCI_REFERENCE', 'there is no tag to resolve');
        const descriptor = await registriesWith(keychain, options).repository(reference).resolve(reference.tag);
        return descriptor?.digest;
      }),
  };
}

/** Secrets may be for some repositories of a registry only, so each repository is a place of its own. */
function registriesWith(keychain: Keychain, { http, mirrors, plainHttp }: SubjectsOptions): Registries {
  const opened = new Map<string, Registries>();
  const open = (place: string, repository: string | undefined): Registries => {
    const known = opened.get(place);
    if (known !== undefined) return known;
    const own = { credentialsFor: (host: string) => keychain.credentialsFor(host, repository) };
    const registries = openRegistries({ http, keychain: own, mirrors, ...(plainHttp !== undefined && { plainHttp }) });
    opened.set(place, registries);
    return registries;
  };
  return {
    repository: (name) => open(repositoryText(name), name.repository).repository(name),
    connection: (registry) => open(registry, undefined).connection(registry),
  };
}
