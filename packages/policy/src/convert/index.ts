/** `@assay/policy/convert`: policies of every dialect into each other, through the native one. What cannot be expressed is told, item by item. */
export { fromClusterImagePolicy } from './from-cluster-image-policy.ts';
export { fromImageValidatingPolicy } from './from-image-validating-policy.ts';
export { fromKyverno } from './from-kyverno.ts';
export { type Loss, Losses, lossText } from './loss.ts';
export { type Manifest, toClusterImagePolicies } from './to-cluster-image-policy.ts';
export { toCosign } from './to-cosign.ts';
export { toImageValidatingPolicy } from './to-image-validating-policy.ts';
export { toKyverno } from './to-kyverno.ts';
