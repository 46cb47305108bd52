/** A stack that was used and whose keys were all replaced once, in a folder of its own: something of everything that a stack keeps. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBase64 } from '@assay/core';
import { boolean, generateKey, integer, nullValue, OID, octetString, oid, sequence, sha256 } from '@assay/make';
import { pino } from 'pino';
import type { Endpoints } from '../src/documents.ts';
import { issueToken } from '../src/issue-token.ts';
import { ROTATABLE, rotate } from '../src/rotate.ts';
import { startStack } from '../src/stack.ts';
import { keyRequest } from './certificate-request.ts';
import { type Answer, putImage } from './registry-scene.ts';
import { proposalOf, signed } from './rekor-scene.ts';

export const START = new Date('2026-03-01T10:00:00Z');
/** When the keys were replaced. */
export const ROTATED = new Date('2026-03-02T10:00:00Z');
/** Entries of the first shard of Rekor v2: two full tiles, and one that is not. */
export const V2_ENTRIES = 520;

export interface UsedStack {
  readonly folder: string;
  readonly origin: string;
}

/** @param folder that is empty */
export async function makeUsedStack(folder: string): Promise<UsedStack> {
  let now = START;
  const stack = await startStack({ directory: folder, clock: () => now, log: pino({ level: 'silent' }) });
  const { origin } = stack.endpoints;
  await use(folder, now, V2_ENTRIES);
  now = ROTATED;
  for (const what of ROTATABLE) await rotate(folder, what, now);
  now = new Date(ROTATED.getTime() + 60_000);
  await stack.reload();
  await use(folder, now, 3);
  await stack.close();
  return { folder, origin };
}

/** Signs, and pushes. */
export async function use(folder: string, now: Date, entries: number): Promise<void> {
  const { origin, rekorV2 } = JSON.parse(readFileSync(join(folder, 'endpoints.json'), 'utf8')) as Endpoints;
  const post = async (url: string, body: unknown, type = 'application/json'): Promise<void> => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body: (body instanceof Uint8Array ? body : JSON.stringify(body)) as BodyInit,
    });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  for (let i = 0; i < 3; i++) await post(`${origin}/api/v2/signingCert`, await certificateRequest(folder, now));
  await post(`${origin}/api/v1/timestamp`, timestampQuery(), 'application/timestamp-query');
  for (const sample of [signed(), signed({ content: 'dsse' }), signed()]) await post(`${origin}/api/v1/log/entries`, proposalOf(sample));
  const requests = Array.from({ length: entries }, v2Request);
  while (requests.length > 0) await Promise.all(requests.splice(0, 64).map((request) => post(`${rekorV2}/api/v2/log/entries`, request)));

  const registry = { at: (path: string, init?: RequestInit) => ask(origin + path, init) };
  const image = await putImage(registry, 'team/app', { reference: 'v1', layer: `layer of ${now.toISOString()}` });
  await putImage(registry, 'team/app', { more: { subject: image, artifactType: 'application/vnd.example.sbom' } });
}

async function certificateRequest(folder: string, now: Date): Promise<object> {
  const email = 'me@example.com';
  return keyRequest(await issueToken(folder, { kind: 'email', email }, { now }), email);
}

/** RFC 3161 section 2.4.1. */
function timestampQuery(): Uint8Array {
  return sequence(integer(1), sequence(sequence(oid(OID.sha256), nullValue()), octetString(randomBytes(32))), integer(randomBytes(8)), boolean(true));
}

const signer = generateKey('p256');

function v2Request(): object {
  const message = randomBytes(32);
  const verifier = { keyDetails: signer.keyDetails, publicKey: { rawBytes: encodeBase64(signer.spki) } };
  return { hashedRekordRequestV002: { digest: encodeBase64(sha256(message)), signature: { content: encodeBase64(signer.sign(message)), verifier } } };
}

async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const answer = await fetch(url, init);
  const body = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body, text: Buffer.from(body).toString() };
}
