/** What a check found, and where it is gathered. */
import { isTrustError, quote } from '@assay/core';

/** An error is damage; of a warning the stack makes something good by itself, or it harms nobody yet. */
export type Severity = 'error' | 'warning';

export interface Finding {
  readonly severity: Severity;
  /** Relative to the folder of the stack. */
  readonly path: string;
  /** One sentence. */
  readonly problem: string;
  readonly expected?: string;
  readonly found?: string;
  readonly hint: string;
}

export interface Details {
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  /** What to do; a backup when absent. */
  readonly hint?: string | undefined;
}

/** Takes findings about files of one folder. */
export class Report {
  readonly #findings: Finding[];
  readonly #folder: string;
  #count = 0;

  constructor(findings: Finding[] = [], folder = '') {
    this.#findings = findings;
    this.#folder = folder;
  }

  /** In no order. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** About files in a folder of this one. */
  at(folder: string): Report {
    return new Report(this.#findings, this.#pathOf(folder));
  }

  error(path: string, problem: string, details: Details = {}): void {
    this.#add('error', path, problem, details);
  }

  warn(path: string, problem: string, details: Details = {}): void {
    this.#add('warning', path, problem, details);
  }

  /** What an attempt to read the file ended with. */
  unreadable(path: string, error: unknown, hint?: string): void {
    const details = isTrustError(error) ? { expected: error.expected, found: error.found } : {};
    this.#add('error', path, reasonOf(error), { ...details, hint });
  }

  /** What is read; undefined when it cannot be, which is then a finding. Passes on whatever is no `TrustError`. */
  async reading<T>(path: string, read: () => T | Promise<T>, hint?: string): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isTrustError(error)) throw error;
      this.unreadable(path, error, hint);
      return undefined;
    }
  }

  #add(severity: Severity, path: string, problem: string, { expected, found, hint = RESTORE }: Details): void {
    // A folder that lost a million files is described by the first of them.
    if (++this.#count > MAX_FINDINGS) return;
    const isLast = this.#count === MAX_FINDINGS;
    const shown = { severity, path: this.#pathOf(path), problem: isLast ? `${problem}; whatever else is wrong in this folder is not listed` : problem };
    this.#findings.push({ ...shown, ...(expected !== undefined && { expected }), ...(found !== undefined && { found }), hint });
  }

  #pathOf(path: string): string {
    return [this.#folder, path].filter((part) => part !== '').join('/');
  }
}

/** The reason alone; the file that a message begins with is named by the finding. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return isTrustError(error) ? message.replace(/^\/[^:]*: /, '') : quote(message, 500);
}

/**
 * Finds nothing that only a change in the meantime made look wrong: what seems wrong is looked at again when what leads to it has changed.
 *
 * @param pointer what a running stack changes last; `check` begins by reading it
 */
export async function steadily(report: Report, pointer: () => Promise<string>, check: (report: Report) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const before = await pointer();
    const found: Finding[] = [];
    await check(new Report(found));
    if (found.length > 0 && attempt < MAX_ATTEMPTS && (await pointer()) !== before) continue;
    for (const { severity, path, problem, ...details } of found)
      severity === 'error' ? report.error(path, problem, details) : report.warn(path, problem, details);
    return;
  }
}

const MAX_FINDINGS = 200;
const MAX_ATTEMPTS = 5;
const RESTORE = 'restore the file from a backup';
