/** The repository, judged by our own client through publications, renewals, rotations, restarts and faults. */
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTufKey, type TufKey, tufCanonicalJson, tufKeyOf } from '@assay/make';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FAULTS, faultAt, faultyDisk } from '../../test/faulty-disk.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { DAY_MS, makeKeys, NOW, openTufScene, parse, type TufScene, targetsOf } from '../../test/tuf-scene.ts';
import { type Disk, openDisk } from '../store/disk.ts';
import type { TufKeys } from './signers.ts';

const after = (days: number): Date => new Date(NOW.getTime() + days * DAY_MS);

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function versionsOf({ tuf }: TufScene): number[] {
  return tuf.expiries().map(({ version }) => version);
}

/** Ids of keys whose signatures hold, by the keys that `root` lists. */
async function signersOf(scene: TufScene, path: string, rootVersion: number): Promise<string[]> {
  const { keys } = parse(await scene.served(`${rootVersion}.root.json`)).signed as unknown as { keys: Record<string, { keyval: { public: string } }> };
  const { signatures, signed } = parse(await scene.served(path));
  const holds = ({ keyid, sig }: { keyid: string; sig: string }): boolean => {
    const key = keys[keyid];
    return key !== undefined && verify('sha256', Buffer.from(tufCanonicalJson(signed)), createPublicKey(key.keyval.public), Buffer.from(sig, 'hex'));
  };
  return signatures.filter(holds).map(({ keyid }) => keyid);
}

describe('what is published', () => {
  test('has the layout that every client expects', async () => {
    const scene = await openTufScene();
    await scene.tuf.publish([...targetsOf('root 1'), { name: 'host.example/keys.json', bytes: Buffer.from('{}') }]);
    expect((readdirSync(scene.folder, { recursive: true }) as string[]).sort()).toEqual(
      [
        '1.root.json',
        '1.snapshot.json',
        '1.targets.json',
        'targets',
        'targets/host.example',
        `targets/${sha256('a certificate')}.fulcio.crt.pem`,
        `targets/${sha256('root 1')}.trusted_root.json`,
        `targets/host.example/${sha256('{}')}.keys.json`,
        'timestamp.json',
      ].sort(),
    );
    const bytes = (await scene.served('1.snapshot.json')) as Uint8Array;
    expect(parse(await scene.served('timestamp.json')).signed).toEqual({
      _type: 'timestamp',
      spec_version: '1.0.31',
      version: 1,
      expires: '2026-09-01T00:00:00Z',
      meta: { 'snapshot.json': { version: 1, length: bytes.length, hashes: { sha256: sha256(bytes) } } },
    });
    expect(parse(await scene.served('1.targets.json')).signed['targets']).toMatchObject({
      'trusted_root.json': { length: 6, hashes: { sha256: sha256('root 1') } },
      'fulcio.crt.pem': { custom: { sigstore: { usage: 'Fulcio', status: 'Active', uri: 'http://127.0.0.1' } } },
    });
    expect(await scene.fresh(scene.tuf.root(), 'host.example/keys.json')).toBe('{}');
  });

  test('is signed by all keys of its role, ECDSA P-256 in the form that all clients read', async () => {
    const scene = await openTufScene({ keys: makeKeys({ root: 5, targets: 2 }) });
    await scene.tuf.publish(targetsOf('root 1'));
    const { root, targets, online } = scene.keys;
    expect(await signersOf(scene, '1.root.json', 1)).toEqual(root.map(({ id }) => id));
    expect(await signersOf(scene, '1.targets.json', 1)).toEqual(targets.map(({ id }) => id));
    for (const path of ['1.snapshot.json', 'timestamp.json']) expect(await signersOf(scene, path, 1)).toEqual([online.id]);
    const { signed } = parse(await scene.served('1.root.json'));
    expect(signed).toMatchObject({ consistent_snapshot: true, roles: { root: { threshold: 3 }, targets: { threshold: 2 }, snapshot: { threshold: 1 } } });
    for (const key of Object.values(signed['keys'] as object)) {
      expect(key).toMatchObject({
        keytype: 'ecdsa',
        scheme: 'ecdsa-sha2-nistp256',
        keyval: { public: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n/) },
      });
    }
  });

  test('again is not written again', async () => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    await scene.restart();
    await scene.tuf.publish(targetsOf('root 1'));
    expect(versionsOf(scene)).toEqual([1, 1, 1, 1]);
    await scene.tuf.publish(targetsOf('root 2'));
    expect(versionsOf(scene)).toEqual([1, 2, 2, 2]);
    await scene.tuf.publish(targetsOf('root 2').slice(0, 1));
    expect(versionsOf(scene)).toEqual([1, 3, 3, 3]);
  });

  test('again is signed again when half of its life is over', async () => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    scene.now = after(366);
    await scene.tuf.publish(targetsOf('root 1'));
    expect(versionsOf(scene)).toEqual([1, 2, 2, 2]);
    expect(await scene.follow()).toBe('root 1');
  });

  test.each(['../x', '/x', 'a//b', '.hidden', 'a/../b', 'a b', ''])('is never a target named %j', async (name) => {
    const scene = await openTufScene();
    await expect(async () => scene.tuf.publish([{ name, bytes: Buffer.from('x') }])).rejects.toThrow(TypeError);
    await expect(async () => scene.tuf.publish([...targetsOf('a'), ...targetsOf('b')])).rejects.toThrow('two targets have one name');
  });

  test('at the same time is published one after the other', async () => {
    const scene = await openTufScene();
    await Promise.all([...'abcdef'].map((text) => scene.tuf.publish(targetsOf(text))));
    expect(versionsOf(scene)).toEqual([1, 6, 6, 6]);
    expect(await scene.follow()).toBe('f');
  });
});

