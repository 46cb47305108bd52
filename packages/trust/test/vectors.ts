/** The shared vectors: `ASSAY_VECTORS`, or `../shared/vectors` beside the repository. Tests without them skip, visibly. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = process.env['ASSAY_VECTORS'] ?? join(import.meta.dirname, '../../../../shared/vectors');

export const hasVectors = existsSync(join(FOLDER, 'tuf'));

/** Roots 1 to 15 of public Sigstore. */
export function publicRoots(): Uint8Array[] {
  return Array.from({ length: 15 }, (_, index) => new Uint8Array(readFileSync(join(FOLDER, `tuf/metadata/root_history/${index + 1}.root.json`))));
}
