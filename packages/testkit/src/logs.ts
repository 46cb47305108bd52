/** The three transparency logs of a virtual instance, in memory. */
import {
  type CtEntry,
  cosign,
  encodeCheckpointBody,
  encodeEntryBody,
  encodeNote,
  entryId,
  type KeyType,
  type LogEntry,
  MerkleTree,
  type NoteSigner,
  noteKeyHash,
  type RekorEntry,
  type Sct,
  type SetFields,
  type SigningKey,
  sha256,
  signEntryTimestamp,
  signNote,
  signSct,
  staticCtExtensions,
} from '@assay/make';
import { keyFor } from './key-pool.ts';

export interface LogOptions {
  readonly key: KeyType;
  readonly host: string;
  /** Entries of others that are in the log from the start. */
  readonly before: number;
  /** Entries of others that follow each of ours before the checkpoint is signed. */
  readonly after: number;
}

interface Logged {
  readonly body: Uint8Array;
  readonly kind: string;
  readonly version: string;
  readonly integratedTime: number;
  /** What the Rekor search index finds it by besides its body, e.g. `sha256:…` of a statement's subject. */
  readonly searchKeys?: readonly string[];
}

/** What both Rekor logs share: a tree of bodies, and a checkpoint signed for any of its sizes. */
abstract class RekorLog {
  readonly key: SigningKey;
  readonly host: string;
  readonly tree = new MerkleTree();
  readonly entries: Logged[] = [];
  readonly #after: number;
  abstract readonly logId: Uint8Array;
  abstract readonly origin: string;

  constructor({ key, host, before, after }: LogOptions, use: string) {
    this.key = keyFor(use, key);
    this.host = host;
    this.#after = after;
    this.#fill(before);
  }

  get baseUrl(): string {
    return `https://${this.host}`;
  }

  get signer(): NoteSigner {
    return { name: this.host, key: this.key };
  }

  /** Logs the body and some entries of others; returns the tree index. */
  append(entry: Omit<Logged, 'integratedTime'>, time: Date): number {
    const index = this.#log({ ...entry, integratedTime: Math.floor(time.getTime() / 1000) });
    this.#fill(this.#after);
    return index;
  }

  #log(entry: Logged): number {
    this.entries.push(entry);
    return this.tree.append(entry.body);
  }

  #fill(count: number): void {
    for (let i = 0; i < count; i++) {
      const filler: RekorEntry = { kind: 'filler', version: '0.0.1', spec: { number: this.tree.size } };
      this.#log({ body: encodeEntryBody(filler), kind: filler.kind, version: filler.version, integratedTime: 0 });
    }
  }

  checkpointBody(size: number = this.tree.size): string {
    return encodeCheckpointBody({ origin: this.origin, size, rootHash: this.tree.root(size) });
  }

  checkpoint(size: number = this.tree.size): string {
    const body = this.checkpointBody(size);
    return encodeNote(body, [signNote(body, this.signer)]);
  }

  protected proof(index: number, size: number): NonNullable<LogEntry['proof']> {
    return {
      logIndex: index,
      treeSize: size,
      rootHash: this.tree.root(size),
      hashes: this.tree.inclusionProof(index, size),
      checkpoint: this.checkpoint(size),
    };
  }

  protected logged(index: number): Logged {
    const entry = this.entries[index];
    if (entry === undefined) throw new RangeError(`no entry ${index} in a log of ${this.entries.length}`);
    return entry;
  }
}

/** Rekor v1: ECDSA, sharded (global index = tree index + what earlier shards held), signs entry timestamps. */
export class RekorV1Log extends RekorLog {
  readonly treeId: bigint;
  readonly firstIndex: number;
  readonly logId: Uint8Array;
  readonly origin: string;

  constructor(options: LogOptions & { treeId: bigint; firstIndex: number }) {
    super(options, 'rekor v1');
    this.treeId = options.treeId;
    this.firstIndex = options.firstIndex;
    this.logId = sha256(this.key.spki);
    this.origin = `${this.host} - ${this.treeId}`;
  }

  entry(index: number, size: number = this.tree.size): LogEntry {
    const { body, kind, version, integratedTime } = this.logged(index);
    const logIndex = index + this.firstIndex;
    const signedEntryTimestamp = this.signEntry({ body, integratedTime, logIndex, logId: this.logId });
    return { kind, version, body, logId: this.logId, logIndex, integratedTime, signedEntryTimestamp, proof: this.proof(index, size) };
  }

  signEntry(fields: SetFields): Uint8Array {
    return signEntryTimestamp(this.key, fields);
  }

  entryId(index: number): string {
    return entryId(this.treeId, this.logged(index).body);
  }
}

/** Rekor v2: Ed25519, no entry timestamps, checkpoints may carry witness lines. */
export class RekorV2Log extends RekorLog {
  readonly logId: Uint8Array;
  readonly origin: string;

  constructor(options: LogOptions) {
    super(options, 'rekor v2');
    this.origin = this.host;
    this.logId = noteKeyHash(this.origin, this.key);
  }

  entry(index: number, size: number = this.tree.size): LogEntry {
    const { body, kind, version } = this.logged(index);
    return { kind, version, body, logId: this.logId, logIndex: index, proof: this.proof(index, size) };
  }

  /** The checkpoint with a cosignature of `witness` before the log's own line. */
  cosignedCheckpoint(witness: NoteSigner, at: Date, size: number = this.tree.size): string {
    const body = this.checkpointBody(size);
    return encodeNote(body, [cosign(body, witness, at), signNote(body, this.signer)]);
  }
}

export type AnyRekorLog = RekorV1Log | RekorV2Log;

/** A CT log that signs promises; `staticCt` puts the leaf index into each, as static CT logs do. */
export class CtLog {
  readonly key: SigningKey;
  readonly baseUrl = 'https://ctlog.testkit.example/2026';
  readonly logId: Uint8Array;
  readonly staticCt: boolean;
  #size = 4242;

  constructor({ key, staticCt }: { key: KeyType; staticCt: boolean }) {
    this.key = keyFor('ct', key);
    this.logId = sha256(this.key.spki);
    this.staticCt = staticCt;
  }

  issue(entry: CtEntry, time: Date): Sct {
    const leafIndex = this.#size++;
    return signSct(this.key, { entry, timestampMs: time.getTime(), ...(this.staticCt && { extensions: staticCtExtensions(leafIndex) }) });
  }
}

/** The text of a checkpoint signed as it stands: for bodies that `encodeCheckpointBody` would not write. */
export function signText(body: string, signer: NoteSigner): string {
  return encodeNote(body, [signNote(body, signer)]);
}
