/**
 * The TUF repository of the instance: how clients learn what to trust, and notice when it changes (services.md section 10).
 *
 * A publication is a new targets, snapshot and timestamp, in this order: what is pointed at before what points, and `timestamp.json` last. So clients
 * see the old one or the new one, whenever the process ends. Versions only rise; no number is used twice, not even one that nobody has seen.
 *
 * A rotation has no moment at which clients fail either. First everything is signed with the old and the new keys, which is good under the old root;
 * then comes the new root, signed by both, under which it is good as well.
 */
import { encodeTufMetadata, type TufKey, type TufSigned, tufCanonicalJson } from '@assay/make';
import type { Service, ServiceContext } from '../service.ts';
import type { Disk, DiskFile } from '../store/disk.ts';
import { type Metadata, type Published, ROLES, type RoleName, readPublished } from './published.ts';
import { routes } from './routes.ts';
import { isSignedWith, KeyPool, nextRoles, type TufKeys, union } from './signers.ts';
import { listTargets, stateOf, type TufTarget, targetFile } from './target.ts';

export interface TufOptions {
  /** Of the first root; later roots say themselves which keys count. */
  readonly keys: TufKeys;
  /** Of other generations. Which are in use, the newest root says: after a rotation that was cut short it may be either. */
  readonly otherKeys?: readonly TufKey[];
}

export interface TufExpiry {
  readonly role: RoleName;
  readonly version: number;
  readonly expires: Date;
}

/** What changes something is done one after the other. When it rejects, clients see what was there before, or what was to be; the next call finds out. */
export interface TufService extends Service {
  /** Makes these the targets. Nothing is written when they are so already, unless something needs renewal. */
  publish(targets: readonly TufTarget[]): Promise<void>;
  /** Signs timestamp and snapshot anew when less than half of their life is left. To be called at the start, and at least every day. */
  renew(): Promise<void>;
  /**
   * A new root, with these keys in the place of the old ones; without any, the same root with a new expiry. The caller keeps new keys safe before,
   * and old ones until it resolves. Errors: `STACK_DATA` when keys that must sign are not here.
   */
  rotate(keys?: Partial<TufKeys>): Promise<void>;
  /** Whether the newest root names these keys and no others. */
  isSignedWith(keys: TufKeys): boolean;
  /** Of what is published now, in the order root, targets, snapshot, timestamp. */
  expiries(): readonly TufExpiry[];
  /** The newest root: where clients start. */
  root(): Uint8Array;
}

/** Makes the first root when there is none. Errors: `STACK_DATA` for files that are damaged, or another's. */
export async function openTufRepository(context: ServiceContext & TufOptions): Promise<TufService> {
  const { disk, clock } = context;
  const repository = new Repository(context);
  await repository.open();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    app: routes(disk),
    publish: (targets) => inTurn(() => repository.publish(targets)),
    renew: () => inTurn(() => repository.renew()),
    rotate: (keys = {}) => inTurn(() => repository.rotate(keys)),
    isSignedWith: (keys) => isSignedWith(repository.published.root, keys),
    expiries: () => repository.expiries(),
    root: () => repository.published.root.bytes,
    problem: () => problemOf(repository.expiries(), clock()),
    stats: () => statsOf(repository.expiries(), clock()),
    close: async () => void (await last),
  };
}

class Repository {
  readonly #disk: Disk;
  readonly #clock: () => Date;
  readonly #first: TufKeys;
  readonly #pool = new KeyPool();
  #published: Published | undefined;

  constructor({ disk, clock, keys, otherKeys }: ServiceContext & TufOptions) {
    this.#disk = disk;
    this.#clock = clock;
    this.#first = keys;
    this.#pool.add(keys, otherKeys);
  }

