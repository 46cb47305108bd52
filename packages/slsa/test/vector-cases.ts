/** Cases of the vectors in `slsa/`, for tests at the level of the API. The folder is `ASSAY_VECTORS`, by default beside the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface VectorCase {
  readonly name: string;
  readonly args: readonly string[];
  readonly expect: 'accept' | 'reject';
  readonly error?: { readonly id: string; readonly text: string };
}

const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const VECTORS = join(resolve(repository, process.env['ASSAY_VECTORS'] ?? '../shared/vectors'), 'slsa');

/** Those whose name begins so; none where there are no vectors. */
export function vectorCases(prefix: string): VectorCase[] {
  if (!existsSync(join(VECTORS, 'cases.json'))) return [];
  const { cases } = JSON.parse(readFileSync(join(VECTORS, 'cases.json'), 'utf8')) as { cases: VectorCase[] };
  return cases.filter(({ name }) => name.startsWith(prefix));
}

export function readVector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(VECTORS, path)));
}

/** Every value of a flag. */
export function flagValues({ args }: VectorCase, name: string): string[] {
  return args.flatMap((arg, i) => (arg === `--${name}` && args[i + 1] !== undefined ? [args[i + 1] as string] : []));
}
