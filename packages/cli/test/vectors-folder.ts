/** The folder of the vectors: `ASSAY_VECTORS`, by default beside the repository; undefined where there is none. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export function findVectors(): string | undefined {
  const repository = fileURLToPath(new URL('../../..', import.meta.url));
  const folder = resolve(repository, process.env['ASSAY_VECTORS'] ?? '../shared/vectors');
  return existsSync(join(folder, 'bundles/cases.json')) ? folder : undefined;
}
