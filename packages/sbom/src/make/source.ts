/** Where files come from: the layers of an image, a folder, a single file. */
import type { Subject, Unreadable } from '../inventory.ts';
import type { FoundFile } from './cataloger.ts';

export interface Source {
  readonly subject: Subject;
  /** Each once, with its content to be read before the next is asked for, or not at all. What cannot be read is reported, and left out. */
  files(report: (unreadable: Unreadable) => void): AsyncIterable<SourceFile>;
}

export interface SourceFile extends FoundFile {
  /** Whole. Errors: `SBOM_LIMIT` above `maxBytes`. */
  read(maxBytes: number): Promise<Uint8Array>;
}
