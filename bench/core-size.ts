/** The engine as a browser downloads it. */
import { coreSize } from '../tools/build.ts';
import { kilobytes, type Report } from './report.ts';

export async function benchCoreSize(report: Report): Promise<void> {
  report.title('@assay/core bundled for browsers');
  const { minified, gzipped } = await coreSize();
  report.line(`minified ${kilobytes(minified)}`);
  await report.target({ name: 'minified and gzip', show: kilobytes, atMost: 120 * 1024 }, () => gzipped);
}
