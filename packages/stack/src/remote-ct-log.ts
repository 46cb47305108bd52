/** A CT log that runs elsewhere, for the precertificates of our authority (RFC 6962 section 4.2). */
import { parseFields, TrustError } from '@assay/core';
import type { Sct } from '@assay/make';
import { createHttpClient, redactUrl } from '@assay/net';

export interface RemoteCtLog {
  /** `chain` is DER, the precertificate first. Throws when the log does not answer, or answers what is no SCT of it. */
  addPrecertificate(chain: readonly Uint8Array[]): Promise<Sct>;
  close(): void;
}

export function openRemoteCtLog(url: string): RemoteCtLog {
  const http = createHttpClient();
  return {
    async addPrecertificate(chain) {
      const body = JSON.stringify({ chain: chain.map((der) => Buffer.from(der).toString('base64')) });
      const headers = { 'Content-Type': 'application/json' };
      // Asked again, a log answers with the SCT that it has.
      const answer = await http.request(`${url.replace(/\/$/, '')}/ct/v1/add-pre-chain`, { method: 'POST', headers, body, retries: 2, maxBytes: MAX_BYTES });
      if (answer.status !== 200) throw new Error(`the CT log at ${redactUrl(url)} answered ${answer.status}`);
      return readSct(answer.body);
    },
    close: () => http.close(),
  };
}

/** `{sct_version, id, timestamp, extensions, signature}`; the signature is u8 hash, u8 algorithm, u16 length, bytes. Errors: `SCT_PARSE`. */
export function readSct(response: Uint8Array): Sct {
  const fields = parseFields(response, { what: 'the answer of the CT log', parse: 'SCT_PARSE', shape: 'SCT_PARSE' });
  const signed = fields.bytes('signature');
  const [hashAlgorithm = 0, signatureAlgorithm = 0] = signed;
  const signature = signed.subarray(4);
  const length = ((signed[2] ?? 0) << 8) | (signed[3] ?? 0);
  if (signature.length === 0 || signature.length !== length) throw new TrustError('SCT_PARSE', 'the signature in the answer of the CT log is cut off');
  return {
    version: Number(fields.int64('sct_version')),
    logId: fields.bytes('id'),
    timestampMs: Number(fields.int64('timestamp')),
    extensions: fields.optionalBytes('extensions') ?? new Uint8Array(0),
    hashAlgorithm,
    signatureAlgorithm,
    signature,
  };
}

const MAX_BYTES = 65_536;
