/** What the parts of a check have in common. */
import type { KeyObject } from 'node:crypto';
import type { TrustedRoot } from '@assay/core';
import type { Instance } from '../instance.ts';
import type { Disk } from '../store/disk.ts';
import type { Report } from './finding.ts';
import type { Presence } from './presence.ts';

/** How far a part is. */
export interface CheckProgress {
  /** E.g. `rekor/v2/1`. */
  readonly part: string;
  readonly done: number;
  readonly total: number;
  readonly unit: 'entries' | 'bytes';
}

export interface Scene extends Presence {
  /** Of the stack. */
  readonly disk: Disk;
  readonly instance: Instance;
  /** About the folder of the stack. */
  readonly report: Report;
  /** Whom clients are told to trust. Undefined when that cannot be read. */
  readonly trusted: TrustedRoot | undefined;
  /** By name, e.g. `ca-1`; those that could be opened. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  readonly onProgress: (progress: CheckProgress) => void;
}
