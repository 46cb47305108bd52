import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ErrorCode, failures, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient } from '@assay/net';
import { createInstance, type Handler, type Instance, rekorV1Stub } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ARTIFACT, digestOf, judgeOf, type OlderFile, olderFile, olderLog, placeOf, recordOlder } from '../../test/older-envelope.ts';
import { referenceText } from '../reference-error.ts';
import { type CertifiedEnvelope, parseEnvelopeFile } from './envelope-file.ts';
import type { LogPlace } from './log-place.ts';
import { type LogProof, searchByDigest, searchByEntry, verifiedLine } from './search.ts';

interface Scene {
  readonly instance: Instance;
  readonly file: OlderFile;
  readonly id: string;
}

/** One envelope, on record as intoto 0.0.1. */
function scene(options: { kind?: 'intoto' | 'dsse'; form?: 'certified' | 'bare' } = {}): Scene {
  const instance = createInstance();
  const file = olderFile(instance);
  return { instance, file, id: recordOlder(instance, file[options.form ?? 'certified'], file.pem, { ...file, kind: options.kind ?? 'intoto' }) };
}

const certifiedFile = (text: string): CertifiedEnvelope => {
  const file = parseEnvelopeFile(utf8(text));
  if (file.lookup !== 'entry') throw new TypeError('no certificate');
  return file;
};

async function byEntry({ instance, file }: Scene, handler: Handler = olderLog(instance), text = file.certified): Promise<LogProof> {
  return searchByEntry(certifiedFile(text), await placeOf(handler), judgeOf(instance));
}

async function byDigest({ instance, file }: Scene, handler: Handler = olderLog(instance), text = file.bare): Promise<LogProof> {
  return searchByDigest(parseEnvelopeFile(utf8(text)), digestOf(ARTIFACT), await placeOf(handler), judgeOf(instance));
}

/** The first failure: its code, and slsa-verifier's text. */
function failure({ check }: LogProof): { code: ErrorCode | undefined; text: string | undefined } {
  expect(check.status).toBe('fail');
  const [first] = failures(check);
  return { code: first?.code, text: first && referenceText(first) };
}

/** Changes the answers of the paths that end so. */
function answering(handler: Handler, end: string, change: (body: string) => string | Response): Handler {
  return async (request) => {
    const response = await handler(request);
    if (!new URL(request.url).pathname.endsWith(end)) return response;
    const changed = change(await response.text());
    return typeof changed === 'string' ? new Response(changed, { status: response.status }) : changed;
  };
}

interface EntryJson {
  body?: string;
  verification: Record<string, unknown>;
}

/** Changes every entry of an answer. */
function editing(handler: Handler, edit: (entry: EntryJson) => void): Handler {
  return answering(handler, '', (body) => {
    const answer = JSON.parse(body) as object[];
    for (const named of [answer].flat()) for (const entry of Object.values(named)) edit(entry as EntryJson);
    return JSON.stringify(answer);
  });
}

/** Counts requests by method and first part below /api/v1/. */
function counting(handler: Handler): { handler: Handler; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    handler: (request) => {
      asked.push(`${request.method} ${new URL(request.url).pathname.replace(/[\da-f]{64,}$/, 'ID')}`);
      return handler(request);
    },
  };
}

