/** `assay.release.json`, from what the other steps have made. */
import { digestOf, repositoryText } from '@assay/oci';
import type { SbomFormat } from '@assay/sbom';
import type { ReleaseConfig } from '../config.ts';
import { CHECKSUMS_FILE, encodeRelease, RELEASE_FILE, RELEASE_MEDIA_TYPE, type Release, type ReleasedSbom } from '../release.ts';
import { read, sha256Of, write } from './folder.ts';
import type { ReleaseInputs } from './inputs.ts';
import { archiveName, attestationName, chartBase, imageBase, manifestName, provenanceName, sbomName, signatureName } from './names.ts';
import type { Step, Work } from './step.ts';

export function describeStep(config: ReleaseConfig, inputs: ReleaseInputs, provenance: string | undefined): Step {
  return {
    id: `describe ${inputs.version}`,
    says: `write ${RELEASE_FILE}`,
    makes: [RELEASE_FILE],
    run: async (work) => write(work, RELEASE_FILE, encodeRelease(describe(config, inputs, provenance, work))),
  };
}

function describe(
  { name, sbom: formats }: ReleaseConfig,
  { version, fingerprint, files, images, charts }: ReleaseInputs,
  provenance: string | undefined,
  work: Work,
): Release {
  return {
    mediaType: RELEASE_MEDIA_TYPE,
    name,
    version,
    inputs: fingerprint,
    ...(work.commit !== undefined && { commit: work.commit }),
    checksums: { name: CHECKSUMS_FILE, sha256: sha256Of(work, CHECKSUMS_FILE), signature: signatureName(CHECKSUMS_FILE) },
    ...(provenance !== undefined && { provenance }),
    files: files.map(({ name: file, sha256, size }) => ({ name: file, sha256, size, signature: signatureName(file), sboms: sbomsOf(file, formats, work) })),
    images: images.map(({ name: image, repository, tags, stored, platforms }) => ({
      name: image,
      repository: repositoryText(repository),
      digest: stored.descriptor.digest as `sha256:${string}`,
      // Where `latest` leads tomorrow is no part of this release.
      tags: tags.flatMap(({ tag, kind }) => (kind === 'moving' ? [] : [tag])),
      manifest: manifestName(imageBase(image)),
      signature: signatureName(imageBase(image)),
      provenance: provenanceName(imageBase(image)),
      platforms: platforms.map(({ platform, image: child }) => ({
        platform,
        digest: child.descriptor.digest as `sha256:${string}`,
        sboms: sbomsOf(imageBase(image, platform), formats, work),
      })),
    })),
    charts: charts.map((input) => {
      const { chart, version: its, repository, config } = input;
      const base = chartBase(chart.metadata.name);
      return {
        name: chart.metadata.name,
        version: its,
        repository: repositoryText(repository),
        digest: digestOf(read(work, manifestName(base))) as `sha256:${string}`,
        archive: archiveName(input),
        sha256: sha256Of(work, archiveName(input)),
        archiveSignature: signatureName(archiveName(input)),
        manifest: manifestName(base),
        signature: signatureName(base),
        provenance: provenanceName(base),
        images: { ...config.images },
      };
    }),
  };
}

function sbomsOf(base: string, formats: readonly SbomFormat[], work: Work): ReleasedSbom[] {
  return formats.map((format) => {
    const name = sbomName(base, format);
    return { name, sha256: sha256Of(work, name), format, attestation: attestationName(base, format) };
  });
}
