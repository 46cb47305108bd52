/**
 * The TUF repository: every root from the first, then what timestamp.json leads to.
 *
 *   1.root.json ─► 2.root.json … ─► timestamp.json ─► N.snapshot.json ─► N.targets.json ─► targets/<sha256>.<name>
 *
 * The chain of roots is followed by the client's own code; of the rest each file is judged by itself, so that one that is damaged does not hide another.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Fields, isTrustError, parseFields, quote, utf8 } from '@assay/core';
import { type TufKey, tufCanonicalJson, tufKeyOf } from '@assay/make';
import { verifyRootChain } from '@assay/trust';
import type { Generation } from '../instance.ts';
import type { Disk } from '../store/disk.ts';
import { highestVersion, type Metadata, type RoleName, readMetadata } from '../tuf/published.ts';
import { roleOf } from '../tuf/signers.ts';
import { targetPath } from '../tuf/target.ts';
import { type Report, steadily } from './finding.ts';
import type { Scene } from './scene.ts';

export interface CheckedTuf {
  /** Every root that can be read, by version. */
  readonly roots: ReadonlyMap<number, Metadata & { readonly bytes: Uint8Array }>;
  /** The newest root; undefined when it is damaged. */
  readonly newest: Metadata | undefined;
  /** Whether every root can be read. */
  readonly isWhole: boolean;
  /** What clients get, by name; only what is as it was signed. */
  readonly targets: ReadonlyMap<string, Uint8Array>;
}

/** Looks at the repository in `disk` as a client that has never seen it. */
export async function checkTuf(disk: Disk, report: Report): Promise<CheckedTuf> {
  let checked: CheckedTuf = { roots: new Map(), newest: undefined, isWhole: false, targets: new Map() };
  const pointer = async (): Promise<string> => `${await highestRoot(disk)} ${Buffer.from((await disk.read(TIMESTAMP)) ?? []).toString()}`;
  await steadily(report, pointer, async (steady) => {
    const highest = await highestRoot(disk);
    const roots = await checkRoots(disk, steady, highest);
    const newest = roots.get(highest);
    const published = new Published(disk, steady, newest);
    const isWhole = roots.size === highest;
    checked = { roots, newest, isWhole, targets: await published.check() };
    if (isWhole) await published.checkOthers([...roots.values()]);
  });
  await checkTargetFiles(disk, report);
  return checked;
}

async function highestRoot(disk: Disk): Promise<number> {
  return highestVersion(await disk.list(''), 'root');
}

async function checkRoots(disk: Disk, report: Report, highest: number): Promise<CheckedTuf['roots']> {
  const roots = new Map<number, Metadata & { readonly bytes: Uint8Array }>();
  if (highest === 0) report.error('1.root.json', 'there is no root');
  for (let version = 1; version <= highest; version++) {
    const file = `${version}.root.json`;
    try {
      const [root, bytes] = await readMetadata(disk, file);
      // Against the one before, where that is good; otherwise at least by itself.
      const before = roots.get(version - 1);
      await (before === undefined ? verifyRootChain(bytes, [], ANY_TIME) : verifyRootChain(before.bytes, [bytes], ANY_TIME));
      if (root.version !== version) report.error(file, 'the root has another version than its name', { expected: `${version}`, found: `${root.version}` });
      else roots.set(version, { ...root, bytes });
    } catch (error) {
      const isMissing = (await disk.size(file)) === undefined;
      if (isMissing) report.error(file, 'the root is missing: clients that know an older one cannot follow');
      else report.unreadable(file, error);
    }
  }
  return roots;
}

/** Expiry is no damage; `status.ts` tells it. */
const ANY_TIME = { now: new Date(0) };

/** What timestamp.json leads to. */
class Published {
  readonly #disk: Disk;
  readonly #report: Report;
  /** The root that clients end with; undefined when it is damaged, and then nobody can say who had to sign. */
  readonly #newest: Metadata | undefined;
  readonly #seen = new Set<string>();

  constructor(disk: Disk, report: Report, newest: Metadata | undefined) {
    this.#disk = disk;
    this.#report = report;
    this.#newest = newest;
  }

