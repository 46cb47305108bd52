/** Requests to the services of the stack, signed before any clock starts: what is measured is who answers, not who asks. */
import { randomBytes } from 'node:crypto';
import { encodeBase64 } from '@assay/core';
import {
  boolean,
  generateKey,
  integer,
  issueLeaf,
  issueRoot,
  leafFields,
  nullValue,
  OID,
  octetString,
  oid,
  type SigningKey,
  sequence,
  sha256,
} from '@assay/make';
import { keyRequest } from '../packages/stack/test/certificate-request.ts';
import { type StackProcess, tokensOf } from './stack-process.ts';

/** A signing as Rekor v2 is asked to record it. Kept in parts: whole requests of a long load would fill the memory. */
export interface SignedEntry {
  /** JSON of the verifier: a certificate as Fulcio issues them. */
  readonly verifier: string;
  /** Base64 both. */
  readonly digest: string;
  readonly signature: string;
}

/** All of them different; of a number of signers. */
export function signEntries(count: number): SignedEntry[] {
  const signers = makeSigners();
  return Array.from({ length: count }, (_, i) => {
    const { key, verifier } = signers[i % signers.length] as Signer;
    const message = randomBytes(32);
    return { verifier, digest: encodeBase64(sha256(message)), signature: encodeBase64(key.sign(message)) };
  });
}

export function* entryRequests(entries: readonly SignedEntry[]): Generator<string> {
  for (const { verifier, digest, signature } of entries)
    yield `{"hashedRekordRequestV002":{"digest":"${digest}","signature":{"content":"${signature}","verifier":${verifier}}}}`;
}

export interface Signer {
  readonly key: SigningKey;
  /** DER. */
  readonly certificate: Uint8Array;
  readonly verifier: string;
}

/** A log records certificates of any authority. */
export function makeSigners(): Signer[] {
  const now = new Date();
  const root = issueRoot({ name: { commonName: 'bench' }, key: generateKey('p384'), notBefore: now, notAfter: new Date(now.getTime() + 864e5) });
  return Array.from({ length: SIGNERS }, (_, i) => {
    const key = generateKey('p256');
    const certificate = issueLeaf(
      leafFields(root, {
        spki: key.spki,
        san: { type: 'email', value: `signer-${i}@bench.example` },
        fulcio: { issuer: 'https://issuer.bench.example', tokenSubject: String(i) },
        notBefore: now,
      }),
      root,
    );
    return { key, certificate, verifier: JSON.stringify({ keyDetails: key.keyDetails, x509Certificate: { rawBytes: encodeBase64(certificate) } }) };
  });
}

/** Each with a token, a key and a proof of its own. Tokens live for ten minutes. */
export async function certificateRequests(stack: StackProcess, count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, (_, i) => `signer-${i}@bench.example`);
  const tokens = await tokensOf(
    stack,
    emails.map((email) => ({ kind: 'email', email })),
  );
  return emails.map((email, i) => JSON.stringify(keyRequest(tokens[i], email)));
}

/** RFC 3161 section 2.4.1, with a nonce and with the wish for the certificate, as clients of Sigstore ask. */
export function* timestampQueries(): Generator<Uint8Array> {
  for (;;) {
    const imprint = sequence(sequence(oid(OID.sha256), nullValue()), octetString(randomBytes(32)));
    yield sequence(integer(1), imprint, integer(randomBytes(8)), boolean(true));
  }
}

const SIGNERS = 64;
