/** The roles of whoever asks, as rules of Kyverno name them: `NAMESPACE:NAME` of Roles, and names of ClusterRoles. Bindings are read when a policy needs them. */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import { Kept } from '../kept.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { listObjects } from '../kubernetes/list.ts';
import { metadataText } from '../kubernetes/object.ts';
import type { RequestUser } from '../review.ts';

export interface Roles {
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
}

export class UserRoles {
  readonly #client: Pick<KubernetesClient, 'get'>;
  readonly #bindings = new Kept<readonly JsonObject[]>({ maxEntries: 2, lifetimeMs: () => KEPT_MS, now: () => performance.now() });

  constructor(client: Pick<KubernetesClient, 'get'>) {
    this.#client = client;
  }

  /** Errors: `ADMISSION_API`, `NET_…`. */
  async of(user: RequestUser): Promise<Roles> {
    const [bindings, clusterBindings] = await Promise.all([this.#list('rolebindings'), this.#list('clusterrolebindings')]);
    const roles = new Set<string>();
    const clusterRoles = new Set<string>();
    for (const binding of [...bindings, ...clusterBindings]) {
      const namespace = metadataText(binding, 'namespace');
      const { roleRef, subjects } = binding;
      if (!isJsonObject(roleRef) || typeof roleRef['name'] !== 'string' || !Array.isArray(subjects)) continue;
      if (!subjects.some((subject) => isSubject(subject, namespace, user))) continue;
      if (roleRef['kind'] === 'ClusterRole') clusterRoles.add(roleRef['name']);
      else roles.add(`${namespace}:${roleRef['name']}`);
    }
    return { roles: [...roles], clusterRoles: [...clusterRoles] };
  }

  async #list(resource: string): Promise<readonly JsonObject[]> {
    return this.#bindings.get([resource], () => listObjects(this.#client, `${RBAC}/${resource}`));
  }
}

function isSubject(subject: Json, namespace: string, { username, groups }: RequestUser): boolean {
  if (!isJsonObject(subject)) return false;
  const { kind, name } = subject;
  if (typeof name !== 'string') return false;
  if (kind === 'User') return name === username;
  if (kind === 'Group') return groups.includes(name);
  const where = typeof subject['namespace'] === 'string' && subject['namespace'] !== '' ? subject['namespace'] : namespace;
  return kind === 'ServiceAccount' && username === `system:serviceaccount:${where}:${name}`;
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const KEPT_MS = 10_000;
