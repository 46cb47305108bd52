/** Whether a statement that core has not read is about the artifact: by the strongest digest that a subject and the artifact share, as core compares. */
import { type Check, pass, quote } from '@assay/core';
import { checkSubject as refuseSubject } from '../github-actions/subject.ts';
import type { Provenance } from '../provenance/provenance.ts';

/** `digests`: of the artifact, lower-case hex by algorithm; at least one. */
export function checkSubject({ subjects }: Pick<Provenance, 'subjects'>, digests: ReadonlyMap<string, string>): Check {
  const known = STRONGEST_FIRST.filter((algorithm) => digests.has(algorithm));
  const found = subjects.find(({ digest }) => {
    const algorithm = known.find((one) => digest.has(one));
    return algorithm !== undefined && digest.get(algorithm) === digests.get(algorithm);
  });
  if (found !== undefined) return pass('build.subject', `the artifact is the subject ${quote(found.name) || '(without a name)'}`);
  const shared = known.find((algorithm) => subjects.some(({ digest }) => digest.has(algorithm)));
  return { ...refuseSubject({ subjects }, digests.get(shared ?? known.at(-1) ?? '') ?? ''), id: 'build.subject' };
}

const STRONGEST_FIRST = ['sha512', 'sha384', 'sha256'];
