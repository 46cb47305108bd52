/** What a run of `assay pin` tells. Standard output holds what was asked for: the changes, with `--check` the findings, with `--patch` nothing but the diff. */
import type { Io } from '../../io.ts';
import { printable } from '../../render/printable.ts';
import type { Unread } from './files.ts';
import type { Outcome, PinnedFile } from './outcome.ts';
import type { PinFlags } from './pin.ts';

export interface Told {
  readonly files: readonly PinnedFile[];
  readonly unread: readonly Unread[];
  /** Whether the changes are in the files now. */
  readonly isWritten: boolean;
  readonly ok: boolean;
}

export function report(told: Told, flags: PinFlags, io: Io): void {
  if (flags.output === 'json') io.stdout(`${JSON.stringify(jsonOf(told), null, 2)}\n`);
  else for (const { file, outcomes } of told.files) for (const one of outcomes) tell(file.path, one, told, flags, io);
  for (const { path, line, reason } of told.unread) io.stderr(`${printable(path)}${line === undefined ? '' : `:${line}`}: passed over: ${printable(reason)}\n`);
  io.stderr(summary(told, flags));
}

function tell(path: string, outcome: Outcome, { isWritten }: Told, { check }: PinFlags, io: Io): void {
  const text = says(outcome);
  if (text === undefined) return;
  const line = `${printable(path)}:${outcome.site.line}: ${printable(outcome.site.reference)}${text}\n`;
  const isAskedFor = check === true ? outcome.what !== 'skipped' : isWritten && outcome.what === 'pin';
  if (isAskedFor) io.stdout(line);
  else if (outcome.what !== 'pin') io.stderr(line);
}

function says(outcome: Outcome): string | undefined {
  switch (outcome.what) {
    case 'pin':
      return ` → ${printable(outcome.becomes)}`;
    case 'refused':
      return ` is refused: ${printable(outcome.problem.says)}${outcome.problem.code === undefined ? '' : `  [${outcome.problem.code}]`}`;
    case 'unpinnable':
      return ` cannot be pinned: ${printable(outcome.site.reason)}`;
    case 'skipped':
      return ` is left alone: ${printable(outcome.site.reason)}`;
    case 'kept':
      return undefined;
  }
}

function summary({ files, isWritten, ok }: Told, { check, patch }: PinFlags): string {
  const outcomes = files.flatMap((file) => file.outcomes);
  const count = (what: Outcome['what']): number => outcomes.filter((one) => one.what === what).length;
  const pinned = check === true ? 'not pinned' : isWritten ? 'pinned' : 'to be pinned';
  const parts = [
    [count('pin'), pinned],
    [count('kept'), 'pinned before'],
    [count('refused'), 'refused'],
    [count('unpinnable'), 'cannot be pinned'],
    [count('skipped'), 'left alone'],
  ] as const;
  const told = parts.flatMap(([number, text]) => (number === 0 ? [] : [`${number} ${text}`])).join(', ') || 'no references';
  const adds = isWritten && outcomes.some((one) => one.what === 'pin' && one.site.format === 'helm-values' && one.site.adds !== undefined);
  const nothing = !ok && check !== true && patch !== true ? '; nothing was written' : '';
  const note = adds ? 'a digest was added to values that had none: see that the templates of the chart read it\n' : '';
  return `${note}${told}, in ${files.length} ${files.length === 1 ? 'file' : 'files'}${nothing}\n`;
}

/** README.md of @assay/pin says what is in it. */
function jsonOf({ files, unread, isWritten, ok }: Told): object {
  return {
    ok,
    written: isWritten,
    files: files.flatMap(({ file, outcomes }) => (outcomes.length === 0 ? [] : [{ path: file.path, references: outcomes.map(referenceJson) }])),
    passedOver: unread,
  };
}

function referenceJson(outcome: Outcome): object {
  const { kind, format, line, reference } = outcome.site;
  return {
    line,
    kind,
    format,
    reference,
    result: outcome.what,
    ...('becomes' in outcome && outcome.becomes !== undefined && { becomes: outcome.becomes }),
    ...(outcome.what === 'refused' && { problem: outcome.problem }),
    ...('reason' in outcome.site && { reason: outcome.site.reason }),
  };
}
