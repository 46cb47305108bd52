/**
 * Disks that fail under a service, at each of its writes in turn: what was acknowledged stays, what is retried is there once, and the next start
 * finds something that it can open. (The log itself: log-faults; the registry, TUF and the CT log: beside their code.)
 */
import { generateKeyPairSync } from 'node:crypto';
import { toHex, utf8 } from '@assay/core';
import { sha256 } from '@assay/make';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { writeDocuments } from '../src/documents.ts';
import { newInstance, nextGeneration, readInstance, writeInstance } from '../src/instance.ts';
import { accountName, addAccount, passwordMatches, readAccounts } from '../src/oidc/accounts.ts';
import { type OpenedServices, openServices } from '../src/open-services.ts';
import { trustedRootJson } from '../src/published.ts';
import { type Disk, openDisk } from '../src/store/disk.ts';
import { openKeys } from '../src/store/keys.ts';
import { FAULTS, type Fault, type FaultyDisk, faultAt, faultFrom, faultyDisk, noFaults } from './faulty-disk.ts';
import { type Answer, get, openV1, openV2, post, proposalOf, requestOf, signed } from './rekor-scene.ts';
import { temporaryFolder } from './temporary-folder.ts';

const START = new Date('2026-03-01T10:00:00Z');
const LATER = new Date('2026-09-01T10:00:00Z');

/** A bundle, a tile, the checkpoint. */
const LOG_WRITES = 3;

interface LogUnderTest {
  readonly name: string;
  open(disk: Disk): ReturnType<typeof openV1> | ReturnType<typeof openV2>;
  /** A new entry, sent again and again. */
  request(): object;
  readonly path: string;
  indexIn(answer: Answer): number;
  /** Of an entry that is there already. */
  knownIndex(answer: Answer, log: { app: Parameters<typeof get>[0]['app'] }): Promise<number>;
  leaves(log: { app: Parameters<typeof get>[0]['app'] }): Promise<string[]>;
}

const V1: LogUnderTest = {
  name: 'Rekor v1',
  open: (disk) => openV1({ disk }),
  request: () => proposalOf(signed()),
  path: '/api/v1/log/entries',
  indexIn: ({ json }) => Object.values(json as Record<string, { logIndex: number }>)[0]?.logIndex ?? Number.NaN,
  knownIndex: async ({ headers }, log) => V1.indexIn(await get(log, headers['location'] ?? '')),
  leaves: async (log) => {
    const { treeSize } = (await get(log, '/api/v1/log')).json as unknown as { treeSize: number };
    const answers = await Promise.all(Array.from({ length: treeSize }, (_, i) => get(log, `/api/v1/log/entries?logIndex=${i}`)));
    return answers.map(({ json }) => Object.values(json as Record<string, { body: string }>)[0]?.body ?? '');
  },
};

const V2: LogUnderTest = {
  name: 'Rekor v2',
  open: (disk) => openV2({ disk }),
  request: () => requestOf(signed()),
  path: '/api/v2/log/entries',
  indexIn: ({ json }) => Number((json as { logIndex: string }).logIndex),
  knownIndex: async ({ headers }) => Number(headers['x-log-index']),
  leaves: async (log) => {
    const [, size = ''] = (await get(log, '/api/v2/checkpoint')).text.split('\n');
    if (size === '0') return [];
    const { body } = await get(log, `/api/v2/tile/0/000.p/${size}`);
    return Array.from({ length: Number(size) }, (_, i) => toHex(body.subarray(32 * i, 32 * i + 32)));
  },
};

const logCases = [V1, V2].flatMap((log) =>
  FAULTS.flatMap((fault) => Array.from({ length: LOG_WRITES }, (_, i) => ({ log, fault, at: i + 1, name: log.name }))),
);