describe('renewal', () => {
  test.each([
    [0, [1, 1, 1, 1]],
    [3, [1, 1, 1, 1]],
    [4, [1, 1, 1, 2]],
    [14, [1, 1, 1, 2]],
    [16, [1, 1, 2, 2]],
    [300, [1, 1, 2, 2]],
  ])('after %i days gives versions %j', async (days, versions) => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    scene.now = after(days);
    await scene.tuf.renew();
    expect(versionsOf(scene)).toEqual(versions);
    await scene.tuf.renew();
    expect(versionsOf(scene)).toEqual(versions);
    expect(await scene.follow()).toBe('root 1');
  });

  test('day by day keeps clients content for a year, those that follow and those that begin', async () => {
    const scene = await openTufScene();
    const root = scene.tuf.root();
    await scene.tuf.publish(targetsOf('root 1'));
    for (let day = 0; day < 365; day++) {
      scene.now = after(day);
      await scene.tuf.renew();
      if (day % 5 > 0) continue;
      expect(await scene.follow()).toBe('root 1');
      expect(await scene.fresh(root)).toBe('root 1');
    }
    expect(versionsOf(scene).slice(0, 2)).toEqual([1, 1]);
  });

  test('of what was never published does nothing', async () => {
    const scene = await openTufScene();
    await scene.tuf.renew();
    expect(scene.tuf.expiries()).toHaveLength(1);
    expect(scene.tuf.problem?.()).toBe('nothing is published yet');
  });
});

describe('expiry', () => {
  test('is told before it bites, and when it has', async () => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    expect(scene.tuf.expiries()).toEqual([
      { role: 'root', version: 1, expires: after(730) },
      { role: 'targets', version: 1, expires: after(730) },
      { role: 'snapshot', version: 1, expires: after(30) },
      { role: 'timestamp', version: 1, expires: after(7) },
    ]);
    expect(scene.tuf.problem?.()).toBeUndefined();
    expect(scene.tuf.stats?.()).toMatchObject({ root_version: 1, timestamp_expires_in_seconds: 7 * 86_400 });
    scene.now = after(8);
    expect(scene.tuf.problem?.()).toBe('timestamp 1 expired at 2026-09-01T00:00:00.000Z: clients refuse the repository');
    await expect(scene.follow()).rejects.toMatchObject({ code: 'TUF_EXPIRED' });
    await scene.tuf.renew();
    expect(scene.tuf.problem?.()).toBeUndefined();
    expect(await scene.follow()).toBe('root 1');
  });

  test('of the root is put off by a rotation without keys', async () => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    scene.now = after(700);
    await scene.tuf.rotate();
    await scene.tuf.publish(targetsOf('root 1'));
    expect(versionsOf(scene)).toEqual([2, 2, 2, 2]);
    scene.now = after(731);
    await scene.tuf.renew();
    expect(await scene.follow()).toBe('root 1');
    const [one, two] = [parse(await scene.served('1.root.json')).signed, parse(await scene.served('2.root.json')).signed];
    expect([two['keys'], two['roles']]).toEqual([one['keys'], one['roles']]);
  });
});

