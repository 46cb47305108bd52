/** A command line of cosign, slsa-verifier or gh as the native policy that demands the same. It is read, and never run. */
import { quote, TrustError } from '@assay/core';
import type { Losses } from '../convert/loss.ts';
import { API_VERSION, KIND, type NativeDocument, type NativeSpec } from '../native/schema.ts';
import { readCosign } from './cosign.ts';
import { readGh } from './gh.ts';
import { readSlsaVerifier } from './slsa-verifier.ts';
import { shellWords } from './words.ts';

export interface FlagWords {
  readonly words: readonly string[];
  /** Variables that were set for the command alone. */
  readonly env: ReadonlyMap<string, string>;
}

/** Losses are in terms of flags. Errors: `USAGE`. */
export function readFlags(text: string, name: string, losses: Losses): NativeDocument {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: specOf(text, losses) };
}

function specOf(text: string, losses: Losses): NativeSpec {
  const all = [...shellWords(text)];
  const env = new Map<string, string>();
  while (/^[A-Za-z_]\w*=/.test(all[0] ?? '')) {
    const [assignment = ''] = all.splice(0, 1);
    const at = assignment.indexOf('=');
    env.set(assignment.slice(0, at), assignment.slice(at + 1));
  }
  if (all[0] === 'assay') all.shift();
  const [program = '', ...words] = all;
  const given = { words, env };
  switch (program.slice(program.lastIndexOf('/') + 1)) {
    case 'cosign':
      return readCosign(given, losses);
    case 'slsa-verifier':
      return readSlsaVerifier(given, losses);
    case 'gh':
      return readGh(given, losses);
    default:
      throw new TrustError('USAGE', 'not a command line that a policy can be made of', {
        expected: 'cosign, slsa-verifier or gh',
        found: quote(program) || 'nothing',
      });
  }
}
