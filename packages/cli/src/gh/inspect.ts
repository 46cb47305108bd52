import {
  Certificate,
  type Check,
  failures,
  fromUnixSeconds,
  IN_TOTO_PAYLOAD_TYPE,
  type Json,
  parseBundle,
  parseTimestampResponse,
  rfc3339,
  TrustError,
  toHex,
  tryParseJson,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { checkAuthenticity, type TrustSources } from '@assay/slsa/github';
import type { Command, Context } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { printable } from '../render/printable.ts';
import { readBundleFile } from './bundle-file.ts';
import { certificateSummary } from './certificate-summary.ts';
import { exactlyOne, FORMAT_FLAGS, HOSTNAME, refuseChoices, refuseFormatting, refuseHostname } from './flags.ts';
import { bare, plural, progressOf } from './progress.ts';
import { statementInOrder } from './proto-json.ts';
import { type Session, trustDomain, withSession } from './session.ts';
import { trustSources } from './trust.ts';
import { writeResult } from './write-result.ts';

export const command: Command = {
  usage: 'attestation inspect <path-to-sigstore-bundle> [flags]',
  examples: `  gh attestation inspect sha256:HEX.jsonl
  gh attestation inspect bundle.json --format json --jq '.inspectedBundles[].certificate.runInvocationURI'`,
  flags: [HOSTNAME, ...FORMAT_FLAGS],
  arity: exactlyOne('must specify bundle file path'),
  refuse: refuseChoices,
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  refuseHostname(flags);
  refuseFormatting(flags);
  await withSession(flags, io, async (session) => {
    const domain = await trustDomain(session);
    await wrapped('Failed to inspect the artifact and bundle', () => inspectFile(flags, session, domain));
  });
}

async function inspectFile(flags: ParsedFlags, session: Session, domain: string): Promise<void> {
  const { io } = session;
  const [path = ''] = flags.positionals;
  const bundles = await wrapped('failed to read attestations', () => readBundleFile(path));
  const trust = trustSources(flags, session, domain);
  const inspected: Inspected[] = [];
  for (const { bundle } of bundles) inspected.push(await inspect(bundle, trust, io));
  if (flags.given('format')) return writeResult({ inspectedBundles: inspected.map(inspectedJson) }, flags, io);
  const progress = progressOf(io);
  progress.say(`Inspecting bundles…\nFound ${plural(inspected.length, 'attestation')}:\n---`);
  io.stdout(inspected.map((one) => rows(one, progress.style.bold)).join('---\n'));
}

interface Inspected {
  readonly authentic: boolean;
  /** Empty of a bundle that a key signed. */
  readonly summary: Readonly<Record<string, string>>;
  readonly certificate: Certificate | undefined;
  readonly entries: readonly { readonly time: Date; readonly logId: string }[];
  readonly timestamps: readonly Date[];
  readonly statement: Json;
}

async function inspect(content: Uint8Array, trust: TrustSources, io: Io): Promise<Inspected> {
  const check = await checkAuthenticity(content, { trust, crypto: nodeCrypto, now: io.now });
  tellMissingRoot(check, io);
  const { material, content: signed, entries, timestamps } = parseBundle(content);
  const certificate = material.kind === 'certificate' ? Certificate.parse(material.leaf) : undefined;
  return {
    authentic: check.status === 'pass',
    summary: certificate === undefined ? { certificateIssuer: '', subjectAlternativeName: '' } : certificateSummary(certificate),
    certificate,
    entries: entries.map(({ integratedTime, logId }) => ({ time: fromUnixSeconds(integratedTime) ?? new Date(0), logId: toHex(logId) })),
    timestamps: timestamps.map((timestamp) => parseTimestampResponse(timestamp).genTime),
    statement: signed.kind === 'dsse' && signed.payloadType === IN_TOTO_PAYLOAD_TYPE ? statementInOrder(statementJson(signed.payload)) : null,
  };
}

function statementJson(payload: Uint8Array): Json {
  const statement = tryParseJson(payload);
  if (statement === undefined) throw new TrustError('STATEMENT_PARSE', 'the payload of the envelope is no JSON');
  return statement;
}

/** What is not authentic only because we lack the root must not look like a forgery. */
function tellMissingRoot(check: Check, io: Io): void {
  const missing = failures(check).find(({ code }) => code === 'TRUST_ROOT_MISSING');
  if (missing !== undefined) io.stderr(`WARNING: ${printable(missing.says)}: ${printable(missing.hint ?? '')}\n`);
}

function inspectedJson({ authentic, summary, certificate, entries, timestamps, statement }: Inspected): Json {
  const { start, end } = certificate?.validity ?? { start: undefined, end: undefined };
  return {
    authentic,
    certificate: { ...summary, notBefore: start === undefined ? NO_TIME : rfc3339(start), notAfter: end === undefined ? NO_TIME : rfc3339(end) },
    transparencyLogEntries: entries.map(({ time, logId }) => ({ IntegratedTime: rfc3339(time), LogID: logId })),
    signedTimestamps: timestamps.map(rfc3339),
    statement,
  };
}

function rows({ authentic, summary, certificate, statement }: Inspected, bold: (text: string) => string): string {
  const issuer = summary['certificateIssuer'] ?? '';
  const whose = INSTANCES.find(([ending]) => issuer.endsWith(ending))?.[1] ?? '(Unknown)';
  const type = (statement as { predicateType?: Json } | null)?.predicateType;
  const values = [
    ['Authentic', `${authentic} ${whose}`],
    ['Source Repo', (summary['sourceRepositoryURI'] ?? '').replace(/^https:\/\/[^/]+\/([^/]+\/[^/]+)$/, '$1')],
    ['PredicateType', typeof type === 'string' ? type : ''],
    ['SubjectAlternativeName', summary['subjectAlternativeName'] ?? ''],
    ['RunInvocationURI', summary['runInvocationURI'] ?? ''],
    ['CertificateNotBefore', certificate === undefined ? NO_TIME : rfc3339(certificate.validity.start)],
  ] as const;
  return values.map(([key, value]) => `${bold(key)}:${'.'.repeat(KEY_WIDTH - key.length)} ${bare(value)}\n`).join('');
}

const KEY_WIDTH = 'SubjectAlternativeName'.length;
/** Go's zero time. */
const NO_TIME = '0001-01-01T00:00:00Z';
const INSTANCES: readonly (readonly [string, string])[] = [
  ['O=GitHub\\, Inc.', '(GitHub)'],
  ['O=sigstore.dev', '(Sigstore PGI)'],
];
