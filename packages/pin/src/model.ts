/** What is found in a text: places that can be pinned, and those that cannot, with the reason. */
import type { Digest } from '@assay/oci';
import type { Written } from './written.ts';

/** `text` in the place of what lies from `start` up to `end`, in UTF-16 units of the text as a whole. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export type Kind = 'image' | 'chart';

/** What becomes of a tag where name, tag and digest stand together. */
export type TagStyle = 'keep' | 'drop';

export type Format =
  | 'kubernetes'
  | 'kustomize'
  | 'flux'
  | 'argo'
  | 'helm-chart'
  | 'helm-values'
  | 'helm-template'
  | 'compose'
  | 'workflow'
  | 'dockerfile'
  | 'policy';

interface Place {
  readonly kind: Kind;
  readonly format: Format;
  /** From 1. */
  readonly line: number;
  /** In UTF-16 units. */
  readonly offset: number;
  /** As it is written; where name and tag stand apart, joined. */
  readonly reference: string;
}

/** A reference that a digest can be put into, or that has one. */
export interface Site extends Place {
  readonly what: 'site';
  readonly written: Written;
  /** A member that pinning adds, which whoever reads the file may not know. */
  readonly adds?: string;
  /** The edits that make it name `digest`. None when it does already. */
  edits(digest: Digest, style: TagStyle): readonly Edit[];
}

/** `unpinnable`: an image or chart that the text leaves open, and no digest can be put there. `skipped`: nothing that this text decides. */
export interface Remark extends Place {
  readonly what: 'unpinnable' | 'skipped';
  readonly reason: string;
}

export type Finding = Site | Remark;

export interface Reading {
  /** In the order of the text. */
  readonly findings: readonly Finding[];
  /** Names that a kustomization gives tags to: a manifest with such a name and no tag only holds its place. */
  readonly placeholders: readonly string[];
  /** Why the text cannot be read; then nothing was found. */
  readonly problem?: { readonly line: number; readonly reason: string };
}
