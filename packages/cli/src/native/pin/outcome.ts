/** What becomes of each reference of a file, and of the file. */
import { applyEdits, type Edit, type Finding, pinnedText, type Remark, type Site, type TagStyle } from '@assay/pin';
import type { PinFile } from './files.ts';
import type { Judgement } from './judge.ts';
import type { Searched } from './left-alone.ts';
import type { PinFlags } from './pin.ts';
import type { Problem } from './problem.ts';
import type { Resolution } from './resolve.ts';

export type Outcome =
  | { readonly what: 'pin'; readonly site: Site; readonly becomes: string; readonly edits: readonly Edit[] }
  | { readonly what: 'kept'; readonly site: Site }
  | { readonly what: 'refused'; readonly site: Site; readonly problem: Problem; readonly becomes: string | undefined }
  | { readonly what: 'unpinnable' | 'skipped'; readonly site: Remark };

export interface PinnedFile {
  readonly file: PinFile;
  readonly outcomes: readonly Outcome[];
  /** With all edits; the same as before when nothing is to be pinned. */
  readonly after: string;
}

export function outcomesOf(
  searched: readonly Searched[],
  resolutions: ReadonlyMap<string, Resolution>,
  { refused }: Pick<Judgement, 'refused'>,
  { dropTag }: PinFlags,
): readonly PinnedFile[] {
  const style = dropTag === true ? 'drop' : 'keep';
  return searched.map(({ file, findings }) => {
    const outcomes = findings.map((finding) => outcomeOf(finding, resolutions, refused, style));
    const edits = outcomes.flatMap((outcome) => (outcome.what === 'pin' ? outcome.edits : []));
    return { file, outcomes, after: applyEdits(file.text, edits) };
  });
}

function outcomeOf(site: Finding, resolutions: ReadonlyMap<string, Resolution>, refused: Judgement['refused'], style: TagStyle): Outcome {
  if (site.what !== 'site') return { what: site.what, site };
  const resolution = resolutions.get(site.reference);
  if (resolution === undefined) throw new TypeError(`${site.reference} was not resolved`);
  if ('problem' in resolution) return { what: 'refused', site, problem: resolution.problem, becomes: undefined };
  const { digest, subject } = resolution;
  const edits = site.edits(digest, style);
  const becomes = edits.length === 0 ? undefined : pinnedText(site.written, digest, style);
  const problem = refused.get(subject);
  if (problem !== undefined) return { what: 'refused', site, problem, becomes };
  return becomes === undefined ? { what: 'kept', site } : { what: 'pin', site, becomes, edits };
}
