/** Each distinct reference once: which digest its tag names now. What is verified and written afterwards is this digest, whatever becomes of the tag. */
import { type Digest, parseRepository } from '@assay/oci';
import { canonicalName, pinnedText, type Site, type Written } from '@assay/pin';
import { inOrder } from '../../in-order.ts';
import type { Io } from '../../io.ts';
import { progressLine } from '../../progress.ts';
import { openAccess } from '../registry-flags.ts';
import type { PinFlags } from './pin.ts';
import { type Problem, problemOf } from './problem.ts';

export interface Resolved {
  readonly digest: Digest;
  /** What is to be verified: `NAME:TAG@DIGEST`, with the tag for policies that ask for it. */
  readonly subject: string;
}

export type Resolution = Resolved | { readonly problem: Problem };

/** By `reference` of the sites. Nobody is asked about what is pinned, unless with `--update`. */
export async function resolveAll(sites: readonly Site[], flags: PinFlags, io: Io): Promise<ReadonlyMap<string, Resolution>> {
  const distinct = [...new Map(sites.map(({ reference, written }) => [reference, written]))];
  const access = openAccess(flags, io);
  const line = progressLine(io);
  const asked = new Map<string, Promise<Digest>>();
  /** `nginx` and `docker.io/library/nginx:latest` are one question. */
  const ask = (written: Written, tag: string): Promise<Digest> => {
    const key = `${canonicalName(written)}:${tag}`;
    const answer =
      asked.get(key) ??
      access.registries
        .repository(parseRepository(written.name))
        .requireDescriptor(tag)
        .then(({ digest }) => digest);
    asked.set(key, answer);
    return answer;
  };
  let done = 0;
  try {
    const resolutions = await inOrder(distinct, JOBS, async ([reference, written]) => {
      const resolution = await resolve(written, flags, ask);
      done += 1;
      line.tell(() => `resolved ${done} of ${distinct.length} references`);
      return [reference, resolution] as const;
    });
    return new Map(resolutions);
  } finally {
    line.end();
    access.close();
  }
}

async function resolve(written: Written, { update }: PinFlags, ask: (written: Written, tag: string) => Promise<Digest>): Promise<Resolution> {
  const { name, tag, digest: pinned } = written;
  const isKept = pinned !== undefined && (update !== true || tag === undefined);
  try {
    const digest = isKept ? pinned : await ask(written, tag ?? 'latest');
    return { digest, subject: isKept && tag === undefined ? `${name}@${digest}` : pinnedText(written, digest, 'keep') };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/** While one waits for its registry, others are asked. */
const JOBS = 8;