describe('the entry of an envelope with its certificate', () => {
  test.each(['intoto', 'dsse'] as const)('%s 0.0.1 is found and verifies', async (kind) => {
    const at = scene({ kind });
    const { handler, asked } = counting(olderLog(at.instance));
    const { check, candidate, verification } = await byEntry(at, handler);
    expect(failures(check)).toEqual([]);
    expect(check.status).toBe('pass');
    expect(candidate).toMatchObject({ uuid: at.id, entry: { kind, version: '0.0.1' } });
    expect(asked).toEqual(['POST /api/v1/log/entries/retrieve']);
    const [entry] = verification?.verified?.logEntries ?? [];
    if (verification?.verified === undefined || candidate === undefined) throw new Error('not verified');
    expect(verifiedLine(verification.verified, candidate)).toBe(
      `Verified signature against tlog entry index ${entry?.logIndex} at URL: https://rekor.testkit.example/api/v1/log/entries/${at.id}`,
    );
    expect(verification.verified.content?.bytes).toEqual(parseEnvelopeFile(utf8(at.file.certified)).envelopes[0]?.payload);
  });

  const NOT_FOUND = { code: 'SLSA_LOG_NOT_FOUND', text: 'error searching rekor entries: no matching rekor entries' };

  test.each<[string, (text: string) => string]>([
    ['a final newline', (text) => `${text}\n`],
    ['a space between members', (text) => text.replace(',"signatures"', ', "signatures"')],
    ['a member that nobody reads', (text) => text.replace('{', '{"a":1,')],
    ['a changed signature', (text) => text.replace(/(?<="sig":".{20})./, (char) => (char === 'A' ? 'B' : 'A'))],
  ])('is lost after %s', async (_, edit) => {
    const at = scene();
    expect(edit(at.file.certified)).not.toBe(at.file.certified);
    expect(failure(await byEntry(at, undefined, edit(at.file.certified)))).toEqual(NOT_FOUND);
  });

  test('is not found under the certificate of somebody else', async () => {
    const at = scene();
    const { pem } = olderFile(at.instance);
    const text = at.file.certified.replace(JSON.stringify(at.file.pem), JSON.stringify(pem));
    expect(failure(await byEntry(at, undefined, text))).toEqual(NOT_FOUND);
  });

  test('is not found where it was never logged', async () => {
    const instance = createInstance();
    expect(failure(await byEntry({ instance, file: olderFile(instance), id: '' }))).toEqual(NOT_FOUND);
  });

  test('is not chosen among two', async () => {
    const at = scene();
    recordOlder(at.instance, at.file.certified, at.file.pem, { ...at.file, kind: 'dsse' });
    expect(failure(await byEntry(at))).toEqual(NOT_FOUND);
  });

  test.each(['intoto', 'dsse'] as const)('%s is found in a log that does not know the other kind', async (kind) => {
    const at = scene({ kind });
    const known: Handler = async (request) => {
      const text = await request.text();
      const { entries } = JSON.parse(text) as { entries: { kind: string }[] };
      if (entries.some((one) => one.kind !== kind)) return Response.json({ code: 400, message: 'not supported' }, { status: 400 });
      return olderLog(at.instance)(new Request(request.url, { method: 'POST', body: text }));
    };
    expect((await byEntry(at, known)).check.status).toBe('pass');
  });

  test('a log that is overloaded at first is asked again', async () => {
    const at = scene();
    expect((await byEntry(at, olderLog(at.instance, { unavailableFor: 3 }))).check.status).toBe('pass');
  });
});

describe('a log that breaks or lies', () => {
  const entries = '/entries/retrieve';
  const search = (code: ErrorCode, text = 'error searching rekor entries: ') => ({ code, text: expect.stringContaining(text) });
  const lie = (code: ErrorCode) => search(code, 'error verifying tlog entry: ');
  /** Refused by core, which has words of its own. */
  const refused = (code: ErrorCode) => ({ code, text: undefined });

  test.each<[string, (at: Scene) => Handler, { code: ErrorCode; text: unknown }]>([
    ['is down', ({ instance }) => olderLog(instance, { fault: 'status-500' }), search('NET_STATUS')],
    ['refuses every kind', () => async () => Response.json({ code: 400, message: 'no' }, { status: 400 }), search('NET_STATUS')],
    ['has no such API', () => async () => new Response('not found', { status: 404 }), search('NET_STATUS')],
    ['answers half an answer', ({ instance }) => olderLog(instance, { fault: 'malformed' }), search('REKOR_RESPONSE')],
    ['answers a page for people', ({ instance }) => olderLog(instance, { fault: 'html' }), search('REKOR_RESPONSE')],
    ['answers text in place of entries', ({ instance }) => answering(olderLog(instance), entries, () => '["entry"]'), search('REKOR_RESPONSE')],
    ['answers null in place of an entry', ({ instance }) => answering(olderLog(instance), entries, () => '[{"a":null}]'), search('REKOR_RESPONSE')],
    ['answers an array of arrays', ({ instance }) => answering(olderLog(instance), entries, (body) => `[${body}]`), search('REKOR_RESPONSE')],
    ['answers an entry without a body', ({ instance }) => editing(olderLog(instance), (entry) => delete entry.body), search('REKOR_RESPONSE')],
    [
      'answers the entry ten times',
      ({ instance }) => answering(olderLog(instance), entries, (body) => `[${Array(10).fill(body.slice(1, -1)).join()}]`),
      search('SLSA_LOG_NOT_FOUND', 'no matching rekor entries'),
    ],
    [
      'answers entries without end',
      ({ instance }) => answering(olderLog(instance), entries, (body) => `[${Array(500).fill(body.slice(1, -1)).join()}]`),
      search('REKOR_RESPONSE'),
    ],
    ['answers more than is read', ({ instance }) => answering(olderLog(instance), entries, (body) => body + ' '.repeat(17 << 20)), search('NET_TOO_LARGE')],
    ['names the entry by the id of another', ({ instance }) => olderLog(instance, { fault: 'other-id' }), lie('REKOR_ENTRY_MISMATCH')],
    [
      'names the entry by no id',
      ({ instance, id }) => answering(olderLog(instance), entries, (body) => body.replace(id, '../../entry')),
      lie('REKOR_RESPONSE'),
    ],
    [
      'leaves out the signed entry timestamp',
      ({ instance }) => editing(olderLog(instance), (entry) => delete entry.verification['signedEntryTimestamp']),
      lie('REKOR_RESPONSE'),
    ],
    [
      'leaves out the inclusion proof',
      ({ instance }) => editing(olderLog(instance), (entry) => delete entry.verification['inclusionProof']),
      lie('REKOR_RESPONSE'),
    ],
    ['answers an entry of another artifact', ({ instance }) => olderLog(instance, { fault: 'other-artifact' }), refused('TLOG_KIND')],
    [
      'answers an entry of another envelope',
      ({ instance }) => {
        const other = olderFile(instance);
        const id = recordOlder(instance, other.certified, other.pem, other);
        return async () => fetchById(instance, id, (entry) => `[${entry}]`);
      },
      refused('TLOG_BODY_KEY'),
    ],
    [
      'answers an entry of another text by the same signer',
      ({ instance, file }) => {
        const id = recordOlder(instance, `${file.certified}\n`, file.pem, file);
        return async () => fetchById(instance, id, (entry) => `[${entry}]`);
      },
      refused('TLOG_BODY_DIGEST'),
    ],
    ['promises with another key', ({ instance }) => olderLog(instance, { fault: 'wrong-set' }), refused('TLOG_SET_INVALID')],
    ['proves another tree', ({ instance }) => olderLog(instance, { fault: 'wrong-proof' }), refused('TLOG_INCLUSION_MISMATCH')],
    [
      'states another time',
      ({ instance }) => editing(olderLog(instance), (entry) => Object.assign(entry, { integratedTime: 1_700_000_000 })),
      refused('TLOG_SET_INVALID'),
    ],
    [
      'is another log, with an entry of this very file',
      ({ file }) => {
        const other = createInstance();
        recordOlder(other, file.certified, file.pem, file);
        return olderLog(other);
      },
      refused('TLOG_UNKNOWN_LOG'),
    ],
  ])('%s', async (_, handlerOf, expected) => {
    const at = scene();
    expect(failure(await byEntry(at, handlerOf(at)))).toEqual(expected);
  });

  test('recorded it long after the certificate had ended', async () => {
    const instance = createInstance();
    const file = olderFile(instance);
    const id = recordOlder(instance, file.certified, file.pem, { ...file, at: instance.now });
    expect(failure(await byEntry({ instance, file, id }))).toEqual(refused('CERT_TIME'));
  });

  test('is asked four times, and no more', async () => {
    const at = scene();
    const { handler, asked } = counting(olderLog(at.instance, { fault: 'status-500' }));
    expect(failure(await byEntry(at, handler)).text).toContain('server returned HTTP 500');
    expect(asked).toHaveLength(4);
  });

  test('cannot be reached', async () => {
    const at = scene();
    expect(failure(await searchByEntry(certifiedFile(at.file.certified), await closedPlace(), judgeOf(at.instance)))).toEqual(search('NET_UNREACHABLE'));
  });

  test('must not be asked', async () => {
    const at = scene();
    const place = await placeOf(olderLog(at.instance), { offline: true });
    expect(failure(await searchByEntry(certifiedFile(at.file.certified), place, judgeOf(at.instance)))).toEqual(search('NET_OFFLINE'));
  });

  test('an abort is no failure of the log', async () => {
    const at = scene();
    const place = { ...(await placeOf(olderLog(at.instance))), signal: AbortSignal.abort(new Error('enough')) };
    await expect(searchByEntry(certifiedFile(at.file.certified), place, judgeOf(at.instance))).rejects.toThrow('enough');
  });
});

describe('the entries about an artifact', () => {
  test.each(['intoto', 'dsse'] as const)('%s 0.0.1 tells who signed, and verifies', async (kind) => {
    const at = scene({ kind, form: 'bare' });
    const { handler, asked } = counting(olderLog(at.instance));
    const { check, candidate } = await byDigest(at, handler);
    expect(failures(check)).toEqual([]);
    expect(candidate?.uuid).toBe(at.id);
    expect(asked).toEqual(['POST /api/v1/index/retrieve', 'GET /api/v1/log/entries/ID']);
  });

  test('the first that holds wins, whatever else is there', async () => {
    const at = scene({ form: 'bare' });
    at.instance.sign(ARTIFACT, { log: 'v1' });
    const other = olderFile(at.instance);
    recordOlder(at.instance, other.bare, other.pem, other);
    const found = await byDigest({ ...at, file: other });
    expect(failures(found.check)).toEqual([]);
    expect(found.candidate?.uuid).not.toBe(at.id);
  });

  test('nothing is found for another artifact', async () => {
    const at = scene({ form: 'bare' });
    const proof = await searchByDigest(parseEnvelopeFile(utf8(at.file.bare)), '00'.repeat(32), await placeOf(olderLog(at.instance)), judgeOf(at.instance));
    expect(failure(proof)).toEqual({ code: 'SLSA_LOG_NOT_FOUND', text: 'error searching rekor entries: no matching entries found' });
  });

  test('every refusal is told when none holds', async () => {
    const at = scene({ form: 'bare' });
    at.instance.sign(ARTIFACT, { log: 'v1' });
    const other = olderFile(at.instance);
    const { code, text } = failure(await byDigest({ ...at, file: other }));
    expect(code).toBe('SLSA_LOG_NOT_FOUND');
    expect(text).toBe(
      'could not find a matching valid signature entry: got unexpected errors the entry is about another envelope, the entry is of a kind that is not looked for',
    );
  });

  test('of several signatures one is enough', async () => {
    const instance = createInstance();
    const file = olderFile(instance);
    const other = JSON.parse(olderFile(instance).bare) as { signatures: unknown[] };
    const text = JSON.stringify({ ...JSON.parse(file.bare), signatures: [...other.signatures, { keyid: '', ...file.signature }] });
    const id = recordOlder(instance, text, file.pem, file);
    const { check, candidate } = await byDigest({ instance, file, id }, undefined, text);
    expect(failures(check)).toEqual([]);
    expect(candidate?.bundle.content).toMatchObject({ keyid: '', signature: new Uint8Array(Buffer.from(file.signature.sig, 'base64')) });
  });

  test('of several signatures none is by the signer of the entry', async () => {
    const instance = createInstance();
    const [one, two] = [olderFile(instance), olderFile(instance)];
    const text = JSON.stringify({ ...JSON.parse(one.bare), signatures: [one.signature, one.signature] });
    const id = recordOlder(instance, text, two.pem, two);
    expect(failure(await byDigest({ instance, file: one, id }, undefined, text)).text).toContain(
      'the signature over the envelope does not verify with the P-256 key',
    );
  });

  test('an entry that was made with a bare key tells no signer', async () => {
    const instance = createInstance();
    const file = olderFile(instance);
    const id = recordOlder(instance, file.bare, instance.rekorV1.key.publicPem, file);
    expect(failure(await byDigest({ instance, file, id })).text).toContain('expected one certificate');
  });

  test('an envelope with its certificate is found this way, too', async () => {
    const at = scene();
    expect((await byDigest(at, undefined, at.file.certified)).check.status).toBe('pass');
  });

  test('an index without end is not followed to its end', async () => {
    const at = scene({ form: 'bare' });
    const ids = JSON.stringify(Array.from({ length: 5000 }, (_, i) => i.toString(16).padStart(80, '0')));
    const { handler, asked } = counting(answering(olderLog(at.instance), '/index/retrieve', () => ids));
    const { check } = await byDigest(at, handler);
    expect(asked).toHaveLength(1 + 256);
    expect(failures(check)[0]?.found).toBe('256 entries about the artifact, none of which holds; 4744 more were not looked at');
  });

  test('an id that stands there twice is asked for once', async () => {
    const at = scene({ form: 'bare' });
    const { handler, asked } = counting(
      answering(olderLog(at.instance), '/index/retrieve', () => JSON.stringify([`f${'0'.repeat(79)}`, `F${'0'.repeat(79)}`, at.id])),
    );
    expect((await byDigest(at, handler)).check.status).toBe('pass');
    expect(asked).toHaveLength(3);
  });

  test.each<[string, (at: Scene) => Handler, ErrorCode, string]>([
    ['is no list', ({ instance }) => answering(olderLog(instance), '/index/retrieve', () => '{"ids":[]}'), 'REKOR_RESPONSE', 'not a list'],
    ['is no JSON', ({ instance }) => answering(olderLog(instance), '/index/retrieve', () => '<html>'), 'REKOR_RESPONSE', 'not a list'],
    ['names numbers', ({ instance }) => answering(olderLog(instance), '/index/retrieve', () => '[1]'), 'REKOR_RESPONSE', 'not a list'],
    ['names paths', ({ instance }) => answering(olderLog(instance), '/index/retrieve', () => '["../../../etc"]'), 'REKOR_RESPONSE', 'no entry id'],
    ['is larger than is read', ({ instance }) => answering(olderLog(instance), '/index/retrieve', () => `[${' '.repeat(17 << 20)}]`), 'NET_TOO_LARGE', ''],
    ['does not answer', ({ instance }) => answering(olderLog(instance), '/index/retrieve', () => new Response('', { status: 502 })), 'NET_STATUS', '502'],
  ])('an index that %s', async (_, handlerOf, code, says) => {
    const at = scene({ form: 'bare' });
    expect(failure(await byDigest(at, handlerOf(at)))).toEqual({ code, text: expect.stringContaining(says) });
  });

  test.each<[string, (at: Scene) => Handler, string]>([
    ['answers with another entry', ({ instance }) => olderLog(instance, { fault: 'other-id' }), 'the log answered with another entry'],
    [
      'answers with another body',
      ({ instance }) =>
        editing(olderLog(instance), (entry) => Object.assign(entry, { body: Buffer.from('{"kind":"intoto","apiVersion":"0.0.1"}').toString('base64') })),
      'the entry is not the one that its id names',
    ],
    ['answers with two entries', ({ instance, id }) => answering(olderLog(instance), id, (body) => `[${body},${body}]`), 'expected one entry, found 2'],
    ['answers with none', ({ instance, id }) => answering(olderLog(instance), id, () => '{}'), 'expected one entry, found 0'],
    ['does not have it', ({ instance, id }) => answering(olderLog(instance), id, () => new Response('{}', { status: 404 })), 'server returned HTTP 404'],
    ['proves another tree', ({ instance }) => olderLog(instance, { fault: 'wrong-proof' }), 'leads to another root'],
  ])('a log that names an entry and %s', async (_, handlerOf, says) => {
    const at = scene({ form: 'bare' });
    expect(failure(await byDigest(at, handlerOf(at)))).toEqual({ code: 'SLSA_LOG_NOT_FOUND', text: expect.stringContaining(says) });
  });

  test('a digest that is none is a mistake of the caller', async () => {
    const file = parseEnvelopeFile(utf8(olderFile(createInstance()).bare));
    await expect(searchByDigest(file, 'sha256:00', {} as LogPlace, judgeOf(createInstance()))).rejects.toThrow(TypeError);
  });
});

async function fetchById(instance: Instance, id: string, change: (entry: string) => string): Promise<Response> {
  const response = await rekorV1Stub(instance)(new Request(`http://127.0.0.1/api/v1/log/entries/${id}`));
  return new Response(change(await response.text()));
}

/** A port that was free a moment ago. */
async function closedPlace(): Promise<LogPlace> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const http = createHttpClient({ sleep: async () => undefined });
  onTestFinished(() => http.close());
  return { url: `http://127.0.0.1:${port}`, http, crypto: nodeCrypto };
}
