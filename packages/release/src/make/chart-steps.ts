/** A chart of the release: packaged with the digests of the release's images, pushed by digest, signed and attested there. */
import { quote, TrustError } from '@assay/core';
import { digestOf, OCI_MANIFEST, repositoryText } from '@assay/oci';
import { type Chart, type ChartArtifact, describeChart, packageChart, parseChart, putChart } from '@assay/oci/chart';
import { parseDocument } from 'yaml';
import { read, write } from './folder.ts';
import { artifactSteps } from './image-steps.ts';
import type { InputChart, InputImage, ReleaseInputs } from './inputs.ts';
import { archiveName, chartBase, manifestName } from './names.ts';
import type { Local, Step, Work } from './step.ts';
import { signFileStep } from './whole-steps.ts';

export interface ChartSteps {
  readonly pack: readonly Step<Local>[];
  readonly push: readonly Step[];
}

export function chartSteps(input: InputChart, inputs: ReleaseInputs): ChartSteps {
  const { chart, repository, version } = input;
  const base = chartBase(chart.metadata.name);
  const where = repositoryText(repository);
  const subject = (work: Work) => {
    const bytes = read(work, manifestName(base));
    return { mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length };
  };
  return {
    pack: [packStep(input, inputs)],
    push: [
      pushStep(input, where),
      ...artifactSteps({ base, where, repository, subject, annotation: ['chartVersion', version] }),
      signFileStep(archiveName(input)),
    ],
  };
}

/** Archive and manifest: the same inputs give the same bytes. */
function packStep(input: InputChart, { images }: ReleaseInputs): Step<Local> {
  const { chart, archive, version, config } = input;
  const file = archiveName(input);
  const manifest = manifestName(chartBase(chart.metadata.name));
  const pinned = Object.entries(config.images).map(([path, name]) => `${path}.digest of ${name}`);
  return {
    id: `package ${file}`,
    says: `package ${file}${pinned.length === 0 ? '' : `, with ${pinned.join(', ')}`}`,
    makes: [file, manifest],
    run: async (work) => {
      const packed = archive ?? packageChart(withDigests(chart, config.images, images), { modified: work.time, version, appVersion: version }).archive;
      write(work, file, packed);
      write(work, manifest, (await describe(packed, work)).manifest);
    },
  };
}

async function describe(archive: Uint8Array, { time }: Local): Promise<ChartArtifact> {
  const { metadata } = await parseChart(archive);
  return describeChart({ archive, metadata, created: time.toISOString().replace(/\.\d+Z$/, 'Z') });
}

function withDigests(chart: Chart, wanted: Readonly<Record<string, string>>, images: readonly InputImage[]): Chart {
  if (Object.keys(wanted).length === 0) return chart;
  const document = parseDocument(new TextDecoder().decode(chart.values));
  const [broken] = document.errors;
  if (broken !== undefined) throw new TrustError('RELEASE_CONFIG', `values.yaml: ${quote(broken.message)}`);
  for (const [path, name] of Object.entries(wanted)) {
    const image = images.find((one) => one.name === name);
    if (image === undefined) throw new TypeError(`no image ${name}`);
    const steps = path.split('.');
    if (!document.hasIn(steps)) {
      throw new TrustError('RELEASE_CONFIG', `values.yaml has nothing at ${quote(path)}`, {
        expected: `${path}.repository: ${repositoryText(image.repository)}`,
        found: 'nothing',
      });
    }
    const [registry, repository] = ['registry', 'repository'].map((key) => document.getIn([...steps, key]));
    const named = [registry, repository].filter((part) => typeof part === 'string' && part !== '').join('/');
    if (named !== repositoryText(image.repository)) {
      throw new TrustError('RELEASE_CONFIG', `values.yaml: ${quote(path)} names another repository than the image ${quote(name)} is released to`, {
        expected: repositoryText(image.repository),
        found: quote(named) || 'nothing',
      });
    }
    document.setIn([...steps, 'digest'], image.stored.descriptor.digest);
  }
  return { ...chart, values: Buffer.from(document.toString({ lineWidth: 0 })) };
}

function pushStep(input: InputChart, where: string): Step {
  return {
    id: `push ${where} ${input.version}`,
    says: `push the chart ${where} ${input.version} by digest, without a tag`,
    makes: [],
    run: async (work) => {
      await putChart(await describe(read(work, archiveName(input)), work), work.registries.repository(input.repository));
    },
  };
}
