/** What must be true of a build. */
import type { SourceRepository } from './source-repository.ts';

export interface BuildDemands {
  readonly source: SourceRepository;
  /** Short names: `v1.2.3`, `main`. */
  readonly ref?: { readonly kind: 'tag' | 'branch'; readonly name: string } | undefined;
  /** Hex, all of it. */
  readonly commit?: string | undefined;
  /** `NAME` or `NAME@REF`. Default: a workflow of the source itself, or a builder of the SLSA project at a release tag. */
  readonly builder?: string | undefined;
  /** The event that must have started it. Default: any but pull requests. */
  readonly trigger?: string | undefined;
  /** Default: told. */
  readonly selfHosted?: 'refused' | undefined;
}
