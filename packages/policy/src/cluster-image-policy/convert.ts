/**
 * Conversion between the versions (admission.md 1.4): field for field, but for an `rfc3161timestamp` that names no trust root, which is dropped.
 *
 * Upstream also drops a `ctlog` without `url`, and with it the demand for a log that its `trustRootRef` makes. We keep it: otherwise a policy asks for
 * less than it says.
 */
import type { Authority, ClusterImagePolicy, ClusterImagePolicyVersion } from './types.ts';

export interface Converted {
  readonly policy: ClusterImagePolicy;
  /** In what the conversion differs from upstream's. */
  readonly notes: readonly string[];
}

export function convertPolicy(policy: ClusterImagePolicy, version: ClusterImagePolicyVersion): Converted {
  if (policy.version === version) return { policy, notes: [] };
  const { authorities } = policy.spec;
  const kept = authorities.flatMap(({ name, ctlog }, i) =>
    ctlog !== undefined && ctlog.url === undefined && ctlog.trustRootRef ? [name || `authority-${i}`] : [],
  );
  return {
    policy: { ...policy, version, spec: { ...policy.spec, authorities: authorities.map(convertAuthority) } },
    notes: kept.map((name) => `authority ${name}: ctlog without url is kept; policy-controller drops it and then checks no transparency log`),
  };
}

function convertAuthority({ ctlog, rfc3161timestamp, ...rest }: Authority): Authority {
  return {
    ...rest,
    ...((ctlog?.url !== undefined || ctlog?.trustRootRef) && { ctlog }),
    ...(rfc3161timestamp?.trustRootRef && { rfc3161timestamp }),
  };
}