describe.each(logCases)('$name, $fault at write $at', ({ log, fault, at }) => {
  const scene = async () => {
    const folder = temporaryFolder();
    const disk = faultyDisk(openDisk(folder));
    const service = await log.open(disk);
    for (let i = 0; i < 3; i++) expect((await post(service, log.path, log.request())).status).toBe(201);
    return { folder, disk, service, before: await log.leaves(service) };
  };

  test('503; the entry is taken when it is sent again, and is there once', async () => {
    const { folder, disk, service, before } = await scene();
    const request = log.request();
    disk.fail(faultAt(disk.operations() + at, fault));
    expect(await post(service, log.path, request)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(await log.leaves(service)).toEqual(before);
    const again = await post(service, log.path, request);
    expect(again.status).toBe(409);
    expect(await log.knownIndex(again, service)).toBe(3);
    expect(log.indexIn(await post(service, log.path, log.request()))).toBe(4);
    disk.fail(noFaults);
    await service.close();
    const reopened = await log.open(openDisk(folder));
    const leaves = await log.leaves(reopened);
    expect(leaves.slice(0, 3)).toEqual(before);
    expect(new Set(leaves).size).toBe(5);
    await reopened.close();
  });

  test('then a crash: the next one has what was acknowledged, and the entry at most once', async () => {
    const { folder, disk, service, before } = await scene();
    const request = log.request();
    disk.fail(faultFrom(disk.operations() + at, fault));
    expect((await post(service, log.path, request)).status).toBe(503);
    const next = await log.open(openDisk(folder));
    expect((await log.leaves(next)).slice(0, 3)).toEqual(before);
    const again = await post(next, log.path, request);
    expect([201, 409]).toContain(again.status);
    expect(again.status === 201 ? log.indexIn(again) : await log.knownIndex(again, next)).toBe(3);
    expect(new Set(await log.leaves(next)).size).toBe(4);
    await next.close();
  });
});

describe.each(FAULTS)('%s', (fault) => {
  test('of stack.json leaves the instance that was, or the one that was to be', async () => {
    const disk = openDisk(temporaryFolder());
    const before = newInstance('http://127.0.0.1:4100', START);
    const after = nextGeneration(before, 'tsa', { start: LATER, end: LATER });
    await writeInstance(disk, before);
    await expect(writeInstance(faultyDisk(disk, faultAt(1, fault)), after)).rejects.toThrow(/ENOSPC|EIO/);
    expect(await readInstance(disk)).toEqual(fault === 'failed, but written' ? after : before);
  });

  test('of a first stack.json leaves one, or none', async () => {
    const disk = openDisk(temporaryFolder());
    const instance = newInstance('http://127.0.0.1:4100', START);
    await expect(writeInstance(faultyDisk(disk, faultAt(1, fault)), instance)).rejects.toThrow(/ENOSPC|EIO/);
    expect(await readInstance(disk)).toEqual(fault === 'failed, but written' ? instance : undefined);
  });

  test('of a key: it is made again, or the one that was written is used, and never replaced', async () => {
    const disk = openDisk(temporaryFolder());
    await expect(openKeys(faultyDisk(disk, faultAt(1, fault))).create('ca-1', 'p256')).rejects.toThrow(/ENOSPC|EIO/);
    const written = await disk.read('ca-1.pem');
    const key = await openKeys(disk).create('ca-1', 'p256');
    expect(key.equals(await openKeys(disk).load('ca-1'))).toBe(true);
    if (written !== undefined) expect(await disk.read('ca-1.pem')).toEqual(written);
  });

  test('of accounts: everybody who had one has it, with the old password or the new one', async () => {
    const disk = openDisk(temporaryFolder());
    const [jane, joe] = ['jane@example.com', 'joe@example.com'];
    await addAccount(disk, { email: jane, password: 'old password' });
    const failing = faultyDisk(disk);
    for (const email of [jane, joe]) {
      failing.fail(faultAt(failing.operations() + 1, fault));
      await expect(addAccount(failing, { email, password: 'new password' })).rejects.toThrow(/ENOSPC|EIO/);
    }
    const accounts = await readAccounts(disk);
    const matches = async (email: string, password: string): Promise<boolean> => passwordMatches(accounts?.get(accountName(email)), password);
    const isWritten = fault === 'failed, but written';
    expect(await Promise.all([matches(jane, 'old password'), matches(jane, 'new password'), matches(joe, 'new password')])).toEqual([
      !isWritten,
      isWritten,
      isWritten,
    ]);
  });
});

describe('a first start', () => {
  const ORIGIN = 'http://127.0.0.1:4100';
  const log = pino({ level: 'silent' });

  /** What `startStack` does with the folder. */
  async function start(disk: Disk): Promise<OpenedServices> {
    const instance = (await readInstance(disk)) ?? newInstance(ORIGIN, START);
    await writeInstance(disk, instance);
    const services = await openServices({ disk, keys: openKeys(disk.at('keys')), instance, clock: () => LATER, log });
    await writeDocuments(disk, { published: services.published, endpoints: services.endpoints, tufRoot: services.tuf?.root(), ready: LATER });
    return services;
  }

  /** The key that takes longest to make, so that it is made once. */
  async function prepared(): Promise<{ folder: string; disk: FaultyDisk }> {
    const folder = temporaryFolder();
    await openDisk(folder).write('keys/oidc-1.pem', issuerKey);
    return { folder, disk: faultyDisk(openDisk(folder)) };
  }
  const issuerKey = utf8(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);

  /** What clients were told in TUF, where there is a TUF repository. */
  async function toldTrust(disk: Disk): Promise<string | undefined> {
    if ((await disk.read('tuf/timestamp.json')) === undefined) return undefined;
    const [name] = (await disk.list('tuf/targets')).filter((target) => target.endsWith('.trusted_root.json'));
    return Buffer.from((await disk.read(`tuf/targets/${name}`)) ?? []).toString();
  }

  test.each(['failed, not written', 'failed, but written', 'torn write'] satisfies Fault[])(
    '%s at any write, then a crash: the next one completes it, and takes nothing back',
    { timeout: 300_000 },
    async (fault) => {
      const counting = await prepared();
      await (await start(counting.disk)).close();
      const writes = counting.disk.operations();
      expect(writes).toBeGreaterThan(30);
      for (let at = 1; at <= writes; at++) {
        const { folder, disk } = await prepared();
        disk.fail(faultFrom(at, fault));
        await start(disk).then(
          (services) => services.close(),
          () => undefined,
        );
        const healthy = openDisk(folder);
        const told = await toldTrust(healthy);
        const keys = new Map(
          await Promise.all((await healthy.list('keys')).map(async (name) => [name, toHex(sha256((await healthy.read(`keys/${name}`)) ?? utf8('')))] as const)),
        );
        const services = await start(healthy);
        expect(services.problems(), `write ${at}`).toEqual([]);
        const trust = trustedRootJson(services.published);
        expect([...keys].filter(([name]) => name.endsWith('.pem')).length, `write ${at}`).toBeGreaterThan(0);
        for (const [name, digest] of keys) expect(toHex(sha256((await healthy.read(`keys/${name}`)) ?? utf8(''))), name).toBe(digest);
        if (told !== undefined) expect(JSON.parse(told), `write ${at}`).toEqual(JSON.parse(JSON.stringify(trust)));
        await services.close();
        const again = await start(openDisk(folder));
        expect(JSON.stringify(trustedRootJson(again.published)), `write ${at}`).toBe(JSON.stringify(trust));
        await again.close();
      }
    },
  );
});
