/** Services of a virtual instance that answer on sockets, signings to put on record with them, and the verdict on what came back. */
import { BUNDLE_V03, type Bundle, certificatePem, encodeBundle, type LogEntry, parseBundle, parseTrustedRoot, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient } from '@assay/net';
import { type Edit, type Handler, type Instance, type Sample, type SignOptions, serve, type Verdict, verifySample } from '@assay/testkit';
import { onTestFinished } from 'vitest';
import type { Service } from '../src/services/service.ts';
import type { Signing } from '../src/services/signing.ts';

export const ARTIFACT = utf8('the artifact');

/** `handler` on a socket, with a client that does not wait between its attempts. Both end with the test. */
export async function served(handler: Handler): Promise<Service> {
  const server = await serve(handler);
  const http = createHttpClient({ sleep: async () => undefined });
  onTestFinished(async () => {
    http.close();
    await server.close();
  });
  return { url: server.url, http };
}

export interface Signed {
  readonly signing: Signing;
  readonly bundle: Bundle;
  /** Core's, on the bundle with these entries and timestamps, under the instance's trusted root. */
  judge(recorded: { readonly entries?: readonly LogEntry[]; readonly timestamps?: readonly Uint8Array[] }): Promise<Verdict>;
}

/** Signs the artifact at the instance's now, and records nothing. */
export function signed(instance: Instance, options: SignOptions = {}): Signed {
  const sample = instance.sign(ARTIFACT, { signedAt: instance.now, ...options, log: 'none', timestamp: false });
  const bundle = parseBundle(sample.bundleBytes);
  return {
    bundle,
    signing: { content: bundle.content, verifierPem: verifierPem(bundle, sample), envelope: envelopeOf(sample) },
    judge: ({ entries = [], timestamps = [] }) => verifySample({ ...sample, bundleBytes: utf8(withEvidence(bundle, entries, timestamps)) }, nodeCrypto),
  };
}

export function withEvidence(bundle: Bundle, entries: readonly LogEntry[], timestamps: readonly Uint8Array[]): string {
  return encodeBundle({ ...bundle, mediaType: BUNDLE_V03, entries, timestamps });
}

export function trustedRootOf(instance: Instance) {
  return parseTrustedRoot(utf8(JSON.stringify(instance.trustedRoot())));
}

function verifierPem({ material }: Bundle, { policy }: Sample): string {
  return material.kind === 'certificate' ? certificatePem(material.leaf) : (policy.key ?? '');
}

function envelopeOf({ bundle }: Sample): Uint8Array | undefined {
  return bundle.dsseEnvelope && utf8(JSON.stringify(bundle.dsseEnvelope));
}

export type Change = (response: Response) => Response | Promise<Response>;

/** What `handler` answers, changed on the way. */
export function altered(handler: Handler, change: Change): Handler {
  return async (request) => change(await handler(request));
}

/** Changes the JSON of an answer, and keeps status and headers. */
export function editedJson(edit: Edit): Change {
  return async (response) => replaced(JSON.stringify(edit(await response.json())))(response);
}

/** Another body under the same status and headers. */
export function replaced(body: string | Uint8Array<ArrayBuffer>): Change {
  return ({ status, headers }) => new Response(body, { status, headers });
}
