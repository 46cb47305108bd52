/**
 * The proof tree: what was checked, against what, and how it ended.
 *
 * Statuses are never set by hand on a group: `group` derives them, so that "passed" means one thing everywhere.
 * - A leaf passes, fails, or is skipped because something it depends on failed.
 * - A group passes when every child that is required passes, fails when one fails, and is otherwise skipped: undecided. Only a
 *   pass is ever accepted, so a required check that was skipped counts as a failure.
 * - A group without any required child fails: empty evidence proves nothing.
 * - A child marked `optional` is told (an unknown witness, an ignored timestamp) but decides nothing.
 */
import type { ErrorCode } from './catalogue.ts';
import { isTrustError, type TrustError } from './errors.ts';

export type CheckStatus = 'pass' | 'fail' | 'skip';

/** Facts of a check for machines: key ids, indexes, times (ISO 8601), fingerprints (hex). */
export type CheckEvidence = Readonly<Record<string, string>>;

export interface Check {
  /** Dotted and stable, e.g. `tlog.entry.inclusion`. Repeated for each entry, timestamp or candidate. */
  readonly id: string;
  readonly status: CheckStatus;
  /** One sentence for people: what was checked (pass), what is wrong (fail), why it was not tried (skip). */
  readonly says: string;
  readonly expected?: string;
  readonly found?: string;
  readonly hint?: string;
  /** Document and section that demand the check. */
  readonly spec?: string;
  readonly evidence?: CheckEvidence;
  readonly code?: ErrorCode;
  /** Passed, but a careful reader should know: e.g. an identity pattern that matches everything. */
  readonly warning?: string;
  /** Told, but decides nothing. */
  readonly optional?: true;
  readonly checks?: readonly Check[];
}

type Details = Partial<Pick<Check, 'expected' | 'found' | 'hint' | 'spec' | 'evidence' | 'warning' | 'optional'>>;

export function pass(id: string, says: string, details?: Details): Check {
  return { id, status: 'pass', says, ...details };
}

export function fail(id: string, code: ErrorCode, says: string, details?: Details): Check {
  return { id, status: 'fail', says, code, ...details };
}

/** Not tried, because of what `says` names. Counts as a failure unless `optional`. */
export function skip(id: string, says: string, details?: Details): Check {
  return { id, status: 'skip', says, ...details };
}

/** A thrown `TrustError` as a failed check; anything else is a bug and is thrown on. */
export function failFrom(id: string, error: unknown, details?: Details): Check {
  if (!isTrustError(error)) throw error;
  return fail(id, error.code, error.message, { ...errorDetails(error), ...details });
}

function errorDetails({ expected, found, hint }: TrustError): Details {
  return { ...(expected !== undefined && { expected }), ...(found !== undefined && { found }), hint };
}

/** `says` may differ by outcome: what a group proves when it passes is not what to read when it does not. */
export function group(id: string, says: string | { readonly pass: string; readonly fail: string }, checks: readonly Check[], details?: Details): Check {
  const status = deriveStatus(checks);
  const text = typeof says === 'string' ? says : says[status === 'fail' ? 'fail' : 'pass'];
  return { id, status, says: text, ...details, checks };
}

/** The one place where "ok" comes from. */
export function deriveStatus(checks: readonly Check[]): CheckStatus {
  const required = checks.filter((check) => check.optional !== true);
  if (required.length === 0) return 'fail';
  if (required.some((check) => check.status === 'fail')) return 'fail';
  return required.every((check) => check.status === 'pass') ? 'pass' : 'skip';
}

/** All failed leaves, in the order of the checks. The first one is what a single line should say. */
export function failures(check: Check): Check[] {
  if (check.optional === true || check.status === 'pass') return [];
  if (check.checks === undefined || check.checks.length === 0) return check.status === 'fail' ? [check] : [];
  return check.checks.flatMap(failures);
}

/** Every warning below, in order, with the check that carries it. */
export function warnings(check: Check): Check[] {
  const own = check.warning === undefined ? [] : [check];
  return [...own, ...(check.checks ?? []).flatMap(warnings)];
}

/** True when every group's status is what its children say: for trees that come from a file. */
export function isConsistent(check: Check): boolean {
  if (check.checks === undefined) return check.status !== 'fail' || check.code !== undefined;
  return check.status === deriveStatus(check.checks) && check.checks.every(isConsistent);
}
