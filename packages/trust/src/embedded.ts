/**
 * Public Sigstore as the npm package `@sigstore/tuf` ships it: its TUF root and the targets of that day.
 *
 * Its `seeds.json` is `{ "<mirror URL>": { "root.json": base64, "targets": { "<percent-encoded name>": base64 } } }`.
 * Loaded only when called; a bundler may inline it, since it is imported, not read from a path.
 */
import { quote, TrustError } from '@assay/core';

/** The mirror of public Sigstore. */
export const PUBLIC_MIRROR = 'https://tuf-repo-cdn.sigstore.dev';

export interface EmbeddedRepository {
  /** The TUF root, for updates to start from. */
  readonly root: Uint8Array;
  /** Target name, e.g. `trusted_root.json`, to its bytes. There is no signing config among them today. */
  readonly targets: ReadonlyMap<string, Uint8Array>;
  /** e.g. `@sigstore/tuf 5.0.1`. */
  readonly packageVersion: string;
}

/** What is embedded for a mirror; undefined when nothing is. */
export async function embeddedRepository(mirror: string): Promise<EmbeddedRepository | undefined> {
  const { default: seeds } = await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } });
  const seed = (seeds as Readonly<Record<string, Seed>>)[mirror];
  if (seed === undefined) return undefined;
  const { default: manifest } = await import('@sigstore/tuf/package.json', { with: { type: 'json' } });
  return {
    root: decode(seed['root.json']),
    targets: new Map(Object.entries(seed.targets).map(([name, content]) => [decodeURIComponent(name), decode(content)])),
    packageVersion: `${manifest.name} ${manifest.version}`,
  };
}

/**
 * The bytes of public Sigstore's `trusted_root.json`, as embedded. Needs no network and no cache.
 * @throws TrustError TRUST_ROOT_MISSING when the package no longer ships it
 */
export async function embeddedPublicRoot(): Promise<Uint8Array> {
  const bytes = (await embeddedRepository(PUBLIC_MIRROR))?.targets.get(TRUSTED_ROOT);
  if (bytes === undefined) throw new TrustError('TRUST_ROOT_MISSING', `@sigstore/tuf ships no ${quote(TRUSTED_ROOT)} for ${quote(PUBLIC_MIRROR)}`);
  return bytes;
}

/**
 * The name of the target that holds the keys of npm's registry, `HOST/keys.json`: public Sigstore has one registry's keys, and the host is its default.
 * @throws TrustError TRUST_ROOT_MISSING when the package no longer ships it
 */
export async function registryKeysTarget(): Promise<string> {
  const names = (await embeddedRepository(PUBLIC_MIRROR))?.targets.keys() ?? [];
  const name = [...names].find((its) => its.endsWith('/keys.json'));
  if (name === undefined) throw new TrustError('TRUST_ROOT_MISSING', `@sigstore/tuf ships no keys of a registry for ${quote(PUBLIC_MIRROR)}`);
  return name;
}

/** The target that holds the trusted root, in every Sigstore TUF repository. */
export const TRUSTED_ROOT = 'trusted_root.json';

interface Seed {
  readonly 'root.json': string;
  readonly targets: Readonly<Record<string, string>>;
}

function decode(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
