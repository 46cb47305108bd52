/**
 * A defect: a bundle that is valid but for one thing, and the code of the check that must notice it first.
 *
 * A row is written as a valid signing (`base`) plus what is broken. `baseline()` makes the valid one, so that tests can
 * show that a row is refused for its defect and for nothing else.
 */
import { type ErrorCode, utf8 } from '@assay/core';
import { createInstance, type Instance, type InstanceOptions } from '../instance.ts';
import type { Alterations, Sample, SamplePolicy, SignOptions } from '../sample.ts';

export interface Defect {
  /** Kebab-case and unique. */
  readonly name: string;
  /** Of the first failing check. */
  readonly code: ErrorCode;
  /** The rule that is broken, e.g. `verification.md §7`. */
  readonly spec: string;
  /** What is broken, and which attack or accident it stands for. */
  readonly says: string;
  make(): Sample;
  /** The same without the defect: must be accepted. */
  baseline(): Sample;
}

export interface Base {
  readonly instance?: InstanceOptions;
  readonly sign?: Omit<SignOptions, 'alter'>;
}

export interface DefectRow extends Base {
  readonly name: string;
  readonly code: ErrorCode;
  /** Section of verification.md. */
  readonly section: number;
  readonly says: string;
  /** The valid signing that the defect is put into; a 0.3 message bundle with a Rekor v1 entry when absent. */
  readonly base?: Base;
  readonly alter?: Alterations | ((instance: Instance) => Alterations);
  readonly policy?: SamplePolicy;
  /** What the verifier is given instead of what was signed. */
  readonly artifact?: Uint8Array;
}

export const ARTIFACT = utf8('the artifact under test\n');

export function toDefect(row: DefectRow): Defect {
  const { name, code, section, says, base = {} } = row;
  return {
    name,
    code,
    spec: `verification.md §${section}`,
    says,
    make: () => makeSample(row, base),
    baseline: () => createInstance(base.instance).sign(ARTIFACT, base.sign),
  };
}

function makeSample(row: DefectRow, base: Base): Sample {
  const instance = createInstance({ ...base.instance, ...row.instance });
  const alter = typeof row.alter === 'function' ? row.alter(instance) : (row.alter ?? {});
  const sample = instance.sign(ARTIFACT, { ...base.sign, ...row.sign, alter });
  return {
    ...sample,
    ...(row.policy !== undefined && { policy: row.policy }),
    ...(row.artifact !== undefined && { artifact: row.artifact }),
  };
}

// The valid signings that rows start from. A row with none of them starts from a 0.3 message bundle, Rekor v1.
export const OLD: Base = { sign: { version: '0.2' } };
export const OLDEST: Base = { sign: { version: '0.1' } };
export const REKOR_V2: Base = { sign: { log: 'v2' } };
export const BOTH_TIMES: Base = { sign: { timestamp: true } };
export const DSSE: Base = { sign: { content: 'dsse' } };
export const DSSE_INTOTO: Base = { sign: { content: 'dsse', entryKind: 'intoto' } };
export const DSSE_V2: Base = { sign: { content: 'dsse', log: 'v2' } };
export const DSSE_V2_DSSE: Base = { sign: { content: 'dsse', log: 'v2', entryKind: 'dsse' } };
