/** The policies and trust roots of a cluster as something that judges: read, resolved against the controller's namespace, compiled (admission.md 1.7). */
import { isTrustError, type JsonObject, quote, TrustError, type TrustedRoot } from '@assay/core';
import type { HttpClient } from '@assay/net';
import type { ImagePolicy, NamedImage, ReviewedObject } from '@assay/policy';
import {
  type ClusterImagePolicy,
  imagePolicyOf,
  type PolicyHash,
  parseClusterImagePolicy,
  resolvePolicy,
  withDefaults,
} from '@assay/policy/cluster-image-policy';
import { API_VERSION, KIND, nativePolicyOf } from '@assay/policy/native';
import { compileTrustRoot, parseTrustRoot, trustRootWithDefaults } from '@assay/policy/trust-root';
import type { Compiled, References } from './controller.ts';
import { metadataText, nameOf, versionOf } from './kubernetes/object.ts';

export interface PolicyCompilerOptions {
  /** For policies at URLs. */
  readonly http: HttpClient;
  /** Undefined: keys of key management services are not resolved, and such a policy denies. */
  readonly kmsPublicKey?: ((reference: string, hash: PolicyHash) => Promise<string>) | undefined;
}

/** Throws nothing of ours: what cannot be compiled denies what it is about. */
export function policyCompiler({ http, kmsPublicKey }: PolicyCompilerOptions): (object: JsonObject, references: References) => Promise<Compiled> {
  return async (object, references) => {
    const parsed = tryParse(object);
    if (isTrustError(parsed)) return refused(object, { reason: 'Invalid', message: parsed.message }, undefined);
    const resolved = await resolvePolicy(parsed, {
      secret: references.secret,
      configMap: references.configMap,
      kmsPublicKey: kmsPublicKey ?? noKeyServices,
      fetch: async (url) => http.request(url, { maxBytes: MAX_POLICY_BYTES }),
    });
    if ('reason' in resolved) return refused(object, resolved, parsed);
    return { policy: imagePolicyOf(resolved) };
  };
}

/** Errors: `POLICY_…`, `TRUST_ROOT_…`, `TUF_…`, `NET_…`. */
export function trustRootReader({ http, now }: { readonly http: HttpClient; readonly now: () => Date }): (object: JsonObject) => Promise<TrustedRoot> {
  return async (object) => {
    const trustRoot = trustRootWithDefaults(parseTrustRoot(withType(object, 'TrustRoot'), { metadata: 'lenient' }));
    return (await compileTrustRoot(trustRoot, { http, now: now() })).root;
  };
}

/** An ImagePolicy of ours, which refers to nothing in the cluster but TrustRoots. Throws nothing of ours. */
export async function compileNativePolicy(object: JsonObject, now: Date): Promise<Compiled> {
  const { status: _status, ...rest } = object;
  try {
    return { policy: nativePolicyOf({ ...rest, apiVersion: API_VERSION, kind: KIND }, now) };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const says = `the policy is not usable: ${quote(error.message, 1000)}`;
    return { policy: denyingPolicy(object, { kind: KIND, says }), failure: { reason: 'Invalid', message: error.message } };
  }
}

export interface Denying {
  readonly kind: string;
  readonly says: string;
  /** Default: every image. */
  readonly covers?: ImagePolicy['covers'];
  readonly mode?: ImagePolicy['mode'];
}

export function denyingPolicy(object: JsonObject, { kind, says, covers = () => true, mode = 'enforce' }: Denying): ImagePolicy {
  const name = nameOf(object);
  return {
    name,
    kind,
    uid: metadataText(object, 'uid'),
    resourceVersion: versionOf(object),
    mode,
    contextual: false,
    covers,
    judge: async () => {
      const check = { id: 'policy.part', status: 'fail', says: quote(says), code: 'POLICY_UNRESOLVED' } as const;
      return { policy: name, mode, ok: false, errors: [says], check, outcome: undefined };
    },
  };
}

function refused(object: JsonObject, failure: NonNullable<Compiled['failure']>, parsed: ClusterImagePolicy | undefined): Compiled {
  const kind = 'ClusterImagePolicy';
  const says = `the policy is not usable: ${quote(failure.message, 1000)}`;
  if (parsed === undefined) return { policy: denyingPolicy(object, { kind, says }), failure };
  const unresolved = imagePolicyOf(parsed);
  const covers = (image: NamedImage, reviewed: ReviewedObject | undefined): boolean => unresolved.covers(image, reviewed);
  return { policy: denyingPolicy(object, { kind, says, covers, mode: unresolved.mode }), failure };
}

function tryParse(object: JsonObject): ClusterImagePolicy | TrustError {
  try {
    return withDefaults(parseClusterImagePolicy(withType(object, 'ClusterImagePolicy'), { metadata: 'lenient' }));
  } catch (error) {
    if (isTrustError(error)) return error;
    throw error;
  }
}

/** Items of a list do not say what they are. */
function withType(object: JsonObject, kind: string): JsonObject {
  const { status: _status, ...rest } = object;
  return { ...rest, apiVersion: 'policy.sigstore.dev/v1alpha1', kind };
}

async function noKeyServices(reference: string): Promise<string> {
  throw new TrustError('POLICY_REFERENCE', `keys of key management services are not resolved here: ${quote(reference)}`);
}

const MAX_POLICY_BYTES = 1.5 * 1024 * 1024;
