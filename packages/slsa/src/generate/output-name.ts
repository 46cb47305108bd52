/** The file that provenance goes to (slsa.md section 2.1). The name may come from a build, so that it is held to what such a name can be. */
import { quote, TrustError } from '@assay/core';
import type { ProvenanceSubject } from './subjects.ts';

/** Of one subject its base name, of more `multiple.intoto.jsonl`. Errors: as `requireOutputName`. */
export function outputNameOf(subjects: readonly ProvenanceSubject[]): string {
  const [first, ...others] = subjects;
  if (first === undefined || others.length > 0) return `multiple${ENDING}`;
  return requireOutputName(`${baseName(first.name)}${ENDING}`);
}

/** Where it lies is for whoever knows the working directory. Errors: `PROVENANCE_OUTPUT`. */
export function requireOutputName(name: string): string {
  // A line end in it would write other outputs of the step.
  if (/\p{Cc}/u.test(name)) throw new TrustError('PROVENANCE_OUTPUT', `the name holds a control character: ${quote(name)}`);
  if (name.endsWith('intoto.jsonl')) return name;
  throw new TrustError('PROVENANCE_OUTPUT', `invalid suffix: ${JSON.stringify(quote(name))}. Must be .intoto.jsonl`);
}

function baseName(path: string): string {
  return /[^/\\]+(?=[/\\]*$)/.exec(path)?.[0] ?? 'subject';
}

const ENDING = '.intoto.jsonl';
