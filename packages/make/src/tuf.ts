/**
 * Makes TUF repositories, good ones and ones broken in named ways. Node only (synchronous signing).
 *
 * A repository is a `Map` of path to bytes, laid out as services.md section 10 describes, to be written to a folder or
 * served below any base URL:
 *
 *     1.root.json 2.root.json …        every version of root
 *     timestamp.json                   the only file without a version
 *     N.snapshot.json N.targets.json N.<role>.json
 *     targets/<sha256>.<name>          targets/<folder>/<sha256>.<name> for a target with a path
 *
 * Metadata is `{ "signatures": [{ "keyid", "sig" }], "signed": { … } }`; signatures are hex, over the OLPC canonical
 * JSON of `signed`. Published files stay in place when a later version is published, as on a real mirror.
 *
 * @example
 * const repository = makeTufRepository({ now, targets: { 'trusted_root.json': bytes } });
 * repository.publish({ targets: { 'trusted_root.json': newer } });
 * breakTufRepository(repository, 'expired-timestamp');
 * serve(repository.files); trust(repository.initialRoot);
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

// ------------------------------------------------------------------------------------------------------------- keys

export type TufKeyType = 'ed25519' | 'ecdsa';
export type TufRoleName = 'root' | 'targets' | 'snapshot' | 'timestamp';

export interface TufPublicKey {
  readonly keytype: string;
  readonly scheme: string;
  /** Ed25519: the key as hex. ECDSA: SubjectPublicKeyInfo as PEM. */
  readonly keyval: { readonly public: string };
}

export interface TufKey {
  /** Opaque to clients; here the hash of the key object, as TUF once demanded. */
  readonly id: string;
  readonly publicKey: TufPublicKey;
  /** Hex; ECDSA as DER over SHA-256. */
  sign(bytes: Uint8Array): string;
}

export function makeTufKey(type: TufKeyType = 'ed25519'): TufKey {
  return tufKeyOf((type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'prime256v1' })).privateKey);
}

/** An Ed25519 or ECDSA P-256 key at hand. Throws `TypeError` for any other: no more is known to every client. */
export function tufKeyOf(privateKey: KeyObject): TufKey {
  if (privateKey.asymmetricKeyType === 'ed25519') return ed25519Key(privateKey);
  if (privateKey.asymmetricKeyDetails?.namedCurve === 'prime256v1') return ecdsaKey(privateKey);
  throw new TypeError(`keys of TUF are Ed25519 or ECDSA P-256, not ${privateKey.asymmetricKeyType}`);
}

function ed25519Key(privateKey: KeyObject): TufKey {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const value: TufPublicKey = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: Buffer.from(x, 'base64url').toString('hex') } };
  return { id: keyIdOf(value), publicKey: value, sign: (bytes) => sign(null, bytes, privateKey).toString('hex') };
}

function ecdsaKey(privateKey: KeyObject): TufKey {
  const pem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string;
  const value: TufPublicKey = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  return { id: keyIdOf(value), publicKey: value, sign: (bytes) => sign('sha256', bytes, privateKey).toString('hex') };
}

function keyIdOf(key: TufPublicKey): string {
  return sha256(Buffer.from(tufCanonicalJson(key)));
}

// --------------------------------------------------------------------------------------------------------- metadata

/** The `signed` part of a metadata file. */
export interface TufSigned {
  readonly _type: TufRoleName;
  readonly version: number;
  readonly expires: string;
  readonly [member: string]: unknown;
}

interface TufSignature {
  readonly keyid: string;
  readonly sig: string;
}

/** A metadata file signed by `keys`, one signature each. */
export function encodeTufMetadata(signed: TufSigned, keys: readonly TufKey[]): Uint8Array {
  return encodeWithSignatures(
    signed,
    keys.map((key) => signatureOf(signed, key)),
  );
}

function signatureOf(signed: TufSigned, key: TufKey): TufSignature {
  return { keyid: key.id, sig: key.sign(Buffer.from(tufCanonicalJson(signed))) };
}

function encodeWithSignatures(signed: TufSigned, signatures: readonly TufSignature[]): Uint8Array {
  return utf8(`${JSON.stringify({ signatures, signed }, undefined, 1)}\n`);
}

