/** `@assay/oci/chart`: Helm charts in folders, archives and registries. Apart from the rest, since YAML and tar take time to load. */
export { type ChartFile, looksLikeArchive, MAX_CHART_BYTES, MAX_CHART_FILE_BYTES, readArchive } from './archive.ts';
export { type Chart, parseChart } from './chart.ts';
export { expandChart, type FolderOptions, loadChartFolder } from './folder.ts';
export type { ChartLock } from './lock.ts';
export { type ChartDependency, type ChartMaintainer, type ChartMetadata, metadataYaml } from './metadata.ts';
export { type ChartPackage, type PackageOptions, packageChart } from './package.ts';
export {
  type ProvenanceOptions,
  type ProvenanceSubject,
  type SigningOptions,
  signProvenance,
  type VerifiedProvenance,
  verifyProvenance,
} from './provenance.ts';
export { type PulledChart, pullChart, resolveChartVersion } from './pull.ts';
export { type ChartArtifact, type ChartToPush, describeChart, type PushedChart, pushChart, putChart } from './push.ts';
export { type ChartReference, isOciUrl, parseChartReference, tagOf } from './reference.ts';
