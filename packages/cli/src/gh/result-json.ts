/** Verified attestations as JSON: names and order of members are those that scripts and policies read (slsa.md section 3.5). */
import { type Check, fromUnixSeconds, type Json, type ProvenTime, parseJson, rfc3339 } from '@assay/core';
import type { AcceptedAttestation, Criteria } from '@assay/slsa/github';
import { certificateSummary } from './certificate-summary.ts';
import { bundleInOrder, statementInOrder } from './proto-json.ts';

export type Accepted = AcceptedAttestation<{ readonly bundle: Uint8Array; readonly initiator?: string }>;

export function resultJson(accepted: readonly Accepted[], criteria: Criteria): Json {
  return accepted.map((one) => ({
    attestation: { bundle: bundleInOrder(one.read.json), bundle_url: '', initiator: one.given.initiator ?? '' },
    verificationResult: {
      mediaType: 'application/vnd.dev.sigstore.verificationresult+json;version=0.1',
      ...statementOf(one),
      signature: { certificate: { ...certificateSummary(one.read.certificate) } },
      verifiedTimestamps: one.verified.times.map((time) => timestampJson(time, one)),
      verifiedIdentity: identityJson(criteria),
    },
  }));
}

/** As it was signed. */
function statementOf({ verified: { statement } }: Accepted): { statement?: Json } {
  return statement === undefined ? {} : { statement: statementInOrder(parseJson(statement.payload)) };
}

function timestampJson({ time, source }: ProvenTime, one: Accepted): Json {
  const isLogged = source === 'signed entry timestamp';
  return { type: isLogged ? 'Tlog' : 'TimestampAuthority', uri: isLogged ? logUrl(time, one) : authorityUrl(time, one), timestamp: rfc3339(time) };
}

/** Of the entry that was integrated at this time. */
function logUrl(time: Date, { read, verified }: Accepted): string {
  const entry = read.bundle.entries.find(({ integratedTime }) => fromUnixSeconds(integratedTime)?.getTime() === time.getTime());
  return verified.logEntries.find(({ logIndex }) => logIndex === entry?.logIndex)?.log ?? '';
}

function authorityUrl(time: Date, { root, trustedRoot }: Accepted): string {
  const name = timestampChecks(root).find(({ evidence }) => evidence?.['genTime'] === time.toISOString())?.evidence?.['authority'];
  return trustedRoot.timestampAuthorities.find((authority) => authority.name === name)?.uri ?? '';
}

function timestampChecks(check: Check): Check[] {
  return check.id === 'timestamps.timestamp' ? [check] : (check.checks ?? []).flatMap(timestampChecks);
}

function identityJson({ san, runner }: Criteria): Json {
  return {
    subjectAlternativeName: { subjectAlternativeName: san.exact ?? '', ...(san.pattern !== undefined && { regexp: san.pattern }) },
    issuer: { issuer: '', regexp: '.*' },
    ...(runner !== undefined && { runnerEnvironment: runner }),
  };
}
