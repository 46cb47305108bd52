/** `assay pin [PATH…]`: find references, resolve each once, verify what that gave, and only then write. */
import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { TrustError } from '@assay/core';
import { unifiedPatch } from '@assay/pin';
import { EXIT, exitOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import type { TrustedRootFlags } from '../../trusted-root.ts';
import type { RegistryFlags } from '../registry-flags.ts';
import type { SignerFlags } from '../signer-flags.ts';
import { readFiles } from './files.ts';
import { judge, refuseContradictions } from './judge.ts';
import { withoutLeftAlone } from './left-alone.ts';
import { type Outcome, outcomesOf, type PinnedFile } from './outcome.ts';
import { report } from './report.ts';
import { resolveAll } from './resolve.ts';
import { writeFiles } from './write.ts';

export interface PinFlags extends SignerFlags, TrustedRootFlags, RegistryFlags {
  readonly check?: boolean;
  readonly patch?: boolean;
  readonly update?: boolean;
  readonly dropTag?: boolean;
  readonly except?: readonly string[];
  readonly policy?: string;
  readonly trustRoot?: readonly string[];
  readonly source?: string;
  readonly builder?: string;
  readonly type?: string;
  readonly annotation?: Readonly<Record<string, string>>;
  /** False with `--no-verify`. */
  readonly verify: boolean;
  readonly logThreshold?: number;
  readonly sctThreshold?: number;
  readonly timestampThreshold?: number;
  readonly output: 'text' | 'json';
  readonly full?: boolean;
}

/** Returns the exit status. Errors: `USAGE…`, `FILE_…`, `PIN_…`, `POLICY_…`, and of verification what is about no single reference. */
export async function runPin(paths: readonly string[], flags: PinFlags, io: Io): Promise<number> {
  refuseContradictions(flags);
  if (flags.check === true && flags.patch === true) throw new TrustError('USAGE', '--check and --patch exclude each other', { hint: 'give one of them' });
  if (flags.patch === true && flags.output === 'json') throw new TrustError('USAGE', '--patch prints a diff, no JSON', { hint: 'leave --output out' });
  const { files, unread } = readFiles(paths.length === 0 ? ['.'] : paths);
  const searched = withoutLeftAlone(files, flags.except ?? []);
  const sites = searched.flatMap(({ findings }) => findings.flatMap((finding) => (finding.what === 'site' ? [finding] : [])));
  const resolutions = await resolveAll(sites, flags, io);
  const subjects = [...resolutions.values()].flatMap((resolution) => ('subject' in resolution ? [resolution.subject] : []));
  const judgement = await judge([...new Set(subjects)], flags, io);
  const pinned = outcomesOf(searched, resolutions, judgement, flags);
  const status = flags.check === true ? checkStatus(pinned) : refusalStatus(pinned);
  const ok = status === EXIT.accepted;
  const changed = pinned.filter(({ file, after }) => after !== file.text);
  const isWritten = ok && flags.check !== true && flags.patch !== true;
  if (isWritten) writeFiles(changed);
  report({ files: pinned, unread, isWritten, ok }, flags, io);
  judgement.explain();
  if (ok && flags.patch === true) for (const { file, after } of changed) io.stdout(unifiedPatch(patchPath(file.real), file.text, after));
  return status;
}

/** As seen from here, where the patch will be applied. */
function patchPath(real: string): string {
  return relative(realpathSync('.'), real).replaceAll(sep, '/');
}

function refusalStatus(files: readonly PinnedFile[]): number {
  const [first] = refusalsOf(files);
  return first === undefined ? EXIT.accepted : exitOf(first.problem.kind);
}

/** What is not pinned is a finding, also where the registry that would say more is not there. */
function checkStatus(files: readonly PinnedFile[]): number {
  const isOpen = ({ what, site }: Outcome): boolean =>
    what === 'pin' || what === 'unpinnable' || (what === 'refused' && site.what === 'site' && site.written.digest === undefined);
  if (files.some(({ outcomes }) => outcomes.some(isOpen)) || refusalsOf(files).some(({ problem }) => problem.kind === 'rejected')) return EXIT.rejected;
  return refusalStatus(files);
}

function refusalsOf(files: readonly PinnedFile[]) {
  return files.flatMap(({ outcomes }) => outcomes.flatMap((one) => (one.what === 'refused' ? [one] : [])));
}
