/**
 * The file of slsa-github-generator 1.1.1 to 2.0.0 (slsa.md sections 1.4 and 2.1): a DSSE envelope whose signature has a member that no standard knows.
 *
 *   { payloadType, payload, signatures [ { keyid = "", sig, cert = PEM } ] }
 *
 * It carries no proof. Verifiers look its entry up in Rekor v1, by what these very bytes would have been recorded as, intoto 0.0.1 or dsse 0.0.1; so the
 * bytes that are logged, as the latter, are those that are written.
 */
import { createHash } from 'node:crypto';
import { type BundleContent, encodeBase64, encodePem, isJsonObject, type LogEntry, parseJson, TrustError, utf8 } from '@assay/core';
import type { Sealed } from '@assay/sign';
import type { ChosenServices } from '../../recording.ts';

/** Without a line end. */
export function oldEnvelope(content: BundleContent, certificate: string): Uint8Array {
  if (content.kind !== 'dsse') throw new TypeError('an envelope was expected');
  const { payloadType, payload, signature } = content;
  return utf8(JSON.stringify({ payloadType, payload: encodeBase64(payload), signatures: [{ keyid: '', sig: encodeBase64(signature), cert: certificate }] }));
}

/** What was recorded, and can be found by. Errors: `REKOR_ENTRY_MISMATCH`. */
export function writtenEnvelope({ content, certificate, entries }: Sealed): Uint8Array {
  if (certificate === undefined) throw new TypeError('an old envelope names its certificate');
  const bytes = oldEnvelope(content, encodePem('CERTIFICATE', certificate));
  const expected = createHash('sha256').update(bytes).digest('hex');
  const found = entries.map(envelopeHash);
  if (found.includes(expected)) return bytes;
  throw new TrustError('REKOR_ENTRY_MISMATCH', 'the log has recorded another envelope', { expected, found: found.join(', ') || 'none' });
}

/** Timestamps have no place in it. Errors: `SIGNING_CONFIG_SERVICES`. */
export function servicesOfOldEnvelope(chosen: ChosenServices): ChosenServices {
  return { ...servicesOfOlderForms(chosen), timestampAuthorities: [] };
}

/** Outside bundles only the promise of Rekor v1 proves a signing, or finds it. Errors: `SIGNING_CONFIG_SERVICES`. */
export function servicesOfOlderForms(chosen: ChosenServices): ChosenServices {
  const logs = chosen.logs.filter(({ majorApiVersion }) => majorApiVersion === 1);
  if (logs.length > 0) return { ...chosen, logs };
  throw new TrustError('SIGNING_CONFIG_SERVICES', 'older forms of evidence need an entry in Rekor v1, and the signing configuration names none', {
    hint: 'make a bundle, which carries its proof: leave out --format and --attach',
  });
}

/** The entry has been verified to be about this payload and signature; only what it says of the text around them is read here. */
function envelopeHash({ body }: LogEntry): string {
  const entry = parseJson(body);
  const spec = isJsonObject(entry) ? entry['spec'] : undefined;
  const hash = isJsonObject(spec) ? spec['envelopeHash'] : undefined;
  const value = isJsonObject(hash) ? hash['value'] : undefined;
  return typeof value === 'string' ? value : 'none';
}
