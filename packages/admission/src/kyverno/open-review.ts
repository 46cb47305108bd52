/** A review as Kyverno's policies see it: the object with its kind, version and namespace, the labels of that namespace, and whoever asks. */
import { isJsonObject, isTrustError, type JsonObject } from '@assay/core';
import { NO_METADATA, type Operation, type Review, type ReviewUser } from '@assay/policy/kyverno';
import type { ReviewRequest } from '../review.ts';
import { readWorkload, type Workload } from '../workload.ts';
import type { KyvernoPolicies } from './policies.ts';
import type { UserRoles } from './user-roles.ts';
import { openWorld, type WorldOptions } from './world.ts';

export interface ReviewOptions extends WorldOptions {
  readonly policies: Pick<KyvernoPolicies, 'inForce' | 'namespaceLabels'>;
  readonly roles: Pick<UserRoles, 'of'>;
  readonly onProblem?: ((what: string, problem: unknown) => void) | undefined;
}

/** Whether a request need not be looked at: it starts nothing. */
export function isExempt({ operation, subResource, oldObject }: ReviewRequest): boolean {
  if (operation === 'DELETE' || operation === 'CONNECT' || subResource === 'status') return true;
  const metadata = oldObject?.['metadata'];
  return isJsonObject(metadata) && typeof metadata['deletionTimestamp'] === 'string';
}

/** Errors: `ADMISSION_API`, `NET_…` for a namespace whose labels cannot be read. */
export async function openReview(request: ReviewRequest, options: ReviewOptions): Promise<Review & { readonly object: JsonObject }> {
  const { operation, subResource, namespace, object = {}, oldObject } = request;
  const [namespaceLabels, user, world] = await Promise.all([
    options.policies.namespaceLabels(namespace),
    userOf(request, options),
    openWorld(workloadOf(request), options),
  ]);
  return {
    operation: operation as Operation,
    object: asStored(object, request),
    ...(oldObject !== undefined && { oldObject: asStored(oldObject, request) }),
    subresource: subResource,
    namespaceLabels,
    ...(user !== undefined && { user }),
    produced: NO_METADATA,
    world,
  };
}

/** What the API server says of it goes before what the object says of itself. */
function asStored(object: JsonObject, { kind: { group, version, kind }, namespace, name }: ReviewRequest): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const named = metadata['name'] === undefined && name !== '' ? { name } : {};
  return {
    ...object,
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    metadata: { ...metadata, ...named, ...(namespace !== '' && { namespace }) },
  };
}

/** Undefined where it is not known what he may do: no rule is left out then, and none exempts him. */
async function userOf({ user }: ReviewRequest, { policies, roles, onProblem }: ReviewOptions): Promise<ReviewUser | undefined> {
  if (user === undefined) return undefined;
  if (!policies.inForce.asksForRoles) return { ...user, roles: [], clusterRoles: [] };
  try {
    return { ...user, ...(await roles.of(user)) };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    onProblem?.('roles', error);
    return undefined;
  }
}

/** Rules may be about kinds that hold no pods, by extractors of their own: those log in as nobody. */
function workloadOf(request: ReviewRequest): Workload {
  try {
    return readWorkload(request);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const { kind, object = {}, namespace } = request;
    const member = (name: string): JsonObject => (isJsonObject(object[name]) ? object[name] : {});
    const login = { namespace, serviceAccount: 'default', pullSecrets: [] };
    return { object: { ...kind, namespace, metadata: member('metadata'), spec: member('spec') }, path: '', images: [], login };
  }
}
