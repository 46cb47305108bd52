/** Chart.lock, which pins dependencies: it is written anew into packages, with all of its members. */
import { TrustError } from '@assay/core';
import { type ChartDependency, dependencyTree, readDependencies } from './metadata.ts';
import type { Tree } from './tree.ts';
import { TreeFields } from './tree-fields.ts';
import { parseYaml } from './yaml-read.ts';
import { encodeYaml } from './yaml-write.ts';

export interface ChartLock {
  /** RFC 3339. */
  readonly generated: string;
  readonly digest: string;
  /** Undefined when there is no such member. */
  readonly dependencies: readonly ChartDependency[] | undefined;
}

/** Undefined for an empty document. Errors: `CHART_FILE`. */
export function parseLock(data: Uint8Array, file: string): ChartLock | undefined {
  const tree = parseYaml(data, file);
  if (tree === null) return undefined;
  const fields = TreeFields.of(tree, file, 'Lock');
  return {
    generated: fields.has('generated') ? timeText(fields.text('generated'), file) : '0001-01-01T00:00:00Z',
    digest: fields.text('digest'),
    dependencies: fields.has('dependencies') ? readDependencies(fields) : undefined,
  };
}

export function lockYaml({ generated, digest, dependencies }: ChartLock): string {
  return encodeYaml(
    new Map<string, Tree>([
      ['generated', generated],
      ['digest', digest],
      ['dependencies', dependencies?.map(dependencyTree) ?? null],
    ]),
  );
}

/** As Go prints the time again: no zeros at the end of the fraction, and Z for UTC. */
function timeText(text: string, file: string): string {
  const [, time, fraction = '', zone = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[-+]\d\d:\d\d)$/.exec(text) ?? [];
  if (time === undefined || Number.isNaN(Date.parse(`${time}Z`))) throw new TrustError('CHART_FILE', `cannot load ${file}: generated is not a time`);
  const digits = fraction.slice(0, 9).replace(/0+$/, '');
  return `${time}${digits && `.${digits}`}${/^[-+]00:00$/.test(zone) ? 'Z' : zone}`;
}
