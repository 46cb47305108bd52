/** Base images and copied ones, by tag. */
import type { Page } from '../page.ts';
import type { Instruction } from '../read/dockerfile.ts';
import { checkUsedByTag } from './images.ts';
import { reportExperimental } from './workflows.ts';

export function checkDockerfiles(page: Page, instructions: readonly Instruction[]): void {
  const stages = new Set<string>();
  for (const { name, excerpt } of instructions) {
    const { text } = excerpt;
    const head = HEADS[name]?.exec(text);
    const image = head?.[1];
    if (head != null && image !== undefined) {
      const start = head.index + head[0].length - image.length;
      const value = { text: image, start: excerpt.fileStart(start), end: excerpt.fileEnd(start + image.length), write: (one: string) => one };
      if (!stages.has(image.toLowerCase()) && !/^\d+$/.test(image)) checkUsedByTag(page, value, name === 'FROM' ? 'certain' : 'likely');
    }
    const stage = name === 'FROM' ? /\sAS\s+(\S+)\s*$/i.exec(text)?.[1] : undefined;
    if (stage !== undefined) stages.add(stage.toLowerCase());
    const experimental = name === 'ENV' ? /COSIGN_EXPERIMENTAL[= ]"?(?:1|true)"?/i.exec(text) : null;
    if (experimental !== null)
      reportExperimental(page, { start: excerpt.fileStart(experimental.index), end: excerpt.fileEnd(experimental.index + experimental[0].length) });
  }
}

const HEADS: Readonly<Record<string, RegExp>> = { FROM: /^(?:--\S+\s+)*(\S+)/, COPY: /(?:^|\s)--from=(\S+)/ };
