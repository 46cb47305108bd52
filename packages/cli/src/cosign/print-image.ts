/** What `verify` and `verify-attestation` print: cosign's header and JSON, and where was looked when nothing holds. */
import { encodeGoJson, isJsonObject, type JsonValue, parseJson, quote, tryParseJson, type VerifiedIdentity } from '@assay/core';
import { ANNOTATION, referenceText } from '@assay/oci';
import type { Io } from '../io.ts';
import type { Accepted, Outcome } from './image-evidence.ts';
import type { Image } from './images.ts';
import type { Invocation } from './invocation.ts';

/** On standard error; its lines say which checks were made. */
export function printHeader(name: string, { accepted, path }: Outcome, { io, flags, demands }: Invocation): void {
  const claims = flags.bool('check-claims');
  const logged = path === 'bundle' || accepted.some(({ verification }) => verification.verified.logEntries.length > 0);
  const byKey = flags.text('key') !== '' || flags.text('certificate') !== '';
  const online = !demands.ignoreLog && flags.text('rekor-url') !== '';
  const lines = [
    ...(claims && flags.list('annotations').length > 0 ? ['The specified annotations were verified.'] : []),
    ...(claims ? ['The cosign claims were validated'] : []),
    ...(logged ? ['Existence of the claims in the transparency log was verified offline'] : online ? ONLINE : []),
    byKey
      ? 'The signatures were verified against the specified public key'
      : 'The code-signing certificate was verified using trusted certificate authority certificates',
  ];
  io.stderr(
    `\nVerification for ${name} --\nThe following checks were performed on each of these signatures:\n${lines.map((line) => `  - ${line}\n`).join('')}`,
  );
}

const ONLINE = ['The claims were present in the transparency log', 'The signatures were integrated into the transparency log when the certificate was valid'];

export function printSignatures(accepted: readonly Accepted[], image: Image, output: string, io: Io): void {
  const elements = accepted.map((one) => (one.evidence.format === 'bundle' ? bundleElement(one, image) : payloadElement(one)));
  if (output !== 'text') {
    io.stdout(`\n${encodeGoJson(elements)}\n`);
    return;
  }
  for (const [i, one] of accepted.entries()) {
    tellCertificate(one.verification.verified.identity, io);
    const { payload } = one.verification.verified;
    io.stdout(`${payload === undefined ? encodeGoJson(elements[i] ?? null) : new TextDecoder().decode(payload.bytes)}\n`);
  }
}

/** The signed payload, with what verification found out added to its annotations. */
function payloadElement({ evidence, verification }: Accepted): JsonValue {
  const payload = parseJson(verification.verified.payload?.bytes ?? evidence.content);
  const { critical = null, optional = null } = isJsonObject(payload) ? payload : {};
  const added = {
    ...(isJsonObject(optional) && optional),
    ...certificateFacts(verification.verified.identity),
    ...attachedJson('Bundle', evidence.annotations[ANNOTATION.bundle]),
    ...attachedJson('RFC3161Timestamp', evidence.annotations[ANNOTATION.timestamp]),
  };
  return { critical: criticalOf(critical), optional: Object.keys(added).length === 0 ? null : sorted(added) } as JsonValue;
}

/** Go prints the members of a struct in its own order. */
function criticalOf(critical: unknown): JsonValue {
  const { identity = null, image = null, type = null } = (isJsonObject(critical as never) ? critical : {}) as Record<string, JsonValue>;
  return { identity, image, type };
}

/**
 * A bundle has no payload of its own; cosign makes one up of its statement. The signer is added, as for older signatures: scripts that read `.optional.Subject`
 * keep working.
 */
function bundleElement({ verification }: Accepted, image: Image): JsonValue {
  const { statement, identity } = verification.verified;
  const [subject] = statement?.statement.subjects ?? [];
  const [digest] = subject?.digest ?? [];
  return {
    critical: {
      identity: { 'docker-reference': image.reference === undefined ? image.name : referenceText(image.reference) },
      image: { 'docker-manifest-digest': digest === undefined ? '' : `${digest[0]}:${digest[1]}` },
      type: statement?.predicateType ?? '',
    },
    optional: sorted({ ...subject?.annotations, ...certificateFacts(identity) }) as JsonValue,
  };
}

/** Names that cosign gives to what a certificate says (cosign.md section 1, "verify"). */
function certificateFacts(identity: VerifiedIdentity | undefined): Record<string, JsonValue> {
  if (identity === undefined) return {};
  const { extensions, oidcIssuer, san } = identity;
  const facts: Record<string, JsonValue> = { Subject: san, Issuer: oidcIssuer, [`${FULCIO}.1`]: oidcIssuer };
  for (const [name, number] of Object.entries(WORKFLOW)) {
    const value = extensions[name as keyof typeof extensions];
    if (value !== undefined && value !== '') Object.assign(facts, { [`${FULCIO}.${number}`]: value, [name]: value });
  }
  return facts;
}

function attachedJson(name: string, text: string | undefined): Record<string, JsonValue> {
  if (text === undefined || text === '') return {};
  const value = tryParseJson(text) ?? null;
  return value === null ? {} : { [name]: value as JsonValue };
}

/** Go sorts the keys of maps by their bytes. */
function sorted(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

/** `--output text`: who signed, on standard error. */
export function tellCertificate(identity: VerifiedIdentity | undefined, io: Io): void {
  if (identity === undefined) return;
  const { extensions, oidcIssuer, san } = identity;
  const lines: [string, string | undefined][] = [
    ['Certificate subject', san],
    ['Certificate issuer URL', oidcIssuer],
    ['GitHub Workflow Trigger', extensions.githubWorkflowTrigger],
    ['GitHub Workflow SHA', extensions.githubWorkflowSha],
    ['GitHub Workflow Name', extensions.githubWorkflowName],
    ['GitHub Workflow Repository', extensions.githubWorkflowRepository],
    ['GitHub Workflow Ref', extensions.githubWorkflowRef],
  ];
  for (const [label, value] of lines) if (value) io.stderr(`${label}: ${quote(value, 1000)}\n`);
}

/** Where evidence was looked for, what each place answered, and what was wrong with each piece. */
export function tellPlaces({ answers, refused }: Outcome, io: Io): void {
  for (const { place, says } of answers) io.stderr(`looked in ${place}: ${quote(says, 500)}\n`);
  for (const { reference, message } of refused) io.stderr(`found ${reference}: ${quote(message.replaceAll('\n', ' '), 500)}\n`);
}

const FULCIO = '1.3.6.1.4.1.57264.1';
const WORKFLOW = { githubWorkflowTrigger: 2, githubWorkflowSha: 3, githubWorkflowName: 4, githubWorkflowRepository: 5, githubWorkflowRef: 6 };
