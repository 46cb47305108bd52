/** The image that is judged, and everything the judging may ask of the world. Whoever calls provides it; nothing else is asked. */
import type { Json, LogEntry, TrustedRoot } from '@assay/core';
import type { ContentReader, Digest } from '@assay/oci';
import type { Circumstance, NamedImage, Places, RootReference } from '../model.ts';
import type { PolicyEngines } from './engines.ts';
import type { EvidenceSource } from './evidence.ts';

export interface Subject {
  readonly image: NamedImage;
  /** What a tag stands for is asked for when evidence is, and not before. Errors: `OCI_…`, `AUTH_…`, `NET_…`. */
  digest(): Promise<Digest>;
  /** Shared by the policies that judge one image. */
  readonly evidence: EvidenceSource;
  /** The image's own repository for places without one. Errors: `OCI_…`, `AUTH_…`. */
  open(places: Places): Promise<ContentReader>;
  /** Errors: `TRUST_ROOT_…`. */
  trust(reference: RootReference): Promise<TrustedRoot>;
  readonly engines: PolicyEngines;
  /** Undefined: there is none. */
  circumstance(which: Circumstance): Promise<Json | undefined>;
  /** Entries of a log equal to the one that `proposed` describes. Undefined: no log may be asked. */
  readonly searchLog?: ((url: string, proposed: unknown) => Promise<readonly LogEntry[]>) | undefined;
  readonly now: Date;
  /** Of one piece of evidence. */
  readonly maxEvidenceBytes?: number;
}
