/** Following a log that keeps its word, and logs that do not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ErrorCode, matching, TrustError } from '@assay/core';
import { signNote } from '@assay/make';
import { createInstance, rekorV2Stub, rekorV2Tiles, type TileFault } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { ALICE, BOB, FollowedLog, logsOf, NOBODY, signIn, WATCH_ALICE } from '../../test/followed-log.ts';
import type { LogEvent } from './follow.ts';

const indexes = (events: readonly LogEvent[]) => events.flatMap((event) => (event.kind === 'entry' ? [event.index] : []));
const verified = (events: readonly LogEvent[]) => events.flatMap((event) => (event.kind === 'verified' ? [event] : []));

describe('a log that keeps its word', () => {
  test('is followed from its newest entry on, where it was left', async () => {
    const log = new FollowedLog();
    log.sign(ALICE);
    expect(await log.follow()).toEqual([{ kind: 'verified', origin: log.instance.rekorV2.origin, from: undefined, treeSize: 12n, read: 0, unread: 0 }]);
    expect(log.state).toBe(log.instance.rekorV2.checkpoint());

    const first = log.sign(ALICE);
    log.sign(BOB);
    const second = log.sign(ALICE);
    const events = await log.follow();
    expect(indexes(events)).toEqual([first, second]);
    expect(events[0]).toMatchObject({
      reasons: ['identity'],
      entry: { kind: 'hashedrekord 0.0.2', signers: [{ names: ['alice@example.com'], issuers: ['https://issuer.example'] }] },
    });
    expect(verified(events)).toMatchObject([{ from: 12n, treeSize: 15n, read: 3, unread: 0 }]);
    expect(verified(await log.follow())).toMatchObject([{ from: 15n, treeSize: 15n, read: 0 }]);
    expect(log.others).toEqual([]);
  });

  test.each([
    [0n, [11n, 12n], 13],
    [12n, [12n], 1],
    [13n, [], 0],
    [1000n, [], 0],
  ])('is read from entry %s on when that is asked for', async (from, found, read) => {
    const log = new FollowedLog();
    log.sign(ALICE);
    log.sign(ALICE);
    const events = await log.follow({ from });
    expect(indexes(events)).toEqual(found);
    expect(verified(events)).toMatchObject([{ read }]);
  });

  test.each([1, 255, 256, 257, 511, 513, 700])('is read whole, from any size on to any other: %s entries before', async (before) => {
    const log = new FollowedLog(before);
    const first = log.sign(ALICE);
    expect(indexes(await log.follow({ from: 0n }))).toEqual([first]);
    for (const more of [1, 5, 260]) {
      const expected = Array.from({ length: more }, (_, i) => (i % 50 === 0 ? [log.sign(ALICE)] : append(log))).flat();
      expect(indexes(await log.follow())).toEqual(expected);
    }
  });

  test('is read out of full tiles where partial ones are gone', async () => {
    const log = new FollowedLog(300);
    log.sign(ALICE);
    log.lie('no-partial-tiles');
    expect(indexes(await log.follow({ from: 0n }))).toEqual([300n]);
  });

  test.each([
    ['the name by a pattern', async () => ({ ...NOBODY, identities: [await matching('alice@.*')] }), ['identity']],
    ['the name with its issuer', async () => ({ ...WATCH_ALICE, issuers: [await matching('https://issuer\\.example')] }), ['identity']],
    ['the name with another issuer', async () => ({ ...WATCH_ALICE, issuers: [await matching('https://other\\.example')] }), undefined],
    ['everything of an issuer', async () => ({ ...NOBODY, issuers: [await matching('https://issuer\\.example')] }), ['issuer']],
    ['nothing', async () => NOBODY, undefined],
  ])('tells entries by %s', async (_, watch, reasons) => {
    const log = new FollowedLog();
    log.sign(ALICE);
    const [event] = await log.follow({ from: 0n, watch: await watch() });
    if (reasons === undefined) expect(event?.kind).toBe('verified');
    else expect(event).toMatchObject({ kind: 'entry', reasons });
  });

  test('tells entries by key and by digest', async () => {
    const log = new FollowedLog();
    log.sign(ALICE);
    const [told] = await log.follow({ from: 0n });
    const { signers, digests } = told?.kind === 'entry' ? told.entry : { signers: [], digests: [] };
    const watch = { ...NOBODY, keys: signers.map(({ key }) => key), digests };
    log.sign(BOB);
    log.sign({ ...BOB, content: 'dsse' });
    const events = await log.follow({ watch });
    expect(events).toMatchObject([{ kind: 'entry', index: 12n, reasons: ['digest'] }, { kind: 'verified' }]);
    const again = await log.follow({ watch, from: 0n, stateFile: `${log.stateFile}.other` });
    expect(again[0]).toMatchObject({ kind: 'entry', index: 11n, reasons: ['key', 'digest'] });
  });

  test('that shows an earlier checkpoint for a moment is looked at again', async () => {
    const log = new FollowedLog();
    log.sign(ALICE);
    const old = log.instance.rekorV2.checkpoint();
    log.sign(BOB);
    await log.follow();
    const { handler } = log;
    let stale = 2;
    log.handler = async (request) => (request.url.endsWith('/checkpoint') && stale-- > 0 ? new Response(old) : handler(request));
    expect(verified(await log.follow())).toMatchObject([{ treeSize: 13n }]);
  });

  test('counts entries of which it cannot tell who signed', async () => {
    const log = new FollowedLog(3);
    log.sign(ALICE);
    expect(verified(await log.follow({ from: 0n }))).toMatchObject([{ read: 4, unread: 3 }]);
  });
});

/** Not signed by anybody whom a test watches. */
function append(log: FollowedLog): bigint[] {
  log.instance.rekorV2.append({ body: new TextEncoder().encode(`{"number":${log.size}}`), kind: 'other', version: '1' }, log.instance.now);
  return [];
}

