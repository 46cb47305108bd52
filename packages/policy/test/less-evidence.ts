/** Evidence of an image, taken away piece by piece: what properties about removal need. */
import type { FindEvent } from '@assay/oci';
import type { EvidencePlace, EvidenceSource, Subject } from '../src/index.ts';

/** Everything that lies beside the subject's image, by what it is looked for as. */
export interface AllEvidence {
  readonly signatures: readonly FindEvent[];
  readonly attestations: readonly FindEvent[];
  /** Pieces, each told once. */
  readonly count: number;
}

export async function collectEvidence(subject: Subject): Promise<AllEvidence> {
  const place = { image: await subject.open({}), digest: await subject.digest(), tagPrefix: undefined, only: undefined, maxBytes: undefined };
  const signatures = await collected(subject.evidence.in({ ...place, want: 'signatures' }));
  const attestations = await collected(subject.evidence.in({ ...place, want: 'attestations' }));
  return { signatures, attestations, count: new Set([...signatures, ...attestations].flatMap(referenceOf)).size };
}

async function collected(events: AsyncIterable<FindEvent>): Promise<FindEvent[]> {
  const all: FindEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Only the pieces whose numbers are kept, in the order in which they were found. */
export function onlyPieces(all: AllEvidence, kept: ReadonlySet<number>): EvidenceSource {
  const references = [...new Set([...all.signatures, ...all.attestations].flatMap(referenceOf))];
  const stays = (event: FindEvent) => referenceOf(event).every((reference) => kept.has(references.indexOf(reference)));
  return {
    async *in({ want }: EvidencePlace) {
      yield* all[want].filter(stays);
    },
  };
}

function referenceOf(event: FindEvent): string[] {
  return event.kind === 'answer' ? [] : [event.evidence.reference];
}
