/** `assay log monitor`: follows logs, and tells entries of whom somebody watches. */
import { join, resolve } from 'node:path';
import { exactly, isTrustError, keyFingerprint, type Matcher, matching, quote, TrustError } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { loadPublicKey } from '@assay/sign';
import { followLog, type LogEvent, type LogPlace, type LogReader, openLog, type Watch } from '@assay/sign/monitor';
import { EXIT, exitOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { withKeyContext } from '../../key-context.ts';
import { printable } from '../../render/printable.ts';
import { userFolder } from '../../user-folder.ts';
import { digestOf } from '../digest.ts';
import { errorText } from '../error-text.ts';
import { entryJson, entryLines } from './entry-text.ts';
import { type LogFlags, nameOf, withLogs } from './logs.ts';

export interface MonitorFlags extends LogFlags {
  readonly identity?: readonly string[];
  readonly identityRegexp?: readonly string[];
  readonly issuer?: readonly string[];
  readonly issuerRegexp?: readonly string[];
  readonly key?: readonly string[];
  readonly digest?: readonly string[];
  readonly from?: bigint;
  readonly state?: string;
  /** Milliseconds. */
  readonly interval: number;
  readonly once?: boolean;
  readonly output: 'text' | 'json';
}

/** Returns the exit status; without `--once` only when a log does not keep its word. Errors: `USAGE`, `IDENTITY_PATTERN`, those of the logs' keys. */
export async function runMonitor(flags: MonitorFlags, io: Io): Promise<number> {
  const watch = await watchOf(flags, io);
  return withLogs(flags, io, async (places) => {
    if (flags.state !== undefined && places.length > 1) {
      throw new TrustError('USAGE', `--state is the file of one log, and ${places.length} are followed`, {
        hint: 'name the log with --log, or leave --state out',
      });
    }
    const followers = places.map((place) => new Follower(place, watch, flags, io));
    for (;;) {
      const errors = (await Promise.all(followers.map((follower) => follower.round()))).filter((error) => error !== undefined);
      // A log that lies is never hidden behind one that is away.
      const lasting = errors.find(({ kind }) => kind === 'rejected') ?? errors.find(({ kind }) => flags.once === true || kind !== 'unavailable');
      if (lasting !== undefined) return exitOf(lasting.kind);
      if (flags.once === true) return EXIT.accepted;
      await new Promise((done) => setTimeout(done, flags.interval));
    }
  });
}

/** One log. */
class Follower {
  readonly #place: LogPlace;
  /** The address as it may be shown. */
  readonly #name: string;
  readonly #watch: Watch;
  readonly #flags: MonitorFlags;
  readonly #io: Io;
  #log: LogReader | undefined;
  #isFirst = true;

  constructor(place: LogPlace, watch: Watch, flags: MonitorFlags, io: Io) {
    this.#place = place;
    this.#name = nameOf(place);
    this.#watch = watch;
    this.#flags = flags;
    this.#io = io;
  }

  /** What went wrong is told, and returned. */
  async round(): Promise<TrustError | undefined> {
    const { from, state } = this.#flags;
    try {
      this.#log ??= await openLog(this.#place);
      const options = { stateFile: state === undefined ? stateFile(this.#name, this.#io) : resolve(state), watch: this.#watch, from };
      for await (const event of followLog(this.#place, this.#log, options)) this.#tell(event);
      this.#isFirst = false;
      return undefined;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      this.#io.stderr(errorText(error));
      if (this.#flags.output === 'json') this.#line({ event: 'refused', log: this.#name, code: error.code, message: error.message });
      return error;
    }
  }

  #tell(event: LogEvent): void {
    if (this.#flags.output === 'json') this.#tellProgram(event);
    if (event.kind === 'entry' && this.#flags.output === 'text') {
      this.#io.stdout(`entry ${event.index} of ${this.#name}: watched ${event.reasons.join(', ')}\n${entryLines(event.entry)}`);
    }
    if (event.kind === 'progress') this.#io.stderr(`${this.#name}: entry ${event.next} of ${event.end}\n`);
    if (event.kind === 'verified' && (this.#isFirst || event.from !== event.treeSize)) this.#io.stderr(`${this.#name}: ${verifiedText(event)}\n`);
  }

  #tellProgram(event: LogEvent): void {
    const log = this.#name;
    if (event.kind === 'entry') {
      const { origin, index, entry, reasons } = event;
      this.#line({ event: 'entry', log, origin, index: String(index), reasons, ...entryJson(entry) });
    } else if (event.kind === 'verified') {
      const { origin, from, treeSize, read, unread } = event;
      this.#line({ event: 'verified', log, origin, ...(from !== undefined && { from: String(from) }), treeSize: String(treeSize), read, unread });
    }
  }

  #line(value: object): void {
    this.#io.stdout(`${JSON.stringify(value)}\n`);
  }
}

function verifiedText({ origin, from, treeSize, read, unread }: Extract<LogEvent, { kind: 'verified' }>): string {
  const tree = from === undefined ? `${treeSize} entries, the first checkpoint that is kept` : `${from} to ${treeSize} entries, consistent`;
  const unclear = unread === 0 ? '' : `, ${unread} of which say something that is not read here`;
  return `${printable(origin)}: ${tree}; ${read} read${unclear}`;
}

async function watchOf(flags: MonitorFlags, io: Io): Promise<Watch> {
  return {
    identities: await matchers(flags.identity, flags.identityRegexp),
    issuers: await matchers(flags.issuer, flags.issuerRegexp),
    keys: await Promise.all((flags.key ?? []).map((reference) => fingerprint(reference, io))),
    digests: await Promise.all((flags.digest ?? []).map((artifact) => digestOf(artifact, io))),
  };
}

async function matchers(exact: readonly string[] = [], patterns: readonly string[] = []): Promise<Matcher[]> {
  return [...exact.map(exactly), ...(await Promise.all(patterns.map((pattern) => matching(pattern))))];
}

async function fingerprint(reference: string, io: Io): Promise<string> {
  const key = await withKeyContext({ io, userAgent: 'assay' }, (keys) => loadPublicKey(reference, keys));
  return keyFingerprint(nodeCrypto, key);
}

/** One for each address, whatever is in it. */
function stateFile(url: string, { env }: Io): string {
  return join(userFolder('state', env), 'logs', `${encodeURIComponent(quote(url.replace(/^https?:\/\//, '')))}.checkpoint`);
}