/** OLPC canonical JSON: sorted members, no white space, only `"` and `\` escaped, whole numbers only. */
export function tufCanonicalJson(value: unknown): string {
  if (typeof value === 'string') return `"${value.replace(/["\\]/gu, '\\$&')}"`;
  if (Array.isArray(value)) return `[${value.map(tufCanonicalJson).join(',')}]`;
  if (typeof value === 'number' && !Number.isInteger(value)) throw new TypeError(`canonical JSON has whole numbers only, got ${value}`);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const sorted = members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, member]) => `${tufCanonicalJson(name)}:${tufCanonicalJson(member)}`).join(',')}}`;
}

// ------------------------------------------------------------------------------------------------------- repository

export interface TufRepositoryOptions {
  /** When the first versions are published. */
  now: Date;
  /** Path below `targets/` to content. */
  targets?: Targets;
  delegations?: readonly TufDelegation[];
  /** Keys and threshold of a role. Default: root 2 of 3, others 1 of 1. */
  roles?: Partial<Record<TufRoleName, { keys: number; threshold: number }>>;
  /** Default ed25519. */
  keyType?: TufKeyType;
  /** Versions in the names of metadata files and hashes in those of targets. Default true. */
  consistentSnapshot?: boolean;
  /** Whether timestamp and snapshot state length and hashes, or versions only. Default true. */
  statesHashes?: boolean;
}

export interface TufDelegation {
  readonly name: string;
  /** Patterns, one per path segment. */
  readonly paths: readonly string[];
  readonly terminating?: boolean;
  readonly targets?: Targets;
}

export type Targets = Readonly<Record<string, Uint8Array>>;

/** What is new in a publication. Versions rise by one, and expiry dates are counted from `now`, unless stated. */
export interface TufPublication {
  now?: Date;
  /** Added or replaced; `undefined` removes. */
  targets?: Readonly<Record<string, Uint8Array | undefined>>;
  /** For an attacker who holds the keys: any version, also a lower one. */
  versions?: Partial<Record<TufRoleName, number>>;
  expires?: Partial<Record<TufRoleName, Date>>;
  /** Sign with these instead of the keys of the role. */
  signers?: Partial<Record<TufRoleName, readonly TufKey[]>>;
  /** Roles that the snapshot does not list. */
  unlisted?: readonly string[];
}

export interface TufRepository {
  /** The first root: what a client is given by other means. */
  readonly initialRoot: Uint8Array;
  /** What the mirror serves now. Changed in place by everything below; tests may change it too. */
  readonly files: Map<string, Uint8Array>;
  /** The versions last published. */
  readonly versions: Readonly<Record<TufRoleName, number>>;
  readonly keys: Readonly<Record<TufRoleName, readonly TufKey[]>>;
  /** New targets, snapshot and timestamp. */
  publish(publication?: TufPublication): void;
  /** New keys for these roles, and a new root signed by the old and the new root keys. Then `publish` with them. */
  rotate(roles: readonly TufRoleName[], publication?: TufPublication): void;
  /** A new root, changed by `edit` before it is signed by the root keys, or by `signers.root`. */
  publishRoot(publication?: TufPublication, edit?: (signed: TufSigned) => TufSigned): void;
}

export function makeTufRepository(options: TufRepositoryOptions): TufRepository {
  const { consistentSnapshot = true, statesHashes = true, keyType = 'ed25519', delegations = [] } = options;
  const files = new Map<string, Uint8Array>();
  const versions: Record<TufRoleName, number> = { root: 0, targets: 0, snapshot: 0, timestamp: 0 };
  const sizes = { ...DEFAULT_ROLES, ...options.roles };
  const makeKeys = (role: TufRoleName): TufKey[] => Array.from({ length: sizes[role].keys }, () => makeTufKey(keyType));
  const keys: Record<TufRoleName, readonly TufKey[]> = {
    root: makeKeys('root'),
    targets: makeKeys('targets'),
    snapshot: makeKeys('snapshot'),
    timestamp: makeKeys('timestamp'),
  };
  const delegated = delegations.map((delegation) => ({ ...delegation, key: makeTufKey(keyType), version: 1 }));
  let targets: Record<string, Uint8Array> = {};
  let { now } = options;

  const header = (role: TufRoleName, { versions: stated, expires }: TufPublication): TufSigned => {
    versions[role] = stated?.[role] ?? versions[role] + 1;
    return {
      _type: role,
      spec_version: '1.0.31',
      version: versions[role],
      expires: isoSeconds(expires?.[role] ?? new Date(now.getTime() + LIFETIMES_MS[role])),
    };
  };

  const put = (name: string, version: number, bytes: Uint8Array): Record<string, unknown> => {
    files.set(consistentSnapshot && name !== 'timestamp' ? `${version}.${encodeURIComponent(name)}.json` : `${encodeURIComponent(name)}.json`, bytes);
    return { version, ...(statesHashes && { length: bytes.length, hashes: { sha256: sha256(bytes) } }) };
  };

  const putTarget = (path: string, bytes: Uint8Array): Record<string, unknown> => {
    const hash = sha256(bytes);
    files.set(`targets/${consistentSnapshot ? path.replace(/[^/]*$/u, `${hash}.$&`) : path}`, bytes);
    return { length: bytes.length, hashes: { sha256: hash } };
  };

  const putTargets = (name: string, signed: TufSigned, content: Targets, signers: readonly TufKey[]): Record<string, unknown> => {
    const listed = mapValues(content, (bytes, path) => putTarget(path, bytes));
    return put(name, signed.version, encodeTufMetadata({ ...signed, targets: listed }, signers));
  };

  const publishRoot: TufRepository['publishRoot'] = (publication = {}, edit = (signed) => signed) => {
    now = publication.now ?? now;
    const all = Object.values(keys).flat();
    const signed = edit({
      ...header('root', publication),
      consistent_snapshot: consistentSnapshot,
      keys: Object.fromEntries(all.map((key) => [key.id, key.publicKey])),
      roles: mapValues(keys, (own, role) => ({ keyids: own.map(({ id }) => id), threshold: sizes[role as TufRoleName].threshold })),
    });
    files.set(`${versions.root}.root.json`, encodeTufMetadata(signed, publication.signers?.root ?? keys.root));
  };

  const publish: TufRepository['publish'] = (publication = {}) => {
    now = publication.now ?? now;
    const { signers = {}, unlisted = [] } = publication;
    targets = withoutUndefined({ ...targets, ...publication.targets });
    const meta: Record<string, unknown> = {};
    for (const role of delegated) {
      const signed: TufSigned = {
        _type: 'targets',
        spec_version: '1.0.31',
        version: role.version,
        expires: isoSeconds(new Date(now.getTime() + LIFETIMES_MS.targets)),
      };
      meta[`${role.name}.json`] = putTargets(role.name, signed, role.targets ?? {}, [role.key]);
      role.version += 1;
    }
    const top = { ...header('targets', publication), ...(delegated.length > 0 && { delegations: delegationsOf(delegated) }) };
    meta['targets.json'] = putTargets('targets', top, targets, signers.targets ?? keys.targets);
    for (const role of unlisted) delete meta[`${role}.json`];
    const snapshot = { ...header('snapshot', publication), meta };
    const snapshotMeta = put('snapshot', snapshot.version, encodeTufMetadata(snapshot, signers.snapshot ?? keys.snapshot));
    const timestamp = { ...header('timestamp', publication), meta: { 'snapshot.json': snapshotMeta } };
    put('timestamp', timestamp.version, encodeTufMetadata(timestamp, signers.timestamp ?? keys.timestamp));
  };

  const rotate: TufRepository['rotate'] = (roles, publication = {}) => {
    const oldRootKeys = keys.root;
    for (const role of roles) keys[role] = makeKeys(role);
    const both = [...new Set([...oldRootKeys, ...keys.root])];
    publishRoot({ ...publication, signers: { root: both, ...publication.signers } });
    publish(publication);
  };

  publishRoot();
  publish({ targets: options.targets ?? {} });
  return { initialRoot: files.get('1.root.json') as Uint8Array, files, versions, keys, publish, rotate, publishRoot };
}

function delegationsOf(delegated: readonly (TufDelegation & { key: TufKey })[]): Record<string, unknown> {
  return {
    keys: Object.fromEntries(delegated.map(({ key }) => [key.id, key.publicKey])),
    roles: delegated.map(({ name, paths, terminating = false, key }) => ({ name, paths, terminating, keyids: [key.id], threshold: 1 })),
  };
}

// ---------------------------------------------------------------------------------------------------------- attacks

/**
 * Breaks a repository in a named way. For attacks on what a client has already seen (rollback, fast-forward), let the
 * client update first.
 */
export function breakTufRepository(repository: TufRepository, way: TufBreak): void {
  BREAKS[way](repository);
}

/** Every way to break a repository, with the attack it stands for (TUF specification section 1.5.2). */
const BREAKS = {
  // Arbitrary software: bytes that the metadata does not state.
  'changed-target': ({ files }) => mapTargets(files, (bytes) => flip(bytes)),
  'shorter-target': ({ files }) => mapTargets(files, (bytes) => bytes.subarray(1)),
  'missing-target': ({ files }) => mapTargets(files, () => undefined),
  // Endless data.
  'longer-target': ({ files }) => mapTargets(files, (bytes) => pad(bytes, bytes.length + 1)),
  'endless-root': (repository) => {
    repository.publishRoot();
    replace(repository.files, `${repository.versions.root}.root.json`, (bytes) => pad(bytes, 512_001));
  },
  'endless-timestamp': ({ files }) => replace(files, 'timestamp.json', (bytes) => pad(bytes, 16_385)),
  'endless-snapshot': ({ files, versions }) => replace(files, `${versions.snapshot}.snapshot.json`, (bytes) => pad(bytes, 2_000_001)),
  'endless-targets': ({ files, versions }) => replace(files, `${versions.targets}.targets.json`, (bytes) => pad(bytes, 5_000_001)),
  // Indefinite freeze.
  'expired-root': (repository) => repository.publishRoot({ expires: { root: LONG_AGO } }),
  'expired-timestamp': (repository) => repository.publish({ expires: { timestamp: LONG_AGO } }),
  'expired-snapshot': (repository) => repository.publish({ expires: { snapshot: LONG_AGO } }),
  'expired-targets': (repository) => repository.publish({ expires: { targets: LONG_AGO } }),
  // Rollback: validly signed, but older than what was seen.
  'older-timestamp': (repository) => repository.publish({ versions: { timestamp: repository.versions.timestamp - 1 } }),
  'older-snapshot': (repository) => repository.publish({ versions: { snapshot: repository.versions.snapshot - 1 } }),
  'older-targets': (repository) => repository.publish({ versions: { targets: repository.versions.targets - 1 } }),
  'dropped-role': (repository) => repository.publish({ unlisted: ['targets'] }),
  'older-root': (repository) => publishRootAs(repository, repository.versions.root),
  'skipped-root': (repository) => publishRootAs(repository, repository.versions.root + 2),
  // Fast-forward: a thief of the online keys raises versions so that honest ones look like a rollback.
  'fast-forward': (repository) => repository.publish({ versions: { timestamp: 1_000_000, snapshot: 1_000_000 } }),
  // Mix and match: validly signed files of different moments.
  'mixed-snapshot': (repository) => mix(repository, 'snapshot'),
  'mixed-targets': (repository) => mix(repository, 'targets'),
  // Forged signatures.
  'foreign-root': (repository) => repository.publishRoot({ signers: { root: [makeTufKey(), makeTufKey(), makeTufKey()] } }),
  'foreign-timestamp': (repository) => repository.publish({ signers: { timestamp: [makeTufKey()] } }),
  'foreign-snapshot': (repository) => repository.publish({ signers: { snapshot: [makeTufKey()] } }),
  'foreign-targets': (repository) => repository.publish({ signers: { targets: [makeTufKey()] } }),
  'unsigned-timestamp': ({ files }) => resign(files, 'timestamp.json', () => []),
  'changed-timestamp': ({ files }) => replace(files, 'timestamp.json', (bytes) => utf8(decode(bytes).replace('"version": ', '"version": 9'))),
  // A threshold reached by counting one key several times: the same signature again, under another listed key's id,
  // and one key that the root lists under two ids.
  'repeated-signature': (repository) => forgeRoot(repository, ([first]) => [first, first]),
  'relabelled-signature': (repository) => forgeRoot(repository, ([first], ids) => [first, { keyid: ids[1] ?? '', sig: first?.sig ?? '' }]),
  'one-key-two-ids': (repository) => {
    repository.publishRoot({}, withTwinKey);
    const key = repository.keys.timestamp[0] as TufKey;
    repository.publish({ signers: { timestamp: [key, { ...key, id: twinOf(key.id) }] } });
  },
  'new-root-keys-only': (repository) => rotateSignedBy(repository, 'new'),
  'old-root-keys-only': (repository) => rotateSignedBy(repository, 'old'),
  // Not metadata at all.
  'html-timestamp': ({ files }) => void files.set('timestamp.json', utf8('<!doctype html><title>Log in to the hotel network</title>')),
  'other-role': ({ files, versions }) => void files.set('timestamp.json', files.get(`${versions.root}.root.json`) as Uint8Array),
} as const satisfies Record<string, (repository: TufRepository) => void>;

export type TufBreak = keyof typeof BREAKS;
export const TUF_BREAKS = Object.keys(BREAKS) as TufBreak[];

type Edit = (bytes: Uint8Array) => Uint8Array | undefined;

function mapTargets(files: Map<string, Uint8Array>, edit: Edit): void {
  for (const path of [...files.keys()].filter((name) => name.startsWith('targets/'))) replace(files, path, edit);
}

function replace(files: Map<string, Uint8Array>, path: string, edit: Edit): void {
  const bytes = files.get(path);
  if (bytes === undefined) throw new Error(`the repository has no ${path}`);
  const edited = edit(bytes);
  if (edited === undefined) files.delete(path);
  else files.set(path, edited);
}

/** The file in the place of the next root states another version. */
function publishRootAs(repository: TufRepository, version: number): void {
  const place = `${repository.versions.root + 1}.root.json`;
  const before = new Map(repository.files);
  repository.publishRoot({ versions: { root: version } });
  const bytes = repository.files.get(`${version}.root.json`) as Uint8Array;
  repository.files.clear();
  for (const [path, content] of before) repository.files.set(path, content);
  repository.files.set(place, bytes);
}

/** Publishes twice; the newer name then holds the older, validly signed content. */
function mix(repository: TufRepository, role: 'snapshot' | 'targets'): void {
  const older = repository.files.get(`${repository.versions[role]}.${role}.json`) as Uint8Array;
  repository.publish();
  repository.files.set(`${repository.versions[role]}.${role}.json`, older);
}

function resign(files: Map<string, Uint8Array>, path: string, edit: (signatures: TufSignature[], signed: TufSigned) => TufSignature[]): void {
  replace(files, path, (bytes) => {
    const { signatures, signed } = JSON.parse(decode(bytes)) as { signatures: TufSignature[]; signed: TufSigned };
    return encodeWithSignatures(signed, edit(signatures, signed));
  });
}

type Forge = (signatures: (TufSignature | undefined)[], ids: string[]) => (TufSignature | undefined)[];

/** A next root that one root key signed; the threshold must be at least 2 for this to be an attack. */
function forgeRoot(repository: TufRepository, forge: Forge): void {
  const ids = repository.keys.root.map(({ id }) => id);
  repository.publishRoot({ signers: { root: repository.keys.root.slice(0, 1) } });
  resign(repository.files, `${repository.versions.root}.root.json`, (signatures) => forge(signatures, ids).filter((one) => one !== undefined));
}

/** The timestamp role gets a second id for the key it has, and demands two. */
function withTwinKey(signed: TufSigned): TufSigned {
  const { keys, roles } = signed as unknown as { keys: Record<string, TufPublicKey>; roles: Record<TufRoleName, { keyids: string[]; threshold: number }> };
  const [id = ''] = roles.timestamp.keyids;
  const twin = twinOf(id);
  return { ...signed, keys: { ...keys, [twin]: keys[id] }, roles: { ...roles, timestamp: { keyids: [id, twin], threshold: 2 } } };
}

function twinOf(id: string): string {
  return [...id].reverse().join('');
}

/** New root keys, vouched for by one side only. */
function rotateSignedBy(repository: TufRepository, side: 'new' | 'old'): void {
  const oldIds = new Set(repository.keys.root.map(({ id }) => id));
  repository.rotate(['root']);
  resign(repository.files, `${repository.versions.root}.root.json`, (signatures) => signatures.filter(({ keyid }) => oldIds.has(keyid) === (side === 'old')));
}

// ------------------------------------------------------------------------------------------------------------ bytes

function flip(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
}

/** White space after JSON changes nothing that is signed: only a cap stops it. */
function pad(bytes: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(length).fill(0x20);
  padded.set(bytes.subarray(0, length));
  return padded;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function isoSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/u, 'Z');
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From, name: string) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}

function withoutUndefined(record: Readonly<Record<string, Uint8Array | undefined>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined));
}

const DAY_MS = 86_400_000;
const LIFETIMES_MS: Record<TufRoleName, number> = { root: 365 * DAY_MS, targets: 365 * DAY_MS, snapshot: 30 * DAY_MS, timestamp: 7 * DAY_MS };
const DEFAULT_ROLES: Record<TufRoleName, { keys: number; threshold: number }> = {
  root: { keys: 3, threshold: 2 },
  targets: { keys: 1, threshold: 1 },
  snapshot: { keys: 1, threshold: 1 },
  timestamp: { keys: 1, threshold: 1 },
};
const LONG_AGO = new Date('2020-01-01T00:00:00Z');
