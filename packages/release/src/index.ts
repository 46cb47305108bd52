/** `@assay/release`: a whole release, made and verified as one. Everything public, by name. */
export { type Checksum, encodeChecksums, MAX_CHECKSUMS_BYTES, parseChecksums } from './checksums.ts';
export { type BaseImage, type ChartConfig, type ImageConfig, parseReleaseConfig, type ReleaseConfig } from './config.ts';
export { type ReleaseInputs, readInputs } from './make/inputs.ts';
export { type Plan, planRelease } from './make/plan.ts';
export { tagText } from './make/publish.ts';
export { forget, type RunOptions, runRelease } from './make/run.ts';
export type { ReleaseSigner, Step, Work } from './make/step.ts';
export { encodeRelease, parseRelease, RELEASE_FILE, RELEASE_MEDIA_TYPE, type Release } from './release.ts';
export type { Judge } from './verify/evidence.ts';
export { publishedChecks } from './verify/published.ts';
export { type VerifyChecksumsOptions, verifyChecksums } from './verify/verify-checksums.ts';
export { type VerifiedRelease, type VerifyReleaseOptions, verifyRelease } from './verify/verify-release.ts';