  get published(): Published {
    if (this.#published === undefined) throw new Error('the repository was not opened');
    return this.#published;
  }

  async open(): Promise<void> {
    if ((await readPublished(this.#disk)) === undefined) await this.#writeRoot(1, nextRoles(undefined, this.#first), this.#first.root);
    await this.#reread();
    this.#signers('timestamp');
  }

  publish(targets: readonly TufTarget[]): Promise<void> {
    const listed = listTargets(targets);
    return this.#change(async ({ current }) => {
      const isPublished = current !== undefined && tufCanonicalJson(current.targets.signed.object('targets').json) === tufCanonicalJson(listed);
      if (isPublished && this.#isFresh('targets', current.targets)) return this.#renew();
      await this.#writeTargets(listed, targets.map(targetFile), (role) => this.#signers(role));
    });
  }

  renew(): Promise<void> {
    return this.#change(() => this.#renew());
  }

  async #renew(): Promise<void> {
    const { current } = this.published;
    if (current === undefined) return;
    const { snapshot, timestamp } = current;
    const signers: Signers = (role) => this.#signers(role);
    if (!this.#isFresh('snapshot', snapshot)) await this.#writeSnapshot(snapshot.signed.object('meta').json, [], signers);
    else if (!this.#isFresh('timestamp', timestamp)) await this.#writeTimestamp(timestamp.signed.object('meta').json, signers);
  }

  rotate(keys: Partial<TufKeys>): Promise<void> {
    this.#pool.add(keys);
    return this.#change(async ({ root, current, next }) => {
      const rootSigners = union(this.#signers('root'), keys.root ?? []);
      if (current !== undefined && (keys.targets !== undefined || keys.online !== undefined)) {
        const online = keys.online === undefined ? [] : [keys.online];
        const both: Signers = (role) => union(this.#signers(role), role === 'targets' ? (keys.targets ?? []) : online);
        await this.#writeTargets(current.targets.signed.object('targets').json, [], both);
      }
      await this.#writeRoot(next.root, nextRoles(root, keys), rootSigners);
    });
  }

  expiries(): TufExpiry[] {
    const { root, current } = this.published;
    return ROLES.flatMap((role) => {
      const metadata = role === 'root' ? root : current?.[role];
      return metadata === undefined ? [] : [{ role, version: metadata.version, expires: metadata.expires }];
    });
  }

  /** What is on the disk decides, before and after: a write that failed may have happened. */
  async #change(work: (published: Published) => Promise<void>): Promise<void> {
    await this.#reread();
    try {
      await work(this.published);
    } finally {
      await this.#reread();
    }
  }

  async #reread(): Promise<void> {
    this.#published = await readPublished(this.#disk);
  }

  #signers(role: RoleName): TufKey[] {
    return this.#pool.signers(this.published.root, role);
  }

  #isFresh(role: RoleName, { expires }: Metadata): boolean {
    return expires.getTime() - this.#clock().getTime() >= LIFETIMES_MS[role] / 2;
  }

  async #writeTargets(listed: Readonly<Record<string, unknown>>, files: readonly DiskFile[], signers: Signers): Promise<void> {
    const { targets: version } = this.published.next;
    const bytes = this.#sign('targets', version, { targets: listed }, signers('targets'));
    const meta = { 'targets.json': { version, ...stateOf(bytes) } };
    await this.#writeSnapshot(meta, [...files, { path: `${version}.targets.json`, bytes }], signers);
  }

  /** `files` are those that it leads to. */
  async #writeSnapshot(meta: Readonly<Record<string, unknown>>, files: readonly DiskFile[], signers: Signers): Promise<void> {
    const { snapshot: version } = this.published.next;
    const bytes = this.#sign('snapshot', version, { meta }, signers('snapshot'));
    await this.#disk.writeAll([...files, { path: `${version}.snapshot.json`, bytes }]);
    await this.#writeTimestamp({ 'snapshot.json': { version, ...stateOf(bytes) } }, signers);
  }

  async #writeTimestamp(meta: Readonly<Record<string, unknown>>, signers: Signers): Promise<void> {
    await this.#disk.write('timestamp.json', this.#sign('timestamp', this.published.next.timestamp, { meta }, signers('timestamp')));
  }

  async #writeRoot(version: number, content: Readonly<Record<string, unknown>>, keys: readonly TufKey[]): Promise<void> {
    await this.#disk.write(`${version}.root.json`, this.#sign('root', version, { consistent_snapshot: true, ...content }, keys));
  }

  #sign(role: RoleName, version: number, content: Readonly<Record<string, unknown>>, keys: readonly TufKey[]): Uint8Array {
    const expires = new Date(this.#clock().getTime() + LIFETIMES_MS[role]).toISOString().replace(/\.\d+Z$/u, 'Z');
    const signed: TufSigned = { _type: role, spec_version: '1.0.31', version, expires, ...content };
    return encodeTufMetadata(signed, keys);
  }
}

type Signers = (role: RoleName) => readonly TufKey[];

function problemOf(expiries: readonly TufExpiry[], now: Date): string | undefined {
  if (expiries.length < ROLES.length) return 'nothing is published yet';
  const late = expiries.find(({ expires }) => expires <= now);
  return late && `${late.role} ${late.version} expired at ${late.expires.toISOString()}: clients refuse the repository`;
}

function statsOf(expiries: readonly TufExpiry[], now: Date): Record<string, number> {
  const seconds = (expires: Date): number => Math.floor((expires.getTime() - now.getTime()) / 1000);
  return Object.fromEntries(
    expiries.flatMap(({ role, version, expires }) => [
      [`${role}_version`, version],
      [`${role}_expires_in_seconds`, seconds(expires)],
    ]),
  );
}

const DAY_MS = 86_400_000;
/** Those of root and targets leave a year in which somebody may notice that half of them is over. */
const LIFETIMES_MS: Readonly<Record<RoleName, number>> = { root: 730 * DAY_MS, targets: 730 * DAY_MS, snapshot: 30 * DAY_MS, timestamp: 7 * DAY_MS };
