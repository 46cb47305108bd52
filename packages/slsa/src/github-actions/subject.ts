/** Whether the artifact is a subject of the provenance; names of subjects are for people and not looked at (slsa.md section 1.7 G). */
import { type Check, pass, quote } from '@assay/core';
import type { Provenance } from '../provenance/provenance.ts';
import { refuse } from '../reference-error.ts';

/** `digest`: hex, its algorithm told by its length: `sha` and the number of bits. */
export function checkSubject({ subjects }: Pick<Provenance, 'subjects'>, digest: string): Check {
  const id = 'provenance.subject';
  const bits = 4 * digest.length;
  const algorithm = `sha${bits}`;
  if (subjects.length === 0) {
    return refuse(id, { error: 'ErrorInvalidDssePayload', detail: 'no subjects', code: 'SLSA_SUBJECT', says: 'the provenance names no subject', spec: SPEC });
  }
  if (bits < 256) {
    return refuse(id, {
      error: 'ErrorInvalidHash',
      detail: `expected minimum 256-bit. Got ${bits}`,
      code: 'SLSA_SUBJECT_ALGORITHM',
      says: 'the digest of the artifact is too short to name it safely',
      expected: '256 bits or more',
      found: `${bits} bits`,
      spec: SPEC,
    });
  }
  const found = subjects.find((subject) => subject.digest.get(algorithm) === digest);
  if (found !== undefined) return pass(id, `the artifact is the subject ${quote(found.name) || '(without a name)'}`, { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchHash',
    text: `expected hash '${quote(digest)}' not found: artifact hash does not match provenance subject`,
    ...missing(subjects, algorithm, digest),
    spec: SPEC,
  });
}

type Subjects = Provenance['subjects'];

function missing(subjects: Subjects, algorithm: string, digest: string) {
  const stated = subjects.flatMap((subject) => (subject.digest.has(algorithm) ? [subject] : []));
  const expected = `${algorithm}:${quote(digest)}`;
  if (stated.length === 0) {
    const algorithms = [...new Set(subjects.flatMap((subject) => [...subject.digest.keys()]))].slice(0, MAX_SHOWN);
    const found = quote(algorithms.join(', ')) || 'no digest';
    return { code: 'SLSA_SUBJECT_ALGORITHM', says: `no subject is named by a ${algorithm} digest`, expected, found } as const;
  }
  const shown = stated.slice(0, MAX_SHOWN).map(({ name, digest: its }) => `${algorithm}:${quote(its.get(algorithm) ?? '')} ${quote(name)}`);
  const more = stated.length > shown.length ? ` and ${stated.length - shown.length} more` : '';
  const upper = stated.some((subject) => subject.digest.get(algorithm)?.toLowerCase() === digest.toLowerCase());
  return {
    code: 'SLSA_SUBJECT',
    says: 'the artifact is none of the subjects of the provenance',
    expected,
    found: `${shown.join(', ')}${more}`,
    ...(upper && { hint: 'a subject has this digest in upper case; digests are lower-case hex' }),
  } as const;
}

const MAX_SHOWN = 3;
const SPEC = 'slsa.md section 1.7';
