/**
 * Who signs: the newest root says which keys count, and we have some of them.
 *
 * Keys are looked up by what the root lists, not by what the caller believes to be current: after a rotation that was cut short either may be so.
 */
import { TrustError } from '@assay/core';
import type { TufKey } from '@assay/make';
import { type Metadata, ROLES, type RoleName } from './published.ts';

export interface TufKeys {
  /** Of which more than half must sign a root. */
  readonly root: readonly TufKey[];
  /** Of which more than half must sign targets. */
  readonly targets: readonly TufKey[];
  /** Signs snapshot and timestamp. */
  readonly online: TufKey;
}

export interface Role {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

/** By id; every key that was ever given. */
export class KeyPool {
  readonly #keys = new Map<string, TufKey>();

  add({ root, targets, online }: Partial<TufKeys>, others: readonly TufKey[] = []): void {
    for (const key of [...(root ?? []), ...(targets ?? []), ...(online === undefined ? [] : [online]), ...others]) this.#keys.set(key.id, key);
  }

  /** Those of the role that are at hand. Errors: `STACK_DATA` when they are fewer than must sign. */
  signers(root: Metadata, role: RoleName): TufKey[] {
    const { keyids, threshold } = roleOf(root, role);
    const keys = keyids.flatMap((id) => this.#keys.get(id) ?? []);
    if (keys.length >= threshold) return keys;
    throw new TrustError(
      'STACK_DATA',
      `root ${root.version} of the TUF repository wants ${threshold} of its keys to sign ${role}, and ${keys.length} are here`,
    );
  }
}

export function roleOf({ signed }: Metadata, role: RoleName): Role {
  const fields = signed.object('roles').object(role);
  const keyids = fields.json['keyids'];
  return {
    keyids: Array.isArray(keyids) ? keyids.filter((id) => typeof id === 'string') : fields.missing('keyids'),
    threshold: Number(fields.int64('threshold')),
  };
}

export function isSignedWith(root: Metadata, keys: TufKeys): boolean {
  const wanted = nextRoles(undefined, keys).roles;
  return ROLES.every((role) => JSON.stringify(roleOf(root, role)) === JSON.stringify(wanted[role]));
}

/** The `keys` and `roles` of a root: those of the one before it, where there is one, with these keys in the place of old ones. */
export function nextRoles(before: Metadata | undefined, keys: Partial<TufKeys>): { keys: Record<string, unknown>; roles: Record<RoleName, Role> } {
  const online = keys.online && [keys.online];
  const changed = { root: keys.root, targets: keys.targets, snapshot: online, timestamp: online };
  const role = (name: RoleName): Role => {
    const own = changed[name];
    if (own !== undefined) return { keyids: own.map(({ id }) => id), threshold: Math.floor(own.length / 2) + 1 };
    if (before !== undefined) return roleOf(before, name);
    throw new TypeError(`the first root needs keys for ${name}`);
  };
  const roles = { root: role('root'), targets: role('targets'), snapshot: role('snapshot'), timestamp: role('timestamp') };
  const known: Record<string, unknown> = { ...before?.signed.object('keys').json };
  for (const { id, publicKey } of Object.values(changed).flatMap((own) => own ?? [])) known[id] = publicKey;
  const listed = Object.values(roles).flatMap(({ keyids }) => keyids);
  return { keys: Object.fromEntries(listed.map((id) => [id, known[id]])), roles };
}

/** Each once. */
export function union(...lists: readonly (readonly TufKey[])[]): TufKey[] {
  return [...new Map(lists.flat().map((key) => [key.id, key])).values()];
}
