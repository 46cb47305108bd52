/**
 * All that a demand has shown, as JSON for a condition over it: the input that policy-controller gives to the policy of a whole ClusterImagePolicy
 * (admission.md section 2.8). Demands go by their names, attestations by theirs below them; what is empty is left out.
 *
 *   authorityMatches { NAME { signatures [ { id, subject, issuer, github… } ], attestations { NAME [ { …, predicateType, digest } ] }, static } },
 *   config { PLATFORM { … } }, spec { … }, metadata { … }, typemeta { kind, apiVersion }
 */
import { certificatePem, encodeBase64, type FulcioExtension, type Json, type JsonObject, toHex, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { ANNOTATION } from '@assay/oci';
import type { Circumstance, Demand } from '../model.ts';
import type { Accepted } from './examine.ts';
import type { Outcome } from './outcome.ts';
import type { Subject } from './subject.ts';

/** Errors: those of the circumstances. */
export async function shownFacts(outcome: Outcome, needs: readonly Circumstance[], subject: Subject): Promise<Json> {
  const matches: Record<string, Json> = {};
  const named = outcome.demand.kind === 'any' || outcome.demand.kind === 'all' || outcome.demand.kind === 'count' ? outcome.of : [outcome];
  for (const part of named) if (part.ok) matches[part.demand.name ?? ''] = await matchOf(part);
  const circumstances = await Promise.all(needs.map(async (which) => [which, await subject.circumstance(which)] as const));
  return {
    ...(Object.keys(matches).length > 0 && { authorityMatches: matches }),
    ...Object.fromEntries(circumstances.flatMap(([which, value]) => (value === undefined ? [] : [[which, value]]))),
  };
}

async function matchOf(outcome: Outcome): Promise<JsonObject> {
  const { demand } = outcome;
  if (demand.kind === 'static') return { static: true };
  if (demand.kind === 'signed') return { signatures: await Promise.all(outcome.shown.map(signatureFacts)) };
  const attested = demand.kind === 'attested' ? [outcome] : outcome.of.filter((part) => part.ok && part.demand.kind === 'attested');
  const entries = await Promise.all(attested.map(async (part) => [part.demand.name ?? '', await attestationFacts(part)] as const));
  return entries.length === 0 ? {} : { attestations: Object.fromEntries(entries) };
}

async function attestationFacts({ demand, shown }: Outcome): Promise<Json[]> {
  const written = predicateTypeOf(demand);
  return Promise.all(shown.map(async (one) => ({ ...(await signatureFacts(one)), predicateType: written, digest: one.evidence.digest })));
}

/** As the policy has it, which may be a short name. */
function predicateTypeOf(demand: Demand): string {
  if (demand.kind !== 'attested') return '';
  return demand.typeAsWritten ?? demand.predicateType ?? '';
}

async function signatureFacts({ evidence, bundle, certificate, verified }: Accepted): Promise<JsonObject> {
  const { content } = bundle;
  const signature = evidence.annotations[ANNOTATION.signature] ?? encodeBase64(content.signature);
  const pem = certificate === undefined ? '' : certificatePem(certificate.der);
  const id = toHex(await nodeCrypto.hash('sha256', utf8(evidence.format === 'envelope' ? pem : `${signature}${pem}`)));
  if (verified.identity === undefined) return { id };
  const { san, oidcIssuer, extensions } = verified.identity;
  const workflow = WORKFLOW.flatMap(([name, extension]) => (extensions[extension] ? [[name, extensions[extension]] as const] : []));
  return { id, subject: san, issuer: oidcIssuer, ...Object.fromEntries(workflow) };
}

const WORKFLOW: readonly (readonly [string, FulcioExtension])[] = [
  ['githubWorkflowTrigger', 'githubWorkflowTrigger'],
  ['githubWorkflowSha', 'githubWorkflowSha'],
  ['githubWorkflowName', 'githubWorkflowName'],
  ['githubWorkflowRepo', 'githubWorkflowRepository'],
  ['githubWorkflowRef', 'githubWorkflowRef'],
];
