/**
 * Which steps of a release are done: a file beside the folder where it is being made, written after each step and synced, so that a run that is killed
 * is continued where it was. What a step has made is kept with its digest: a file that was changed since is made again.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFields, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { digestOfFile, hexOf } from '@assay/oci';
import { z } from 'zod';

/** What the release is made of, as one digest: a journal of something else continues nothing. */
export interface JournalOptions {
  readonly folder: string;
  readonly inputs: string;
  readonly now: Date;
}

export class Journal {
  readonly folder: string;
  readonly #content: JournalContent;

  private constructor(folder: string, content: JournalContent) {
    this.folder = folder;
    this.#content = content;
  }

  /** The one that is there, or a new one. Errors: `RELEASE_OTHER` for one of another release, `RELEASE_JOURNAL` for one that cannot be read. */
  static open({ folder, inputs, now }: JournalOptions): Journal {
    const file = journalOf(folder);
    if (!existsSync(file)) {
      if (existsSync(folder) && readdirSync(folder).length > 0)
        throw new TrustError('RELEASE_OTHER', `${folder}: is there, and no release that was begun`, {
          hint: 'remove it, or write to another folder with --folder',
        });
      mkdirSync(folder, { recursive: true });
      const journal = new Journal(folder, { inputs, begun: now.toISOString(), done: {} });
      journal.#write();
      return journal;
    }
    const { json } = parseFields(readFileCapped(file, MAX_JOURNAL_BYTES), { what: file, parse: 'RELEASE_JOURNAL', shape: 'RELEASE_JOURNAL' });
    const read = JOURNAL.safeParse(json);
    if (!read.success) throw new TrustError('RELEASE_JOURNAL', `${file}: cannot be read`);
    if (read.data.inputs !== inputs) {
      throw new TrustError('RELEASE_OTHER', `${folder}: a release of other things was begun here`, {
        expected: inputs,
        found: read.data.inputs,
        hint: 'what was named or built has changed since: begin anew with --restart',
      });
    }
    return new Journal(folder, read.data);
  }

  /** When the release was begun: a run that continues it states the same time. */
  get begun(): Date {
    return new Date(this.#content.begun);
  }

  /** Whether the step was done, and everything that it made is still as it was. */
  isDone(step: string): boolean {
    const made = this.#content.done[step];
    return made !== undefined && Object.entries(made).every(([name, sha256]) => this.#digestOf(name) === sha256);
  }

  /** @param files that the step has made, by name */
  done(step: string, files: readonly string[]): void {
    this.#content.done[step] = Object.fromEntries(files.map((name) => [name, this.#digestOf(name) ?? '']));
    this.#write();
  }

  #digestOf(name: string): string | undefined {
    const path = join(this.folder, name);
    return existsSync(path) ? hexOf(digestOfFile(path)) : undefined;
  }

  #write(): void {
    writeSynced(journalOf(this.folder), `${JSON.stringify(this.#content, null, 2)}\n`);
  }
}

/** There whole or not at all, also after a power cut. The draft has one name: what a killed run has left is overwritten by the next, and never released. */
export function writeSynced(path: string, content: string | Uint8Array): void {
  const file = openSync(`${path}.new`, 'w', 0o644);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

/** Beside the folder: what lies in it is the release and nothing else. */
export function journalOf(folder: string): string {
  return `${folder}.journal.json`;
}

type JournalContent = z.infer<typeof JOURNAL>;
const JOURNAL = z.object({ inputs: z.string(), begun: z.iso.datetime(), done: z.record(z.string(), z.record(z.string(), z.string())) });
const MAX_JOURNAL_BYTES = 16 * 1024 * 1024;