describe('a log that does not', () => {
  const faults: [string, (log: FollowedLog) => void, ErrorCode][] = [
    ['has another history of more entries', (log) => log.replaceBy(another(20)), 'LOG_FORK'],
    ['has another history of as many entries', (log) => log.replaceBy(another(0)), 'LOG_FORK'],
    ['was set back', (log) => log.replaceBy(createInstance({ fillers: { before: 9, after: 0 } })), 'LOG_ROLLBACK'],
    ['signs with another key', (log) => (log.handler = serveOf(another(3))), 'TLOG_CHECKPOINT_UNSIGNED'],
    ['is another log of the same trusted root', otherLog, 'LOG_STATE'],
    ['signs something else than it shows', edited((text) => text.replace(/\n\d+\n/, '\n4711\n')), 'TLOG_CHECKPOINT_SIGNATURE'],
    ['shows another origin', resigned((body) => body.replace(/^[^\n]+/, 'elsewhere.example')), 'TLOG_CHECKPOINT_ORIGIN'],
    ['shows no checkpoint', edited(() => 'under construction\n'), 'TLOG_CHECKPOINT_PARSE'],
    ['has tiles with other hashes', (log) => lieLater(log, 'wrong-tiles'), 'LOG_LIE'],
    ['hands out other entries', (log) => lieLater(log, 'other-entries'), 'LOG_LIE'],
    ['hands out a tile cut short', (log) => lieLater(log, 'cut-tiles'), 'REKOR_RESPONSE'],
    ['hands out entries cut short', (log) => lieLater(log, 'cut-entries'), 'REKOR_RESPONSE'],
    ['hands out no tiles', (log) => lieLater(log, 'no-tiles'), 'LOG_READ'],
  ];

  test.each(faults)('%s', async (_, misbehave, code) => {
    const log = new FollowedLog();
    log.sign(ALICE);
    await log.follow();
    const before = log.state;
    misbehave(log);
    expect((await log.refusal()).code).toBe(code);
    expect(log.state).toBe(before);
  });

  test.each([
    ['fork', 20, 'LOG_FORK'],
    ['rollback', -3, 'LOG_ROLLBACK'],
  ] as const)('leaves both signed checkpoints of a %s, once', async (_, more, code) => {
    const log = new FollowedLog();
    log.sign(ALICE);
    await log.follow();
    const other = another(more);
    log.replaceBy(other);
    const { message } = await log.refusal();
    await log.refusal();
    const [file = ''] = log.others;
    expect(log.others).toHaveLength(1);
    expect(message).toContain(file);
    const evidence = JSON.parse(readFileSync(join(dirname(log.stateFile), file), 'utf8'));
    expect(evidence).toMatchObject({ code, stored: log.state, shown: other.rekorV2.checkpoint() });
  });

  test('is not excused by a state that was altered', async () => {
    const log = new FollowedLog();
    await log.follow();
    writeFileSync(log.stateFile, log.state.replace('\n11\n', '\n5\n'));
    expect(await log.refusal()).toMatchObject({ code: 'LOG_STATE' });
  });
});

