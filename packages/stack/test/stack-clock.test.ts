/** A clock that goes back under a whole stack: nothing that states a time contradicts what was stated before, and what cannot be stated is refused. */
import { encodeBase64, OID, parseSctList } from '@assay/core';
import { expect, onTestFinished, test } from 'vitest';
import { issueToken } from '../src/issue-token.ts';
import { keyRequest, leafOf } from './certificate-request.ts';
import { proposalOf, requestOf, signed } from './rekor-scene.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { type Answer, openWholeStack, type WholeStack } from './whole-stack.ts';

const START = new Date('2026-08-25T12:00:00Z');
const MINUTE = 60_000;

/** A stack with hands on its clock. */
async function openScene() {
  const folder = temporaryFolder();
  let now = START;
  let whole = await openWholeStack(folder, () => now);
  onTestFinished(() => whole.stack.close());
  return {
    get whole() {
      return whole;
    },
    set(minutes: number) {
      now = new Date(START.getTime() + minutes * MINUTE);
      return now;
    },
    async restart() {
      await whole.stack.close();
      whole = await openWholeStack(folder, () => now);
    },
    certify: () => certify(whole, now),
    stamp: () => post(whole, '/api/v1/timestamp', { artifactHash: encodeBase64(new Uint8Array(32)), hashAlgorithm: 'sha256' }),
    log: (version: 1 | 2) =>
      version === 1 ? post(whole, '/api/v1/log/entries', proposalOf(signed())) : post(whole, '/rekor/1/api/v2/log/entries', requestOf(signed())),
  };
}

type Scene = Awaited<ReturnType<typeof openScene>>;

async function certify(whole: WholeStack, now: Date): Promise<Answer> {
  const email = 'someone@stack.example';
  const token = await issueToken(whole.folder, { kind: 'email', email }, { now });
  return post(whole, '/api/v2/signingCert', keyRequest(token, email));
}

function post(whole: WholeStack, path: string, body: object): Promise<Answer> {
  return whole.ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

/** Every time that is stated now, in milliseconds. */
async function statedTimes({ whole, certify: certifyNow, log }: Scene) {
  const certified = await certifyNow();
  expect(certified.status, certified.text).toBe(200);
  const leaf = leafOf(certified);
  const scts = parseSctList(leaf.extension(OID.sctList)?.value ?? new Uint8Array(0));
  const head = (await whole.ask('/ct/1/ct/v1/get-sth')).json as { timestamp: number };
  const logged = await log(1);
  expect(logged.status, logged.text).toBe(201);
  const [entry] = Object.values(logged.json as Record<string, { integratedTime: number }>);
  expect((await log(2)).status).toBe(201);
  return {
    certificate: leaf.validity.start.getTime(),
    sct: Number((scts as { timestamp: bigint }[])[0]?.timestamp),
    treeHead: head.timestamp,
    integrated: (entry?.integratedTime ?? 0) * 1000,
  };
}

async function tufVersions(whole: WholeStack): Promise<{ version: number; expires: string }> {
  const { signed: metadata } = (await whole.ask('/tuf/timestamp.json')).json as { signed: { version: number; expires: string } };
  return { version: metadata.version, expires: metadata.expires };
}

test.each(['while it runs', 'over a restart'])(
  'by minutes, %s: logs go on in order, certificates follow the clock, timestamps are refused until it has caught up',
  async (when) => {
    const scene = await openScene();
    const later = scene.set(10).getTime();
    const first = await statedTimes(scene);
    expect(first).toEqual({ certificate: later, sct: later, treeHead: later, integrated: later });
    expect((await scene.stamp()).status).toBe(200);
    const tuf = await tufVersions(scene.whole);

    const earlier = scene.set(5).getTime();
    if (when === 'over a restart') await scene.restart();
    expect(await statedTimes(scene)).toEqual({ certificate: earlier, sct: later, treeHead: later, integrated: later });
    expect(await scene.stamp()).toMatchObject({ status: 500, json: { message: expect.stringContaining('the clock is 300.0 s behind the last timestamp') } });
    const ready = await scene.whole.ask('/readyz');
    expect(ready).toMatchObject({ status: 503, json: { status: 'NOT_READY', problems: [expect.stringMatching(/^tsa: the clock is 300\.0 s behind/)] } });
    expect(await tufVersions(scene.whole)).toEqual(tuf);

    const caughtUp = scene.set(11).getTime();
    expect(await statedTimes(scene)).toEqual({ certificate: caughtUp, sct: caughtUp, treeHead: caughtUp, integrated: caughtUp });
    expect((await scene.stamp()).status).toBe(200);
    expect((await scene.whole.ask('/readyz')).status).toBe(200);
  },
);

test('to before the stack was made: nothing is certified or stamped, and no entry is lost', async () => {
  const scene = await openScene();
  await statedTimes(scene);
  expect((await scene.stamp()).status).toBe(200);
  for (const restarted of [false, true]) {
    scene.set(-60);
    if (restarted) await scene.restart();
    const { whole } = scene;
    const size = await whole.count('ctlog_tree_size');
    expect(await scene.certify()).toMatchObject({ status: 500, json: { code: 13 } });
    expect(await whole.count('ctlog_tree_size')).toBe(size);
    expect((await scene.stamp()).status).toBe(500);
    expect(await whole.ask('/readyz')).toMatchObject({
      status: 503,
      json: { problems: [expect.stringMatching(/^fulcio: /), expect.stringMatching(/^tsa: /)] },
    });
    const logged = await scene.log(1);
    const [entry] = Object.values(logged.json as Record<string, { integratedTime: number }>);
    expect(entry?.integratedTime).toBe(START.getTime() / 1000);
  }
  scene.set(1);
  await statedTimes(scene);
  expect((await scene.stamp()).status).toBe(200);
  expect((await scene.whole.ask('/readyz')).status).toBe(200);
});

test('and stands still: what is stated is stated again', async () => {
  const scene = await openScene();
  const times = [await statedTimes(scene), await statedTimes(scene)];
  expect(times[1]).toEqual(times[0]);
  const stamps = [await scene.stamp(), await scene.stamp()];
  expect(stamps.map(({ status }) => status)).toEqual([200, 200]);
});

test('a token of the hour that came back is refused, and one of now is taken', async () => {
  const scene = await openScene();
  const future = scene.set(30);
  const token = await issueToken(scene.whole.folder, { kind: 'email', email: 'a@stack.example' }, { now: future });
  scene.set(1);
  const answer = await post(scene.whole, '/api/v2/signingCert', {
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: { publicKey: { content: '' } },
  });
  expect(answer).toMatchObject({ status: 400, json: { message: expect.stringMatching(/token is not valid before/) } });
  expect((await scene.certify()).status).toBe(200);
});
