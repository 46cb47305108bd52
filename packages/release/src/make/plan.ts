/**
 * The steps of a release, in the order in which nothing is pointed to that is not whole:
 *
 *   archives of charts                                     in the folder alone
 *   files, their SBOMs, signatures and attestations       in the folder, too
 *   images and charts                                      pushed by digest, signed and attested there: no tag leads to them
 *   assay.release.json                                     names all of it, and is signed
 *
 * Tags are set behind them all (`publish.ts`), when the whole has been verified.
 */
import { quote, TrustError } from '@assay/core';
import { OCI_MANIFEST } from '@assay/oci';
import { tagOf } from '@assay/oci/chart';
import { outputNameOf } from '@assay/slsa/generate';
import type { ReleaseConfig } from '../config.ts';
import { CHECKSUMS_FILE, RELEASE_FILE } from '../release.ts';
import { chartSteps } from './chart-steps.ts';
import { describeStep } from './describe-step.ts';
import { fileSteps } from './file-steps.ts';
import { read } from './folder.ts';
import { imageSteps } from './image-steps.ts';
import type { ReleaseInputs } from './inputs.ts';
import { archiveName, chartBase, manifestName } from './names.ts';
import type { TagToSet } from './publish.ts';
import type { Local, Step } from './step.ts';
import { checksumsStep, provenanceStep, signFileStep } from './whole-steps.ts';

export interface Plan {
  readonly config: ReleaseConfig;
  readonly inputs: ReleaseInputs;
  /** Done first, since their digests decide whether the version is free. */
  readonly packed: readonly Step<Local>[];
  readonly steps: readonly Step[];
  /** What is pointed to when the steps are done. */
  readonly tags: readonly TagToSet[];
}

/** Errors: `RELEASE_INPUT` for two things that would have one name. */
export function planRelease(config: ReleaseConfig, inputs: ReleaseInputs): Plan {
  const files = inputs.files.flatMap((file) => fileSteps(file, config.sbom));
  const charts = inputs.charts.map((chart) => chartSteps(chart, inputs));
  const images = inputs.images.flatMap((image) => imageSteps(image, inputs.version, config.sbom));
  const packed = charts.flatMap(({ pack }) => pack);
  const subjects = [...inputs.files.map(({ name }) => name), ...inputs.charts.map(archiveName)].sort();
  const provenance = subjects.length === 0 ? undefined : outputNameOf(subjects.map((name) => ({ name, digest: { sha256: '' } })));
  const steps = [
    ...files,
    ...images,
    ...charts.flatMap(({ push }) => push),
    checksumsStep(checkedOf([...files, ...packed, ...images])),
    signFileStep(CHECKSUMS_FILE),
    ...(provenance === undefined ? [] : [provenanceStep(subjects, provenance)]),
    describeStep(config, inputs, provenance),
    signFileStep(RELEASE_FILE),
  ];
  refuseTwice([...packed, ...steps]);
  return { config, inputs, packed, steps, tags: tagsOf(inputs) };
}

/** What people download: not the evidence, which proves itself, and not manifests, which lie in registries. */
function checkedOf(steps: readonly Pick<Step, 'makes'>[]): string[] {
  const names = steps.flatMap(({ makes }) => makes).filter((name) => !/\.(?:sigstore|manifest)\.json$/.test(name));
  return [...new Set(names)].sort();
}

function tagsOf({ images, charts }: ReleaseInputs): TagToSet[] {
  return [
    ...images.flatMap(({ repository, tags, stored }) =>
      tags.map((tag) => ({ repository, ...tag, manifest: () => stored.bytes, mediaType: stored.descriptor.mediaType })),
    ),
    ...charts.map(
      (input): TagToSet => ({
        repository: input.repository,
        tag: tagOf(input.version),
        kind: 'of the version',
        manifest: (work) => read(work, manifestName(chartBase(input.chart.metadata.name))),
        mediaType: OCI_MANIFEST,
      }),
    ),
  ];
}

function refuseTwice(steps: readonly Pick<Step, 'makes'>[]): void {
  const made = new Set<string>();
  for (const name of steps.flatMap(({ makes }) => makes)) {
    if (made.has(name))
      throw new TrustError('RELEASE_INPUT', `two things of the release would be the file ${quote(name)}`, { hint: 'give one of them another name' });
    made.add(name);
  }
}