const ROTATIONS: readonly (readonly [name: string, keys: () => Partial<TufKeys>])[] = [
  ['of nothing but the expiry', () => ({})],
  ['of the root', () => ({ root: makeKeys().root })],
  ['of the root to more keys', () => ({ root: makeKeys({ root: 5 }).root })],
  ['of targets', () => ({ targets: makeKeys({ targets: 3 }).targets })],
  ['of the online key', () => ({ online: makeTufKey('ecdsa') })],
  ['of everything', () => makeKeys()],
];

describe('rotation', () => {
  test.each(ROTATIONS)('%s is followed by clients of every age, before and after the next publication', async (_, keys) => {
    const scene = await openTufScene();
    const first = scene.tuf.root();
    await scene.tuf.publish(targetsOf('root 1'));
    expect(await scene.follow()).toBe('root 1');
    await scene.tuf.rotate(keys());
    for (const text of ['root 1', 'root 2']) {
      await scene.tuf.publish(targetsOf(text));
      expect(await scene.follow()).toBe(text);
      for (const root of [first, scene.tuf.root()]) expect(await scene.fresh(root)).toBe(text);
    }
    expect(versionsOf(scene)[0]).toBe(2);
  });

  test.each(ROTATIONS)('%s fails no client at any moment', async (_, keys) => {
    const folder = temporaryFolder();
    let watch: () => Promise<void> = async () => undefined;
    const disk = watched(openDisk(folder), () => watch());
    const scene = await openTufScene({ folder, disk });
    const first = scene.tuf.root();
    await scene.tuf.publish(targetsOf('root 1'));
    let seen = 0;
    watch = async () => {
      seen += 1;
      expect(await scene.follow()).toBe('root 1');
      expect(await scene.fresh(first)).toBe('root 1');
    };
    await scene.tuf.rotate(keys());
    expect(seen).toBeGreaterThan(0);
  });

  test('of the root is signed by enough of both, and of the rest by both keys', async () => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    const next = makeKeys({ root: 5, targets: 3 });
    await scene.tuf.rotate(next);
    const ids = (keys: readonly { id: string }[]): string[] => keys.map(({ id }) => id).sort();
    expect((await signersOf(scene, '2.root.json', 1)).sort()).toEqual(ids(scene.keys.root));
    expect((await signersOf(scene, '2.root.json', 2)).sort()).toEqual(ids(next.root));
    for (const [path, role] of [
      ['2.targets.json', 'targets'],
      ['2.snapshot.json', 'online'],
      ['timestamp.json', 'online'],
    ] as const) {
      for (const [keys, version] of [
        [scene.keys, 1],
        [next, 2],
      ] as const) {
        expect((await signersOf(scene, path, version)).sort()).toEqual(ids([keys[role]].flat()));
      }
    }
    await scene.tuf.publish(targetsOf('root 2'));
    expect(parse(await scene.served('timestamp.json')).signatures.map(({ keyid }) => keyid)).toEqual([next.online.id]);
    const listed = parse(await scene.served('2.root.json')).signed['keys'] as object;
    expect(Object.keys(listed).sort()).toEqual(ids([...next.root, ...next.targets, next.online]));
  });

  test('before the first publication is possible', async () => {
    const scene = await openTufScene();
    await scene.tuf.rotate(makeKeys());
    await scene.tuf.publish(targetsOf('root 1'));
    expect(await scene.fresh((await scene.served('1.root.json')) as Uint8Array)).toBe('root 1');
  });

  test('needs old root keys, and says so', async () => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    await scene.restart({ keys: { ...scene.keys, root: scene.keys.root.slice(0, 1) } });
    await expect(scene.tuf.rotate({ root: makeKeys().root })).rejects.toMatchObject({
      code: 'STACK_DATA',
      message: 'root 1 of the TUF repository wants 2 of its keys to sign root, and 1 are here',
    });
    expect(versionsOf(scene)).toEqual([1, 1, 1, 1]);
    expect(await scene.follow()).toBe('root 1');
    await scene.tuf.publish(targetsOf('root 2')); // for which they are not needed
  });

  test('that the caller has forgotten is known from the root', async () => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    const next = makeKeys();
    await scene.tuf.rotate(next);
    const otherKeys = [...next.root, ...next.targets, next.online];
    await scene.restart({ otherKeys });
    await scene.tuf.publish(targetsOf('root 2'));
    expect(await scene.follow()).toBe('root 2');
    await expect(scene.restart({})).rejects.toMatchObject({ code: 'STACK_DATA', message: expect.stringContaining('wants 1 of its keys to sign timestamp') });
  });
});

