/** Reviews and policies for tests. */
import type { JsonObject } from '@assay/core';
import type { ImagePolicy, NamedImage } from '@assay/policy';
import type { GroupVersionKind, ReviewRequest } from '../src/review.ts';

export const DIGEST = `sha256:${'ab'.repeat(32)}`;
export const POD: GroupVersionKind = { group: '', version: 'v1', kind: 'Pod' };
export const DEPLOYMENT: GroupVersionKind = { group: 'apps', version: 'v1', kind: 'Deployment' };
export const CRON_JOB: GroupVersionKind = { group: 'batch', version: 'v1', kind: 'CronJob' };

export function request(kind: GroupVersionKind, object: JsonObject | undefined, more: Partial<ReviewRequest> = {}): ReviewRequest {
  return {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind,
    resource: { group: kind.group, version: kind.version, resource: `${kind.kind.toLowerCase()}s` },
    subResource: '',
    operation: 'CREATE',
    namespace: 'team',
    name: 'web',
    dryRun: false,
    object,
    oldObject: undefined,
    ...more,
  };
}

export function pod(...images: string[]): JsonObject {
  return { metadata: { name: 'web' }, spec: { containers: images.map((image, i) => ({ name: `c${i}`, image })) } };
}

export function deployment(replicas: number, image: string, metadata: JsonObject = {}): JsonObject {
  return { metadata: { name: 'web', ...metadata }, spec: { replicas, template: { spec: { containers: [{ name: 'c', image }] } } } };
}

/** The same as it comes over the wire. */
export function reviewBody({ oldObject, object, ...rest }: ReviewRequest, more: object = {}): Buffer {
  const asked = { ...rest, ...(object !== undefined && { object }), ...(oldObject !== undefined && { oldObject }) };
  return Buffer.from(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked, ...more }));
}

export interface FakePolicy extends Partial<Omit<ImagePolicy, 'judge' | 'covers'>> {
  readonly covers?: (image: NamedImage) => boolean;
  readonly errors?: (image: NamedImage) => readonly string[] | Promise<readonly string[]>;
}

/** One that says what it is told to; no evidence is looked at. */
export function fakePolicy({ covers = () => true, errors = () => [], ...rest }: FakePolicy = {}): ImagePolicy {
  const name = rest.name ?? 'p';
  const mode = rest.mode ?? 'enforce';
  return {
    kind: 'ClusterImagePolicy',
    uid: `uid-${name}`,
    resourceVersion: '1',
    contextual: false,
    ...rest,
    name,
    mode,
    covers: (image) => covers(image),
    async judge({ image }) {
      const found = await errors(image);
      const ok = found.length === 0;
      const check = ok
        ? { id: 'policy.any', status: 'pass' as const, says: 'holds' }
        : { id: 'policy.any', status: 'fail' as const, says: 'does not hold', code: 'POLICY_UNSATISFIED' as const };
      return { policy: name, mode, ok, errors: found, check, outcome: undefined };
    },
  };
}
