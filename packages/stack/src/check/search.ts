/** Whether the search index of a log knows its entries by their keys. It decides nothing, and is made again from the log where it is amiss. */
import { loadTable, type RecordTable, SEARCH_INDEX_FILE, wordOf } from '../rekor/search-index.ts';
import type { SearchKey } from '../rekor/search-keys.ts';
import type { Disk } from '../store/disk.ts';
import type { Report } from './finding.ts';

export class SearchCheck {
  readonly #disk: Disk;
  readonly #report: Report;
  readonly #table: RecordTable;
  readonly #isSound: boolean;
  readonly #length: number;
  /** The next record to look at. */
  #next = 0;
  readonly #wrong: number[] = [];

  /** @param bytes of the file, read before the checkpoint of the log with `size` entries */
  constructor(bytes: Uint8Array, size: number, { disk, report }: { disk: Disk; report: Report }) {
    const { table, sound } = loadTable(bytes, size);
    this.#disk = disk;
    this.#report = report;
    this.#table = table;
    this.#isSound = sound;
    this.#length = bytes.length;
  }

  /** Entries in order; undefined for keys that nobody knows. */
  see(index: number, keys: readonly SearchKey[] | undefined): void {
    // What is not in it yet is read from the log when somebody searches.
    if (index >= this.#table.entries) return;
    const held = new Set<number>();
    let isInOrder = true;
    for (; this.#next < this.#table.count; this.#next++) {
      const record = this.#table.record(this.#next);
      if (record.index > index) break;
      isInOrder &&= record.index === index;
      held.add(record.word);
    }
    if (keys === undefined) return;
    const words = new Set(keys.map(wordOf));
    if (!isInOrder || held.size !== words.size || [...words].some((word) => !held.has(word))) this.#wrong.push(index);
  }

  async finish(): Promise<void> {
    const { entries } = this.#table;
    if (!this.#isSound && !(await this.#wasBeingWritten())) {
      this.#report.warn(SEARCH_INDEX_FILE, `the search index is damaged behind the keys of ${entries} entries`, { hint: MADE_AGAIN });
    }
    const [first] = this.#wrong;
    if (first === undefined) return;
    this.#report.warn(SEARCH_INDEX_FILE, `${this.#wrong.length} of ${entries} entries are not found by their keys, the first is entry ${first}`, {
      hint: REMOVE,
    });
  }

  /** A batch of which only the beginning was there is whole by now. */
  async #wasBeingWritten(): Promise<boolean> {
    const bytes = (await this.#disk.read(SEARCH_INDEX_FILE)) ?? new Uint8Array(0);
    return bytes.length > this.#length && loadTable(bytes, Number.MAX_SAFE_INTEGER).table.entries > this.#table.entries;
  }
}

const MADE_AGAIN = 'nothing has to be done: the stack makes it again when it starts';
const REMOVE = 'stop the stack, remove the file, and start it: it is made again from the log';
