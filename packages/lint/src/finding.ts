/** What was found where, and what should stand there. */
import type { Position } from './source.ts';

export type Severity = 'error' | 'warning' | 'note';

export interface Finding {
  readonly file: string;
  /** Stable; `rules.ts` has them all. */
  readonly rule: string;
  readonly severity: Severity;
  readonly start: Position;
  readonly end: Position;
  /** The offending text as it stands in the file. */
  readonly text: string;
  /** What should stand there instead. Words in capitals are for the reader to fill in. '' takes it away. */
  readonly correction: string | undefined;
  /** Whether the correction may be put there as it is. */
  readonly fixable: boolean;
  /** One sentence: what is wrong here. */
  readonly says: string;
  /** A text that would be accepted and should not be; it was tried. */
  readonly admits: string | undefined;
}
