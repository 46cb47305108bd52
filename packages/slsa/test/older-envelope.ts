/** What generators before 2.1.0 left behind: envelope files of a virtual instance, its log that holds their entries, and core's verdict on what is found. */
import {
  type Bundle,
  canonicalJson,
  certificatePem,
  decodeBase64,
  encodeBase64,
  exactly,
  type Json,
  type JsonObject,
  parseTrustedRoot,
  type TrustedRoot,
  toHex,
  utf8,
  type Verification,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient, type HttpClientOptions } from '@assay/net';
import { DEFAULT_IDENTITY, type Handler, type Instance, rekorV1Stub, type SignOptions, type StubOptions, serve } from '@assay/testkit';
import { onTestFinished } from 'vitest';
import type { LogPlace } from '../src/log-search/index.ts';

export const ARTIFACT = utf8('the artifact');
export const SIGNER = { identities: [{ san: exactly(DEFAULT_IDENTITY.san), issuer: exactly(DEFAULT_IDENTITY.issuer) }] };

export interface OlderFile {
  /** The file, with the certificate beside the signature. */
  readonly certified: string;
  /** The file as the first generators wrote it. */
  readonly bare: string;
  readonly pem: string;
  readonly signedAt: Date;
  readonly signature: { readonly sig: string };
}

/** Signed by the default workflow, and not on record anywhere. */
export function olderFile(instance: Instance, options: SignOptions = {}): OlderFile {
  const signedAt = options.signedAt ?? new Date(instance.now.getTime() - 3600_000);
  const { bundle, expected } = instance.sign(ARTIFACT, { ...options, signedAt, content: 'dsse', log: 'none', timestamp: false });
  const pem = certificatePem(expected.certificate ?? new Uint8Array(0));
  const { payloadType, payload, signatures } = bundle.dsseEnvelope as { payloadType: string; payload: string; signatures: { sig: string }[] };
  const [{ sig }] = signatures as [{ sig: string }];
  const certified = JSON.stringify({ payloadType, payload, signatures: [{ keyid: '', sig, cert: pem }] });
  const bare = JSON.stringify({ payloadType, payload, signatures: [{ keyid: '', sig }] });
  return { certified, bare, pem, signedAt, signature: { sig } };
}

export interface Logging {
  readonly kind?: 'intoto' | 'dsse';
  readonly at?: Date;
  readonly payloadHash?: 'recorded' | 'left out';
  /** What the index finds it by. */
  readonly digest?: string;
  /** Of a certificate, or of something else. */
  readonly pem?: string;
}

/** On record as the log of those years kept it; returns the entry's id. */
export function recordOlder({ rekorV1 }: Instance, text: string, pem: string, options: Logging & { signedAt: Date }): string {
  const { kind = 'intoto', digest = digestOf(ARTIFACT) } = options;
  const body = kind === 'intoto' ? intotoBody(text, pem, options.payloadHash ?? 'recorded') : dsseBody(text, pem);
  const at = options.at ?? new Date(options.signedAt.getTime() + 3000);
  return rekorV1.entryId(rekorV1.append({ body, kind, version: '0.0.1', searchKeys: [`sha256:${digest}`] }, at));
}

/** By the letter of the format: the hash of the text as it came, of the payload in it, and the verifier. */
function intotoBody(text: string, pem: string, payloadHash: 'recorded' | 'left out'): Uint8Array {
  const hash = { algorithm: 'sha256', value: digestOf(utf8(text)) };
  const content = payloadHash === 'recorded' ? { hash, payloadHash: { algorithm: 'sha256', value: digestOf(payloadOf(text)) } } : { hash };
  return utf8(canonicalJson({ apiVersion: '0.0.1', kind: 'intoto', spec: { content, publicKey: encodeBase64(utf8(pem)) } }));
}

function dsseBody(text: string, pem: string): Uint8Array {
  const { signatures } = JSON.parse(text) as { signatures: { sig: string }[] };
  const spec = {
    envelopeHash: { algorithm: 'sha256', value: digestOf(utf8(text)) },
    payloadHash: { algorithm: 'sha256', value: digestOf(payloadOf(text)) },
    signatures: signatures.map(({ sig }) => ({ signature: sig, verifier: encodeBase64(utf8(pem)) })),
  };
  return utf8(canonicalJson({ apiVersion: '0.0.1', kind: 'dsse', spec }));
}

function payloadOf(text: string): Uint8Array {
  return decodeBase64((JSON.parse(text) as { payload: string }).payload) ?? new Uint8Array(0);
}

export function digestOf(bytes: Uint8Array): string {
  return toHex(nodeCrypto.hash('sha256', bytes) as Uint8Array);
}

/** The log of the instance as it was: it knows intoto 0.0.1, and finds a proposal by the entry that it would make of it, byte by byte. */
export function olderLog(instance: Instance, options: StubOptions = {}): Handler {
  const stub = rekorV1Stub(instance, options);
  return async (request) => {
    if (!request.url.endsWith('/entries/retrieve')) return stub(request);
    const query = (await request.json()) as { entries?: JsonObject[] };
    const entries = query.entries?.map((proposed) => ({ apiVersion: '0.0.1', ...recorded(proposed) }));
    return stub(new Request(request.url, { method: 'POST', body: JSON.stringify({ ...query, entries }) }));
  };
}

function recorded(proposed: JsonObject): Json & object {
  const spec = proposed['spec'] as { content?: { envelope: string }; publicKey?: string; proposedContent?: { envelope: string; verifiers: string[] } };
  const pemIn = (base64 = ''): string => new TextDecoder().decode(decodeBase64(base64));
  const body =
    spec.content === undefined
      ? dsseBody(spec.proposedContent?.envelope ?? '', pemIn(spec.proposedContent?.verifiers[0]))
      : intotoBody(spec.content.envelope, pemIn(spec.publicKey), 'recorded');
  return JSON.parse(new TextDecoder().decode(body)) as JsonObject;
}

/** `handler` on a socket, and a client that does not wait between its attempts. Both end with the test. */
export async function placeOf(handler: Handler, options: HttpClientOptions = {}): Promise<LogPlace & { readonly url: string }> {
  const server = await serve(handler);
  const http = createHttpClient({ sleep: async () => undefined, ...options });
  onTestFinished(async () => {
    http.close();
    await server.close();
  });
  return { url: `${server.url}/`, http, crypto: nodeCrypto };
}

/** What a caller demands: that the log has it, and that the workflow signed it. */
export function judgeOf(instance: Instance): (bundle: Bundle) => Promise<Verification> {
  return (bundle) =>
    verify(bundle, undefined, { signer: SIGNER, trustedRoot: trustedRootOf(instance), crypto: nodeCrypto, now: instance.now, opaqueContent: true });
}

export function trustedRootOf(instance: Instance): TrustedRoot {
  return parseTrustedRoot(utf8(JSON.stringify(instance.trustedRoot())));
}
