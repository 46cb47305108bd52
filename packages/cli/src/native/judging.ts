/** How evidence is judged, wherever it was found: by core's verification, and by whatever is demanded besides. */
import type { Artifact, Bundle, Verification, VerifyOptions } from '@assay/core';
import type { PlaceAnswer } from '@assay/oci';
import type { BuildFacts } from '@assay/slsa';

export interface Judging {
  readonly options: VerifyOptions;
  /** One piece of evidence about the artifact. */
  judge(bundle: Bundle | Uint8Array, artifact: Artifact): Promise<JudgedEvidence>;
  /** What lies in a file that was named, or was found beside another. */
  judgeContent(content: Uint8Array, artifact: Artifact): Promise<JudgedEvidence>;
  /** Where evidence may be that is neither beside the thing nor in its registry. Undefined: nowhere, or nothing may be asked. */
  readonly askForge?: ((artifact: Artifact) => Promise<ForgeAnswer>) | undefined;
  /** Told of evidence that came over the network, when it was accepted: JSON. */
  readonly keep?: (document: string) => void;
}

/** A verification, and what it has shown of a build where that was asked for. */
export type JudgedEvidence = Verification & { readonly build?: VerifiedBuildFacts; readonly source?: EvidenceSource };

/** What was accepted, to be named elsewhere. */
export interface EvidenceSource {
  readonly uri: string;
  /** Hex, of the bytes of the evidence. */
  readonly sha256: string;
}

export interface VerifiedBuildFacts {
  readonly facts: BuildFacts;
  /** Who built it: the tool, where a delegator signed for one. */
  readonly builder: string | undefined;
  /** Of SLSA's build track. 0: there is no provenance. */
  readonly level: number;
  /** Of the artifact, `sha256:HEX`, where it was not core that compared it. */
  readonly digest?: string | undefined;
}

export interface ForgeAnswer {
  /** Of the place. */
  readonly uri: string;
  readonly answer: PlaceAnswer;
  /** JSON of a bundle each. */
  readonly bundles: readonly Uint8Array[];
}

/** A signature shows who has signed; provenance shows more, so that looking on is worth it. */
export function isWeak({ build }: JudgedEvidence): boolean {
  return build?.level === 0;
}