/** Calls `look` after everything that was written. */
function watched(disk: Disk, look: () => Promise<void>): Disk {
  return {
    ...disk,
    write: async (path, bytes, options) => {
      await disk.write(path, bytes, options);
      await look();
    },
    writeAll: async (files) => {
      for (const file of files) {
        await disk.writeAll([file]);
        await look();
      }
    },
  };
}

const STEP = fc.oneof(
  fc.record({ kind: fc.constant('publish' as const), text: fc.string({ maxLength: 3 }) }),
  fc.record({ kind: fc.constantFrom('renew' as const, 'restart' as const) }),
  fc.record({ kind: fc.constant('rotate' as const), rotation: fc.nat(ROTATIONS.length - 1) }),
  fc.record({ kind: fc.constant('time' as const), days: fc.integer({ min: -20, max: 40 }) }),
);
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

test('any history of publications, renewals, rotations, restarts and clocks that go back only adds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 14 }), async (steps) => {
      const scene = await openTufScene();
      const first = scene.tuf.root();
      const otherKeys: TufKey[] = [];
      let text = 'start';
      await scene.tuf.publish(targetsOf(text));
      for (const step of steps) {
        const [files, versions] = [contentOf(scene), versionsOf(scene)];
        if (step.kind === 'publish') text = step.text;
        else await take(step, scene, otherKeys);
        await scene.tuf.publish(targetsOf(text)); // renews too
        expect(await scene.follow()).toBe(text);
        expect(await scene.fresh(first)).toBe(text);
        const now = contentOf(scene);
        for (const [path, content] of files) if (path !== 'timestamp.json') expect(now.get(path), path).toBe(content);
        versionsOf(scene).forEach((version, i) => void expect(version).toBeGreaterThanOrEqual(versions[i] ?? 0));
      }
    }),
    { numRuns: 25 },
  );
});

async function take(step: Exclude<Step, { kind: 'publish' }>, scene: TufScene, otherKeys: TufKey[]): Promise<void> {
  switch (step.kind) {
    case 'time':
      scene.now = new Date(scene.now.getTime() + step.days * DAY_MS);
      return;
    case 'renew':
      return scene.tuf.renew();
    case 'restart':
      return scene.restart({ otherKeys });
    case 'rotate': {
      const keys = ROTATIONS[step.rotation]?.[1]() ?? {};
      otherKeys.push(...listed(keys));
      return scene.tuf.rotate(keys);
    }
  }
}

function listed({ root = [], targets = [], online }: Partial<TufKeys>): TufKey[] {
  return [...root, ...targets, ...(online === undefined ? [] : [online])];
}

function contentOf({ folder }: TufScene): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.startsWith('.unfinished-'));
  return new Map(paths.map(({ parentPath, name }) => [join(parentPath, name).slice(folder.length + 1), readFileSync(join(parentPath, name), 'latin1')]));
}

/** Those that write everything there is to write. */
const SIGNED_ANEW = ['of the root', 'of everything'];