  /** The targets, as far as everything that leads to them is good; all of it is looked at in any case. */
  async check(): Promise<Map<string, Uint8Array>> {
    const timestamp = await this.#read('timestamp', TIMESTAMP);
    const snapshot = await this.#follow(timestamp, TIMESTAMP, 'snapshot');
    const targets = await this.#follow(snapshot, 'the snapshot', 'targets');
    const files = new Map<string, Uint8Array>();
    for (const [name, state] of targets?.listed ?? []) {
      const bytes = await this.#target(name, state);
      if (bytes !== undefined) files.set(name, bytes);
    }
    return timestamp !== undefined && snapshot !== undefined ? files : new Map();
  }

  /** Where a good file leads to; behind any other, what was written last is looked at by itself. */
  async #follow(from: Listing | undefined, by: string, role: 'snapshot' | 'targets'): Promise<Listing | undefined> {
    const stated = from?.listed.get(`${role}.json`);
    if (stated !== undefined) return this.#read(role, `${stated.version}.${role}.json`, { ...stated, by });
    const highest = highestVersion(await this.#disk.list(''), role);
    return highest === 0 ? undefined : this.#read(role, `${highest}.${role}.json`);
  }

  /** Undefined for a file that is not good, which was then said. */
  async #read(role: Exclude<RoleName, 'root'>, file: string, stated?: State & { readonly by: string }): Promise<Listing | undefined> {
    this.#seen.add(file);
    const bytes = await this.#disk.read(file);
    if (bytes === undefined) {
      this.#report.error(file, stated === undefined ? 'the file is missing' : `the file is missing, and ${stated.by} leads to it`);
      return undefined;
    }
    const problems: { says: string; expected: string; found: string }[] = [];
    return this.#report.reading(file, async () => {
      const [metadata] = await readMetadata(this.#disk, file);
      const otherState = stated && stateProblem(bytes, stated);
      if (otherState !== undefined) problems.push({ says: `the file is not the one that ${stated?.by} states`, ...otherState });
      const unsigned = this.#newest && signatureProblem(bytes, file, this.#newest, role);
      if (unsigned !== undefined) problems.push({ says: `the file is not signed as root ${this.#newest?.version} wants it`, ...unsigned });
      const [version = ''] = /^\d+/.exec(file) ?? [];
      const isNamed = version === '' || version === String(metadata.version);
      if (!isNamed) problems.push({ says: 'the file has another version than its name', expected: version, found: String(metadata.version) });
      const type = metadata.signed.string('_type');
      if (type !== role) problems.push({ says: 'the file has another role', expected: role, found: quote(type, 40) });
      for (const { says, ...details } of problems) this.#report.error(file, says, details);
      return problems.length === 0 ? { listed: listedIn(metadata, role) } : undefined;
    });
  }

  /** Older versions, and newer ones that a process which was ended had not published yet: signed under some root. */
  async checkOthers(roots: readonly Metadata[]): Promise<void> {
    for (const file of await this.#disk.list('')) {
      const role = /^\d+\.(snapshot|targets)\.json$/.exec(file)?.[1] as 'snapshot' | 'targets' | undefined;
      if (role === undefined || this.#seen.has(file)) continue;
      const bytes = (await this.#disk.read(file)) ?? NOTHING;
      if (!roots.some((root) => isSignedUnder(root, role, file, bytes))) {
        this.#report.warn(file, 'the file, which nothing published leads to, is not signed', { hint: 'nothing has to be done: no client asks for it' });
      }
    }
  }

  async #target(name: string, { sha256, length }: State): Promise<Uint8Array | undefined> {
    const path = targetPath(name, sha256);
    const bytes = await this.#disk.read(path);
    if (bytes === undefined) {
      this.#report.error(path, `the target ${quote(name)} is missing`);
      return undefined;
    }
    // Another content is told with all files of targets/, listed or not.
    return stateProblem(bytes, { sha256, length }) === undefined ? bytes : undefined;
  }
}

/** The files that a file leads to, by name. */
interface Listing {
  readonly listed: ReadonlyMap<string, State>;
}

interface State {
  /** Of metadata. */
  readonly version?: number;
  readonly length: number;
  readonly sha256: string;
}

function listedIn({ signed }: Metadata, role: RoleName): Map<string, State> {
  const listed = signed.object(role === 'targets' ? 'targets' : 'meta');
  return new Map(Object.keys(listed.json).map((name) => [name, stateOf(listed.object(name))]));
}

function stateOf(listed: Fields): State {
  const version = listed.optionalInt64('version');
  return {
    length: Number(listed.int64('length')),
    sha256: listed.object('hashes').string('sha256'),
    ...(version !== undefined && { version: Number(version) }),
  };
}

