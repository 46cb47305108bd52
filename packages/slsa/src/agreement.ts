/**
 * Certificate and predicate tell of one build: each fact that both state must be the same. The certificate is what the platform said to the authority;
 * a predicate that says something else was written by somebody who was not the platform.
 */
import { type Check, fail, pass, quote } from '@assay/core';
import { type BuildFact, type BuildFacts, FACT_WORDS } from './facts.ts';

/** One check for each fact that both state: `agreement.commit` and so on. */
export function checkAgreement(certificate: BuildFacts, predicate: BuildFacts): Check[] {
  return (Object.keys(FACT_WORDS) as BuildFact[]).flatMap((fact) => {
    const [expected, found] = [certificate[fact], predicate[fact]];
    return expected === undefined || found === undefined ? [] : [compare(fact, expected, found)];
  });
}

function compare(fact: BuildFact, expected: string, found: string): Check {
  const id = `agreement.${fact}`;
  const what = FACT_WORDS[fact];
  if (expected === found) return pass(id, `certificate and provenance agree on ${what}: ${quote(found)}`);
  return fail(id, 'SLSA_DISAGREEMENT', `certificate and provenance disagree on ${what}`, {
    expected: `${quote(expected)} (in the certificate)`,
    found: `${quote(found)} (in the provenance)`,
  });
}
