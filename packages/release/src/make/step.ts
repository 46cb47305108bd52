/** One step of a release: what it does, and which files of the release it makes. */
import type { Registries } from '@assay/oci';
import type { ProvenancePredicate } from '@assay/slsa/generate';

export interface Step<Needs = Work> {
  /** `sbom app.tar.gz`; the same in every run. */
  readonly id: string;
  /** For people: what is done, to what, and where it goes. */
  readonly says: string;
  /** Names of files in the folder of the release. */
  readonly makes: readonly string[];
  run(work: Needs): Promise<void>;
}

/** What a step needs that asks nobody. */
export interface Local {
  /** Where the release is made. */
  readonly folder: string;
  /** Of everything that carries a time: when the release was begun, or what SOURCE_DATE_EPOCH or the commit says. */
  readonly time: Date;
}

export interface Work extends Local {
  readonly commit: string | undefined;
  readonly registries: Registries;
  readonly signer: ReleaseSigner;
  readonly provenance: ProvenancePredicate;
}

/** What comes out is one line of JSON: a Sigstore bundle that is on record, and that was verified. */
export interface ReleaseSigner {
  /** The largest statement that its services take, in bytes. */
  readonly maxStatementBytes: number;
  /** Over its content. */
  signFile(path: string): Promise<string>;
  /** @param sha256 of one of its subjects, hex */
  signStatement(statement: Uint8Array, sha256: string): Promise<string>;
}
