/** A large layer copied between two registries whose blobs lie on disk: what is copied must not pass through memory as a whole. */
import { join } from 'node:path';
import { type Published, peakMemory } from './published.ts';
import { startRegistry } from './registry.ts';
import { mebibytes, type Report } from './report.ts';

export async function benchCopyLayer(report: Report, published: Published, layerBytes: number): Promise<void> {
  const from = await startRegistry({ folder: join(published.folder, 'from'), layerBytes });
  try {
    report.title(`an image with a layer of ${mebibytes(layerBytes)} copied between two registries on loopback, published build`);
    for (const command of [['copy'], ['crane', 'copy']]) {
      const copy = [...command, `${from.host}/app:large`];
      await report.target({ name: `peak memory of ${command.join(' ')}`, show: mebibytes, atMost: 150 * 2 ** 20 }, () => measure(report, published, copy));
    }
  } finally {
    await from.stop();
  }
}

/** To an empty registry each time: a layer that is there already would not be copied. */
async function measure(report: Report, published: Published, copy: readonly string[]): Promise<number> {
  const to = await startRegistry({ folder: join(published.folder, 'to') });
  try {
    const start = performance.now();
    const peak = peakMemory(published, [...copy, `${to.host}/app:large`]);
    report.line(`${copy.slice(0, -1).join(' ')}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return peak;
  } finally {
    await to.stop();
  }
}