describe('a disk that fails', () => {
  const ACTIONS: readonly (readonly [name: string, act: (scene: TufScene) => Promise<void>, expected: readonly string[]])[] = [
    ['publication', ({ tuf }) => tuf.publish(targetsOf('new')), ['old', 'new']],
    [
      'renewal',
      async (scene) => {
        scene.now = after(20);
        await scene.tuf.renew();
      },
      ['old'],
    ],
    ...ROTATIONS.filter(([name]) => SIGNED_ANEW.includes(name)).map(([name, keys]): (typeof ACTIONS)[number] => [
      `rotation ${name}`,
      async ({ tuf }) => {
        const next = keys();
        others.push(...listed(next));
        await tuf.rotate(next);
      },
      ['old'],
    ]),
  ];
  /** Keys of rotations that may have happened. */
  const others: TufKey[] = [];

  describe.each(ACTIONS)('in a %s', (_, act, expected) => {
    test.each(FAULTS)('with %s at any write leaves clients what was or what was to be, and goes on', async (fault) => {
      for (let at = 1; ; at++) {
        const folder = temporaryFolder();
        const disk = faultyDisk(openDisk(folder));
        const scene = await openTufScene({ folder, disk });
        const first = scene.tuf.root();
        await scene.tuf.publish(targetsOf('old'));
        expect(await scene.follow()).toBe('old');
        const before = disk.operations();
        disk.fail(faultAt(before + at, fault));
        const failed = await act(scene).then(
          () => false,
          () => true,
        );
        disk.fail(() => undefined);
        if (failed) await scene.tuf.renew();
        expect(expected).toContain(await scene.follow());
        const versions = versionsOf(scene);
        await (at % 2 === 0 ? act(scene) : scene.restart({ disk, otherKeys: others }));
        await scene.tuf.publish(targetsOf('newest'));
        expect(await scene.follow()).toBe('newest');
        expect(await scene.fresh(first)).toBe('newest');
        expect(versionsOf(scene)[3]).toBeGreaterThan(versions[3] ?? 0);
        if (!failed) return expect(at).toBeGreaterThan(1);
      }
    });
  });

  test.each(['timestamp.json', '1.snapshot.json', '1.targets.json', '1.root.json'])('and has damaged %s is not opened, and the file is named', async (name) => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    for (const content of ['', '{', '{"signed":{}}', '{"signed":{"version":1}}']) {
      writeFileSync(join(scene.folder, name), content);
      await expect(scene.restart()).rejects.toMatchObject({ code: 'STACK_DATA', message: expect.stringContaining(name) });
    }
  });

  test('in the first publication has published nothing', async () => {
    const folder = temporaryFolder();
    const disk = faultyDisk(openDisk(folder));
    const scene = await openTufScene({ folder, disk });
    disk.fail(faultAt(disk.operations() + 5, 'failed, not written'));
    await expect(scene.tuf.publish(targetsOf('root 1'))).rejects.toThrow('i/o error');
    expect(await scene.served('timestamp.json')).toBeUndefined();
    await scene.restart({ disk });
    await scene.tuf.publish(targetsOf('root 2'));
    expect(versionsOf(scene)).toEqual([1, 2, 2, 1]); // 1 was written, and is not used again
    expect(await scene.follow()).toBe('root 2');
  });
});

describe('over HTTP', () => {
  test.each([
    ['2.root.json', 404],
    ['0.root.json', 404],
    ['root.json', 404],
    ['1.timestamp.json', 404],
    ['1.secret.json', 404],
    ['targets/trusted_root.json', 404],
    [`targets/${'0'.repeat(64)}.trusted_root.json`, 404],
    ['targets/..%2f1.root.json', 404],
    ['..%2fkeys%2fca-1.pem', 404],
    [`targets/..%2f..%2f${'0'.repeat(64)}.x`, 404],
    ['1.root.json', 200],
    ['timestamp.json', 200],
    [`targets/${sha256('root 1')}.trusted_root.json`, 200],
  ])('%s is %i', async (path, status) => {
    const scene = await openTufScene();
    await scene.tuf.publish(targetsOf('root 1'));
    for (const method of ['GET', 'HEAD']) {
      const response = await scene.tuf.app.fetch(new Request(`http://127.0.0.1/${path}`, { method }));
      expect(response.status).toBe(status);
      if (response.status === 404 && !response.headers.has('cache-control')) continue; // the URL led elsewhere
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "sandbox; default-src 'none'",
        'cache-control': 'no-cache',
      });
    }
  });
});

test('keys of other kinds are refused: not every client knows them', () => {
  expect(() => tufKeyOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey)).toThrow(TypeError);
  expect(() => tufKeyOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)).toThrow(TypeError);
});
