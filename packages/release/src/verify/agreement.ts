/** All parts come from one build: one signer, one commit, one workflow, one builder. What a part does not say, it does not contradict. */
import { type Check, fail, pass, quote } from '@assay/core';
import { type BuildFacts, certificateFacts, predicateFacts, provenanceOf, readStatement, StatementError } from '@assay/slsa';
import type { Proven } from './evidence.ts';

/** @param commit that the description of the release states */
export function agreementChecks(proven: readonly Proven[], commit: string | undefined): Check[] {
  const stated = proven.flatMap(factsIn);
  const checks = FACTS.flatMap(([fact, words]) =>
    oneValue(
      fact,
      words,
      stated.map(({ what, facts }) => [what, facts[fact]] as const),
    ),
  );
  const described =
    commit === undefined
      ? []
      : oneValue('commit', 'the commit', [['the description of the release', commit], ...stated.map(({ what, facts }) => [what, facts.commit] as const)]);
  return [...checks.filter(({ id }) => described.length === 0 || id !== 'release.agreement.commit'), ...described];
}

type Facts = BuildFacts & { readonly signer?: string; readonly issuer?: string };

/** The platform's word in the certificate, and the signer's in provenance: both have to fit. */
function factsIn({ what, verified: { identity, keyFingerprint, statement } }: Proven): { readonly what: string; readonly facts: Facts }[] {
  const signer = identity?.san ?? (keyFingerprint === undefined ? undefined : `the key sha256:${keyFingerprint}`);
  const certified: Facts = identity === undefined ? {} : { ...certificateFacts(identity), issuer: identity.oidcIssuer };
  return [
    { what: identity === undefined ? what : `the certificate of ${what}`, facts: { ...certified, ...(signer !== undefined && { signer }) } },
    { what, facts: statement === undefined ? {} : predicated(statement.payload) },
  ];
}

/** What provenance says; of other statements nothing. */
function predicated(bytes: Uint8Array): BuildFacts {
  try {
    return predicateFacts(provenanceOf(readStatement({ type: 'application/vnd.in-toto+json', bytes })));
  } catch (error) {
    if (error instanceof StatementError) return {};
    throw error;
  }
}

function oneValue(fact: string, words: string, stated: readonly (readonly [what: string, value: string | undefined])[]): Check[] {
  const said = stated.flatMap(([what, value]) => (value === undefined ? [] : [[what, value] as const]));
  const [first] = said;
  if (first === undefined) return [];
  const other = said.find(([, value]) => value !== first[1]);
  const id = `release.agreement.${fact}`;
  if (other === undefined) return [pass(id, `all ${said.length} agree on ${words}: ${quote(first[1])}`)];
  return [
    fail(id, 'RELEASE_DISAGREEMENT', `the parts of the release do not agree on ${words}`, {
      expected: `${quote(first[1])} (${quote(first[0])})`,
      found: `${quote(other[1])} (${quote(other[0])})`,
    }),
  ];
}

const FACTS: readonly (readonly [keyof Facts, string])[] = [
  ['signer', 'who signed'],
  ['issuer', 'who vouched for the signer'],
  ['source', 'the source repository'],
  ['ref', 'the branch or tag'],
  ['commit', 'the commit'],
  ['workflow', 'the workflow'],
  ['builder', 'the builder'],
  ['run', 'the run'],
];