/** The same name and fillers as `FollowedLog`, and another entry after them. */
function another(more: number) {
  const instance = createInstance({ fillers: { before: 11 + Math.min(more, 0), after: 0 } });
  if (more < 0) return instance;
  for (let i = 0; i <= more; i++) signIn(instance, BOB);
  return instance;
}

function serveOf(instance: ReturnType<typeof another>) {
  return rekorV2Tiles(instance, rekorV2Stub(instance));
}

function otherLog(log: FollowedLog): void {
  const other = createInstance({ rekorV2Host: 'log2027.testkit.example' });
  log.logs = [...log.logs, ...logsOf(other)];
  log.handler = serveOf(other);
}

function edited(edit: (text: string) => string) {
  return (log: FollowedLog): void => {
    const { handler } = log;
    log.handler = async (request) => {
      const response = await handler(request);
      return request.url.endsWith('/checkpoint') ? new Response(edit(await response.text())) : response;
    };
  };
}

function resigned(edit: (body: string) => string) {
  return (log: FollowedLog): void => {
    const body = edit(log.instance.rekorV2.checkpointBody());
    edited(() => `${body}\n${signNote(body, log.instance.rekorV2.signer)}`)(log);
  };
}

function lieLater(log: FollowedLog, fault: TileFault): void {
  log.sign(ALICE);
  log.sign(BOB);
  log.lie(fault);
}

test('whatever is interrupted, the state is a checkpoint of which everything was told', async () => {
  const log = new FollowedLog(250);
  await log.follow();
  const before = log.state;
  const expected = [log.sign(ALICE), log.sign(BOB), log.sign(ALICE)].filter((_, i) => i !== 1);
  for (let i = 0; i < 20; i++) append(log);
  const { handler } = log;
  let answered = 0;
  for (let limit = 0; ; limit++) {
    let left = limit;
    log.handler = async (request) => {
      if (left-- === 0) throw new TrustError('NET_UNREACHABLE', 'the connection broke');
      return handler(request);
    };
    answered = limit;
    try {
      expect(indexes(await log.follow())).toEqual(expected);
      break;
    } catch (error) {
      expect(error).toMatchObject({ code: 'NET_UNREACHABLE' });
      expect(log.state).toBe(before);
    }
  }
  expect(answered).toBeGreaterThan(5);
  expect(log.state).toBe(log.instance.rekorV2.checkpoint());
  expect(log.others).toEqual([]);
});

test('a reader who goes away leaves the state as it was', async () => {
  const log = new FollowedLog();
  await log.follow();
  const before = log.state;
  log.sign(ALICE);
  log.sign(ALICE);
  const { followLog } = await import('./follow.ts');
  const { openLog } = await import('./log-reader.ts');
  const { httpOver } = await import('../../test/followed-log.ts');
  const place = { url: 'http://log.test', http: httpOver(log.handler), logs: log.logs };
  for await (const event of followLog(place, await openLog(place), { stateFile: log.stateFile, watch: WATCH_ALICE })) {
    expect(event.kind).toBe('entry');
    break;
  }
  expect(log.state).toBe(before);
  expect(indexes(await log.follow())).toEqual([11n, 12n]);
});