function stateProblem(bytes: Uint8Array, { length, sha256 }: State): { expected: string; found: string } | undefined {
  const found = sha256Of(bytes);
  if (found === sha256 && bytes.length === length) return undefined;
  return { expected: `${length} bytes, sha256:${sha256}`, found: `${bytes.length} bytes, sha256:${found}` };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function signatureProblem(bytes: Uint8Array, file: string, root: Metadata, role: RoleName): { expected: string; found: string } | undefined {
  const { keyids, threshold } = roleOf(root, role);
  const { size } = signersOf(bytes, file, root, role);
  if (size >= threshold) return undefined;
  return { expected: `${threshold} of ${keyids.length} keys`, found: `${size} good ${size === 1 ? 'signature' : 'signatures'}` };
}

function isSignedUnder(root: Metadata, role: RoleName, file: string, bytes: Uint8Array): boolean {
  try {
    return signatureProblem(bytes, file, root, role) === undefined;
  } catch (error) {
    if (isTrustError(error)) return false;
    throw error;
  }
}

/** Ids of the keys of the role that did sign. Errors: `STACK_DATA`. */
function signersOf(bytes: Uint8Array, file: string, root: Metadata, role: RoleName): Set<string> {
  const { keyids } = roleOf(root, role);
  const document = parseFields(bytes, { what: file, parse: 'STACK_DATA', shape: 'STACK_DATA' });
  const signed = utf8(tufCanonicalJson(document.object('signed').json));
  const keys = root.signed.object('keys');
  return new Set(
    document.objects('signatures', MAX_SIGNATURES).flatMap((signature) => {
      const id = signature.string('keyid');
      if (!keyids.includes(id)) return [];
      const key = publicKeyOf(keys.object(id));
      return key !== undefined && verify(key.hash, signed, key.key, Buffer.from(signature.string('sig'), 'hex')) ? [id] : [];
    }),
  );
}

/** As `tufKeyOf` writes them. */
function publicKeyOf(fields: Fields): { readonly key: KeyObject; readonly hash: string | null } | undefined {
  const text = fields.object('keyval').string('public');
  try {
    if (fields.string('keytype') === 'ecdsa') return { key: createPublicKey(text), hash: 'sha256' };
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(text, 'hex').toString('base64url') };
    return { key: createPublicKey({ key: jwk, format: 'jwk' }), hash: null };
  } catch {
    return undefined;
  }
}

/** Also those that no metadata names any more: some client may still follow older metadata. */
async function checkTargetFiles(disk: Disk, report: Report): Promise<void> {
  for (const path of await filesBelow(disk.root, 'targets')) {
    const bytes = await disk.read(path);
    const [, expected] = /^([0-9a-f]{64})\./.exec(basename(path)) ?? [];
    if (bytes === undefined || expected === undefined) continue;
    const found = sha256Of(bytes);
    if (found !== expected) report.error(path, 'the content is not the one that its name says', { expected: `sha256:${expected}`, found: `sha256:${found}` });
  }
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

/** Whether the keys in the folder are those that the roots name: the last ones the newest, and each older one some root. */
export function checkTufKeys(scene: Scene, { roots, newest, isWhole }: CheckedTuf): void {
  if (newest === undefined) return;
  const [current, ...older] = scene.instance.generations.tuf.toReversed();
  if (current !== undefined) checkNamed(scene, current, [newest]);
  // A root that cannot be read may have named it.
  if (isWhole) for (const generation of older) checkNamed(scene, generation, [...roots.values()]);
}

function checkNamed({ keys, report, isPending }: Scene, generation: Generation, roots: readonly Metadata[]): void {
  if (isPending(generation)) return;
  for (const [name, role] of TUF_KEYS) {
    const key = keys.get(`tuf-${name}-${generation.number}`);
    if (key === undefined || roots.some((root) => roleOf(root, role).keyids.includes(idOf(key)))) continue;
    const which = roots.length === 1 ? `root ${roots[0]?.version} does not name the key` : 'no root names the key';
    report.error(`keys/tuf-${name}-${generation.number}.pem`, `${which} for ${role}`);
  }
}

function idOf(key: KeyObject): TufKey['id'] {
  return tufKeyOf(key).id;
}

const TUF_KEYS = [
  ['root', 'root'],
  ['targets', 'targets'],
  ['online', 'timestamp'],
] as const;
const NOTHING = new Uint8Array(0);
const TIMESTAMP = 'timestamp.json';
const MAX_SIGNATURES = 100;
