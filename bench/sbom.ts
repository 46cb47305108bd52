/** `assay sbom make` as a whole process against syft: three images on disk, the same kind of document written by both. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../packages/cli/test/foreign-tools.ts';
import { IMAGES, missingForImages, openImages } from '../packages/sbom/test/images/images.ts';
import { interleave } from './measure.ts';
import { type Published, peakMemory, timeProcess } from './published.ts';
import { mebibytes, type Report, times } from './report.ts';

export async function benchSbom(report: Report, published: Published, rounds: number): Promise<void> {
  const syft = findTool('syft', '1.52.0');
  report.title('sbom make, published build, whole process (three OCI layouts, CycloneDX written to a file)');
  const missing = missingForImages();
  if (missing !== undefined) {
    report.line(`not measured: the images cannot be built: ${missing}`);
    return;
  }
  const folder = join(published.folder, 'sbom');
  mkdirSync(folder);
  const images = await openImages();
  for (const name of IMAGES) {
    const args = ['sbom', 'make', images[name], '-o', `cyclonedx-json=${join(folder, 'ours.json')}`];
    const ours = (): number => timeProcess(published.assay, args, published.env);
    ours(); // the first run keeps its compiled code
    await report.target({ name: `${name}: of the time of syft ${syft.version}`, show: times, atMost: 0.7 }, async () => {
      if (syft.path === '') return undefined;
      const scan = ['scan', '--quiet', `oci-dir:${images[name]}`, '-o', `cyclonedx-json=${join(folder, 'theirs.json')}`];
      const theirs = (): number => timeProcess(syft.path, scan, { ...published.env, SYFT_CHECK_FOR_APP_UPDATE: 'false' });
      const median = await interleave({ ours, theirs }, rounds);
      report.line(`${name}: ours ${median.ours.toFixed(0)} ms, syft ${median.theirs.toFixed(0)} ms (medians of ${rounds})`);
      return median.ours / median.theirs;
    });
    report.line(`${name}: peak memory ${mebibytes(peakMemory(published, args))}`);
  }
}
