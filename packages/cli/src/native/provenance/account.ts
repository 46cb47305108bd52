/**
 * What a piece of evidence says of a build, and who says it: taken apart to be shown. Nothing is verified here, and nothing that leaves here is of a type
 * that anything else would believe.
 */
import { type Bundle, Certificate, fromUnixSeconds, identityOf, isJsonObject, isTrustError, type Json, parseBundle, tryParseJson } from '@assay/core';
import {
  type BuildFact,
  type BuildFacts,
  certificateFacts,
  type EvidenceDocument,
  type Provenance,
  predicateFacts,
  provenanceOf,
  readStatement,
  StatementError,
} from '@assay/slsa';

/** Of one signature. What is absent, the evidence does not have, or `problem` says why it cannot be read. */
export interface Account {
  readonly place: string;
  readonly form: EvidenceDocument['form'] | 'image layer';
  readonly problem?: string;
  readonly certificate?: CertificateAccount;
  readonly predicateType?: string;
  readonly provenance?: Provenance;
  /** By the predicate. */
  readonly stated?: BuildFacts;
  /** What is signed, where it is JSON and no provenance that can be read. */
  readonly payload?: Json;
  /** When the log entries say that they were recorded. */
  readonly recorded: readonly Date[];
}

export interface CertificateAccount {
  readonly san: string;
  readonly oidcIssuer: string;
  readonly validity: { readonly start: Date; readonly end: Date };
  readonly facts: BuildFacts;
}

/** The facts that both state, and not alike. */
export function disagreements({ certificate, stated = {} }: Account): { readonly fact: BuildFact; readonly certificate: string; readonly predicate: string }[] {
  const certified = certificate?.facts ?? {};
  return (Object.keys(certified) as BuildFact[]).flatMap((fact) => {
    const [one, other] = [certified[fact], stated[fact]];
    return one === undefined || other === undefined || one === other ? [] : [{ fact, certificate: one, predicate: other }];
  });
}

/** One for each signature in the document. */
export async function accountsOf(document: EvidenceDocument, place: string): Promise<Account[]> {
  const { form, bytes } = document;
  const none = { place, form, recorded: [] };
  try {
    if (form === 'unknown') return [{ ...none, problem: document.problem }];
    if (form === 'bundle') return [{ place, form, ...accountOfBundle(parseBundle(bytes, { anyCertificateForm: true })) }];
    if (form === 'cloud build') return envelopesOf(bytes).map((envelope) => ({ ...none, ...accountOfSigned(envelope) }));
    const { parseEnvelopeFile, parseLoggedEnvelope } = await import('@assay/slsa/log-search');
    if (form === 'logged') {
      const { nodeCrypto } = await import('@assay/crypto-node');
      return ((await parseLoggedEnvelope(bytes, nodeCrypto)) ?? []).map(({ bundle }) => ({ place, form, ...accountOfBundle(bundle) }));
    }
    const file = parseEnvelopeFile(bytes);
    const [envelope] = file.envelopes;
    const certificate = file.lookup === 'entry' ? accountOfCertificate(file.certificate) : undefined;
    return envelope === undefined
      ? []
      : [{ ...none, ...(certificate && { certificate }), ...accountOfSigned({ type: envelope.payloadType, bytes: envelope.payload }) }];
  } catch (error) {
    if (isTrustError(error)) return [{ ...none, problem: error.message }];
    throw error;
  }
}

/** Errors: `CERT_…`. */
export function accountOfBundle({ content, material, entries }: Pick<Bundle, 'content' | 'material' | 'entries'>): Omit<Account, 'place' | 'form'> {
  const certificate = material.kind === 'certificate' ? accountOfCertificate(material.leaf) : undefined;
  const recorded = entries.flatMap(({ integratedTime }) => (integratedTime === 0n ? [] : (fromUnixSeconds(integratedTime) ?? [])));
  const signed = content.kind === 'dsse' ? accountOfSigned({ type: content.payloadType, bytes: content.payload }) : {};
  return { recorded, ...(certificate && { certificate }), ...signed };
}

function accountOfCertificate(der: Uint8Array): CertificateAccount {
  const certificate = Certificate.parse(der);
  const { san, oidcIssuer, extensions } = identityOf(certificate);
  return { san: san.value, oidcIssuer, validity: certificate.validity, facts: certificateFacts({ san: san.value, sanKind: san.kind, extensions }) };
}

function accountOfSigned(signed: { readonly type: string; readonly bytes: Uint8Array }): Partial<Account> {
  const payload = tryParseJson(signed.bytes);
  const type = isJsonObject(payload) ? payload['predicateType'] : undefined;
  const predicateType = typeof type === 'string' ? { predicateType: type } : {};
  try {
    const provenance = provenanceOf(readStatement(signed));
    return { ...predicateType, provenance, stated: predicateFacts(provenance) };
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    const problem = error.what === 'predicate type' ? {} : { problem: error.message };
    return { ...predicateType, ...problem, ...(payload !== undefined && { payload }) };
  }
}

/** Of Cloud Build's document: `{ provenance_summary: { provenance: [{ envelope: { payload, payloadType } }] } }`. */
function envelopesOf(bytes: Uint8Array): { readonly type: string; readonly bytes: Uint8Array }[] {
  const items = memberOf(memberOf(tryParseJson(bytes), 'provenance_summary'), 'provenance');
  return (Array.isArray(items) ? items : []).map((item) => {
    const envelope = memberOf(item, 'envelope');
    const [payload, type] = [memberOf(envelope, 'payload'), memberOf(envelope, 'payloadType')];
    return { type: typeof type === 'string' ? type : '', bytes: Buffer.from(typeof payload === 'string' ? payload : '', 'base64') };
  });
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
