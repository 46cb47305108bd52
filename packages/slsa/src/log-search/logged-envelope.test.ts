import { Artifact, encodeBase64, isTrustError, parseBundle, utf8, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { ARTIFACT, digestOf, judgeOf, olderFile, olderLog, placeOf, recordOlder, SIGNER, trustedRootOf } from '../../test/older-envelope.ts';
import type { LogCandidate } from './candidate.ts';
import { parseEnvelopeFile } from './envelope-file.ts';
import { encodeLoggedEnvelope, LOGGED_ENVELOPE, parseLoggedEnvelope } from './logged-envelope.ts';
import { judgeCandidates, searchByDigest, searchByEntry } from './search.ts';

const instance = createInstance();
const judge = judgeOf(instance);

/** Found in the log, by what the file has. */
async function found(kind: 'intoto' | 'dsse', form: 'certified' | 'bare' = 'certified'): Promise<LogCandidate> {
  const made = olderFile(instance);
  recordOlder(instance, made[form], made.pem, { ...made, kind, digest: digestOf(utf8(made[form])) });
  const file = parseEnvelopeFile(utf8(made[form]));
  const place = await placeOf(olderLog(instance));
  const { candidate } = await (file.lookup === 'entry' ? searchByEntry(file, place, judge) : searchByDigest(file, digestOf(file.bytes), place, judge));
  if (candidate === undefined) throw new Error('not found');
  return candidate;
}

async function offline(text: string) {
  return judgeCandidates((await parseLoggedEnvelope(utf8(text), nodeCrypto)) ?? [], judge);
}

describe('kept, it needs no network any more', () => {
  test.each(['certified', 'bare'] as const)('intoto 0.0.1 of a %s envelope, as a document of ours', async (form) => {
    const candidate = await found('intoto', form);
    const text = encodeLoggedEnvelope(candidate);
    expect(JSON.parse(text)).toMatchObject({ mediaType: LOGGED_ENVELOPE, entry: { [candidate.uuid]: { logIndex: Number(candidate.entry.logIndex) } } });
    const proof = await offline(text);
    expect(proof.check.status).toBe('pass');
    expect(proof.candidate).toEqual(candidate);
    expect(encodeLoggedEnvelope(proof.candidate as LogCandidate)).toBe(text);
  });

  test.each(['certified', 'bare'] as const)('dsse 0.0.1 of a %s envelope, as a Sigstore bundle', async (form) => {
    const text = encodeLoggedEnvelope(await found('dsse', form));
    expect(await parseLoggedEnvelope(utf8(text), nodeCrypto)).toBeUndefined();
    const options = { signer: SIGNER, trustedRoot: trustedRootOf(instance), crypto: nodeCrypto, now: instance.now };
    expect((await verify(parseBundle(utf8(text)), Artifact.fromBytes(ARTIFACT), options)).ok).toBe(true);
  });
});

describe('what was changed in it is found out', () => {
  type Document = { envelope: string; entry: Record<string, { body: string; integratedTime: number; verification: { signedEntryTimestamp?: string } }> };
  const edited = async (edit: (document: Document, uuid: string) => void): Promise<string> => {
    const candidate = await found('intoto');
    const document = JSON.parse(encodeLoggedEnvelope(candidate)) as Document;
    edit(document, candidate.uuid);
    return JSON.stringify(document);
  };
  const other = async (): Promise<string> => (JSON.parse(encodeLoggedEnvelope(await found('intoto'))) as Document).envelope;

  test('another envelope', async () => {
    const envelope = await other();
    expect((await offline(await edited((document) => Object.assign(document, { envelope })))).check.status).toBe('fail');
  });

  test('one byte more in the envelope', async () => {
    const text = await edited((document) => {
      document.envelope = Buffer.from(`${Buffer.from(document.envelope, 'base64')}\n`).toString('base64');
    });
    const { check, verification } = await offline(text);
    expect(check.status).toBe('fail');
    expect(JSON.stringify(verification?.root)).toContain('TLOG_BODY_DIGEST');
  });

  test('another time', async () => {
    const text = await edited(({ entry }, uuid) => Object.assign(entry[uuid] ?? {}, { integratedTime: 1 }));
    expect(JSON.stringify((await offline(text)).check)).toContain('TLOG_SET_INVALID');
  });

  test.each<[string, (document: Document, uuid: string) => void, string]>([
    ['another id', ({ entry }, uuid) => rename(entry, uuid, 'ab'.repeat(40)), 'REKOR_ENTRY_MISMATCH'],
    ['an id that is none', ({ entry }, uuid) => rename(entry, uuid, 'entry'), 'REKOR_RESPONSE'],
    ['no entry', (document) => Object.assign(document, { entry: {} }), 'SLSA_FORM'],
    ['two entries', ({ entry }, uuid) => Object.assign(entry, { ['ab'.repeat(40)]: entry[uuid] }), 'SLSA_FORM'],
    ['no signed entry timestamp', ({ entry }, uuid) => delete entry[uuid]?.verification.signedEntryTimestamp, 'REKOR_RESPONSE'],
    ['an index beyond all integers', ({ entry }, uuid) => Object.assign(entry[uuid] ?? {}, { logIndex: '99999999999999999999' }), 'SLSA_FORM'],
    ['no envelope', (document) => Object.assign(document, { envelope: '' }), 'SLSA_FORM'],
    ['an envelope that is none', (document) => Object.assign(document, { envelope: 'e30=' }), 'SLSA_FORM'],
    [
      'an envelope that is such a document itself',
      (document) => Object.assign(document, { envelope: encodeBase64(utf8(JSON.stringify(document))) }),
      'SLSA_FORM',
    ],
  ])('%s', async (_, edit, code) => {
    const text = await edited(edit);
    await expect(parseLoggedEnvelope(utf8(text), nodeCrypto).catch((error: unknown) => (isTrustError(error) ? error.code : error))).resolves.toBe(code);
  });

  function rename(entry: Document['entry'], from: string, to: string): void {
    entry[to] = entry[from] as Document['entry'][string];
    delete entry[from];
  }
});

test.each<[string, string | Uint8Array]>([
  ['an envelope', olderFile(instance).certified],
  ['nothing', ''],
  ['another JSON document', '{"mediaType":"application/json"}'],
  ['a media type that is no text', '{"mediaType":{}}'],
  ['two documents', `{"mediaType":"${LOGGED_ENVELOPE}"}{}`],
  ['no text', Uint8Array.of(0xff)],
])('%s is another document', async (_, input) => {
  expect(await parseLoggedEnvelope(typeof input === 'string' ? utf8(input) : input, nodeCrypto)).toBeUndefined();
});
