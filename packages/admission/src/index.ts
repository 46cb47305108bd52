/** `@assay/admission`: the webhook that lets images in. Everything public, by name. */
export type { WebhookNames } from './certificate/ca-bundle.ts';
export { type CertificateStore, folderStore, secretStore } from './certificate/store.ts';
export type { InForce } from './controller.ts';
export type { ClusterOptions, Judging, JudgingOptions } from './judging.ts';
export type { PodKeychain, PodKeychains } from './keychain.ts';
export { createKubernetesClient, type KubernetesClient } from './kubernetes/client.ts';
export { type KubeConfig, type KubeConfigOptions, loadKubeConfig } from './kubernetes/kube-config.ts';
export type { KyvernoOptions } from './kyverno/open-kyverno.ts';
export type { GroupVersionKind, PatchOperation, Review, ReviewAnswer, ReviewRequest } from './review.ts';
export type { ReviewHook } from './review-route.ts';
export {
  type Admission,
  type AdmissionOptions,
  type AdmissionParts,
  type CertificateOptions,
  type ServedClusterOptions,
  serveAdmission,
} from './serve-admission.ts';
export type { HttpAnswer, HttpAsk, Listen, Route, Routes } from './server.ts';
export { type SimulatedImage, type SimulatedWorkload, type SimulateOptions, simulate } from './simulate.ts';
export type { Subjects } from './subjects.ts';
export { type NoMatchPolicy, validateWorkload, validationAnswer } from './validate.ts';
export type { SmallVerdict, VerdictCache } from './verdict-cache.ts';
export { exemption, type PodLogin, readWorkload, type Workload, type WorkloadImage } from './workload.ts';
export type { WorkloadHooks } from './workload-hooks.ts';
