/**
 * How much memory the paths of packages' files may take. A small database can list any number of long ones; what is above the budget is left out, so that
 * at worst a program is found once more by itself.
 */
export class PathBudget {
  #left = MAX_BYTES;

  /** Whether there is room for it, which it then has. */
  takes(path: string): boolean {
    this.#left -= path.length + OVERHEAD_BYTES;
    return this.#left >= 0;
  }

  /** As many as there is room for. */
  *keep(paths: Iterable<string>): Generator<string, void, void> {
    for (const path of paths) {
      if (!this.takes(path)) return;
      yield path;
    }
  }
}

/** Two million paths of the usual length: a large system has half of one. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Of a string and its place in a set. */
const OVERHEAD_BYTES = 64;
