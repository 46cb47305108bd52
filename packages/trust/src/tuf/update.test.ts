import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { breakTufRepository, makeTufKey, TUF_BREAKS, type TufBreak, type TufRepository } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { bytes, DAY_MS, filesBelow, later, NOW, repositoryWithRoot, temporaryFolder, text } from '../../test/mirror.ts';
import { filesSource, type RepositorySource } from './source.ts';
import { type UpdatedTargets, updateTargets } from './update.ts';

const ROOT = 'trusted_root.json';

interface Client {
  readonly folder: string;
  update(names?: readonly string[], options?: { now?: Date; source?: RepositorySource }): Promise<UpdatedTargets>;
}

function clientOf(repository: TufRepository, folder = temporaryFolder()): Client {
  return {
    folder,
    update: (names = [ROOT], { now = NOW, source = filesSource(repository.files) } = {}) =>
      updateTargets(names, { source, folder, initialRoot: repository.initialRoot, isStartingOver: false, now, state: { refreshedAt: now } }),
  };
}

async function root(update: Promise<UpdatedTargets>): Promise<string> {
  const content = (await update).targets.get(ROOT);
  return content === undefined ? 'nothing' : text(content);
}

describe('an honest mirror', () => {
  test.each([
    ['with hashes', {}],
    ['with versions only', { statesHashes: false }],
    ['without consistent snapshots', { consistentSnapshot: false }],
    ['with ECDSA keys', { keyType: 'ecdsa' }],
    ['with thresholds', { roles: { root: { keys: 5, threshold: 3 }, targets: { keys: 3, threshold: 2 }, timestamp: { keys: 2, threshold: 2 } } }],
  ] as const)('%s is followed through publications and rotations', async (_, options) => {
    const repository = repositoryWithRoot(options);
    const client = clientOf(repository);
    expect(await root(client.update())).toBe('root 1');
    repository.publish({ targets: { [ROOT]: bytes('root 2') } });
    expect(await root(client.update())).toBe('root 2');
    repository.rotate(['root', 'targets', 'snapshot', 'timestamp'], { targets: { [ROOT]: bytes('root 3') } });
    repository.rotate(['root']);
    expect(await root(client.update())).toBe('root 3');
    expect(await root(client.update())).toBe('root 3');
    expect(await root(clientOf(repository).update())).toBe('root 3');
  });

  test('keeps what verified in the layout of cosign', async () => {
    const repository = repositoryWithRoot({
      delegations: [{ name: 'npm.test', paths: ['npm.test/*'], terminating: true, targets: { 'npm.test/keys.json': bytes('keys') } }],
    });
    const client = clientOf(repository);
    const { targets } = await client.update([ROOT, 'npm.test/keys.json']);
    expect(text(targets.get('npm.test/keys.json') as Uint8Array)).toBe('keys');
    expect(Object.keys(filesBelow(client.folder))).toEqual([
      'assay-state',
      'npm.test.json',
      'root.json',
      'snapshot.json',
      'targets.json',
      'targets/npm.test%2Fkeys.json',
      'targets/trusted_root.json',
      'timestamp.json',
    ]);
  });

  test('asks for the next root, the timestamp, and nothing else when nothing is new', async () => {
    const repository = repositoryWithRoot();
    const client = clientOf(repository);
    await client.update();
    const asked: string[] = [];
    const source = filesSource(repository.files);
    const counting: RepositorySource = {
      ...source,
      get(url, cap) {
        asked.push(url.slice(source.baseUrl.length));
        return source.get(url, cap);
      },
    };
    await client.update([ROOT], { source: counting });
    expect(asked).toEqual(['/2.root.json', '/timestamp.json']);
  });

  test('names an unknown target', async () => {
    const client = clientOf(repositoryWithRoot());
    for (const name of ['other.json', 'toString', '__proto__', '../root.json', '']) {
      expect((await caught(client.update([name]))).code).toBe('TUF_TARGET');
    }
  });

  test('a terminating delegation hides a later one', async () => {
    const delegations = [
      { name: 'first', paths: ['a/*'], terminating: true },
      { name: 'second', paths: ['a/*'], targets: { 'a/x': bytes('x') } },
    ];
    expect((await caught(clientOf(repositoryWithRoot({ delegations })).update(['a/x']))).code).toBe('TUF_TARGET');
  });

  test('a delegated role may not speak for other paths', async () => {
    const delegations = [{ name: 'npm', paths: ['npm/*'], targets: { 'other/x': bytes('x') } }];
    expect((await caught(clientOf(repositoryWithRoot({ delegations })).update(['other/x']))).code).toBe('TUF_TARGET');
  });
});

describe('attacks', () => {
  const ATTACKS: Record<Exclude<TufBreak, 'fast-forward'>, string> = {
    'changed-target': 'TUF_TARGET',
    'shorter-target': 'TUF_TARGET',
    'longer-target': 'TUF_TARGET',
    'missing-target': 'TUF_TARGET',
    'endless-root': 'TUF_TOO_LARGE',
    'endless-timestamp': 'TUF_TOO_LARGE',
    'endless-snapshot': 'TUF_TOO_LARGE',
    'endless-targets': 'TUF_TOO_LARGE',
    'expired-root': 'TUF_EXPIRED',
    'expired-timestamp': 'TUF_EXPIRED',
    'expired-snapshot': 'TUF_EXPIRED',
    'expired-targets': 'TUF_EXPIRED',
    'older-timestamp': 'TUF_ROLLBACK',
    'older-snapshot': 'TUF_ROLLBACK',
    'older-targets': 'TUF_ROLLBACK',
    'dropped-role': 'TUF_ROLLBACK',
    'older-root': 'TUF_ROLLBACK',
    'skipped-root': 'TUF_ROOT',
    'mixed-snapshot': 'TUF_MIX',
    'mixed-targets': 'TUF_MIX',
    'foreign-root': 'TUF_ROOT',
    'foreign-timestamp': 'TUF_METADATA',
    'foreign-snapshot': 'TUF_METADATA',
    'foreign-targets': 'TUF_METADATA',
    'unsigned-timestamp': 'TUF_METADATA',
    'changed-timestamp': 'TUF_METADATA',
    'repeated-signature': 'TUF_ROOT',
    'relabelled-signature': 'TUF_ROOT',
    'one-key-two-ids': 'TUF_ROOT',
    'new-root-keys-only': 'TUF_ROOT',
    'old-root-keys-only': 'TUF_ROOT',
    'html-timestamp': 'TUF_METADATA',
    'other-role': 'TUF_METADATA',
  };
  const NEEDS_HISTORY = new Set<TufBreak>(['older-timestamp', 'older-snapshot', 'older-targets', 'dropped-role']);
  const ON_TARGETS = (attack: TufBreak): boolean => attack.endsWith('-target');
  const table = Object.entries(ATTACKS) as [TufBreak, string][];

  test('every way to break a repository is in the table', () => {
    expect([...Object.keys(ATTACKS), 'fast-forward'].sort()).toEqual([...TUF_BREAKS].sort());
  });

  test.each(table)('%s is refused as %s, and nothing is written', async (attack, code) => {
    for (const statesHashes of [true, false]) {
      const repository = repositoryWithRoot({ statesHashes });
      const client = clientOf(repository);
      repository.publish();
      await client.update();
      const before = filesBelow(client.folder);
      if (ON_TARGETS(attack)) repository.publish({ targets: { [ROOT]: bytes('root 2') } });
      // A new snapshot and new targets, so that the client has a reason to ask for the endless ones.
      if (attack.startsWith('endless')) repository.publish({ targets: { [ROOT]: bytes('root 2') } });
      breakTufRepository(repository, attack);
      // A length stated by another file is a tighter cap than the one of the role.
      const stated = statesHashes && (attack === 'endless-snapshot' || attack === 'endless-targets');
      expect((await caught(client.update())).code).toBe(stated ? 'TUF_MIX' : code);
      expect(filesBelow(client.folder)).toEqual(before);
    }
  });

  test.each(table.filter(([attack]) => !NEEDS_HISTORY.has(attack)))('%s is refused on the first contact too', async (attack) => {
    const repository = repositoryWithRoot();
    repository.publish();
    breakTufRepository(repository, attack);
    const client = clientOf(repository);
    expect((await caught(client.update())).code).toMatch(/^TUF_/u);
    expect(filesBelow(client.folder)).toEqual({});
  });

  test('a snapshot without targets is refused on the first contact', async () => {
    const repository = repositoryWithRoot();
    breakTufRepository(repository, 'dropped-role');
    expect((await caught(clientOf(repository).update())).code).toBe('TUF_METADATA');
  });

  test('fast-forward: honest versions are refused until the stolen keys are replaced, then accepted again', async () => {
    const repository = repositoryWithRoot();
    const client = clientOf(repository);
    await client.update();
    breakTufRepository(repository, 'fast-forward');
    await client.update();
    const honest = { versions: { timestamp: 3, snapshot: 3 } };
    repository.publish(honest);
    expect((await caught(client.update())).code).toBe('TUF_ROLLBACK');
    repository.rotate(['snapshot', 'timestamp'], { ...honest, targets: { [ROOT]: bytes('recovered') } });
    expect(await root(client.update())).toBe('recovered');
  });

  test('freeze: a mirror that stands still is refused once its timestamp has expired, and works again later', async () => {
    const repository = repositoryWithRoot();
    const client = clientOf(repository);
    await client.update();
    expect(await root(client.update([ROOT], { now: later(6 * DAY_MS) }))).toBe('root 1');
    expect((await caught(client.update([ROOT], { now: later(8 * DAY_MS) }))).code).toBe('TUF_EXPIRED');
    repository.publish({ now: later(8 * DAY_MS), targets: { [ROOT]: bytes('root 2') } });
    expect(await root(client.update([ROOT], { now: later(8 * DAY_MS) }))).toBe('root 2');
  });

  test('expired metadata in the cache still protects against rollback', async () => {
    const repository = repositoryWithRoot();
    const client = clientOf(repository);
    repository.publish();
    await client.update();
    repository.publish({ now: later(30 * DAY_MS), versions: { timestamp: 1 } });
    expect((await caught(client.update([ROOT], { now: later(30 * DAY_MS) }))).code).toBe('TUF_ROLLBACK');
  });

  test('a threshold is not reached by a key that is not of the role', async () => {
    const repository = repositoryWithRoot({ roles: { timestamp: { keys: 2, threshold: 2 } } });
    const [own] = repository.keys.timestamp;
    repository.publish({ signers: { timestamp: [own ?? makeTufKey(), ...repository.keys.snapshot] } });
    expect((await caught(clientOf(repository).update())).code).toBe('TUF_METADATA');
  });

  test('untrusted text of the mirror is escaped in messages', async () => {
    const repository = repositoryWithRoot();
    repository.files.set('timestamp.json', bytes('{"signed":{"_type":"\\u001b[31mroot\\n"},"signatures":[]}'));
    const { message } = await caught(clientOf(repository).update());
    expect(message).not.toMatch(/\p{Cc}/u);
  });

  test('every third byte of the timestamp flipped is refused, or changes nothing signed', { timeout: 60_000 }, async () => {
    const repository = repositoryWithRoot();
    const timestamp = repository.files.get('timestamp.json') as Uint8Array;
    const signed = JSON.stringify(JSON.parse(text(timestamp)).signed);
    for (let position = 0; position < timestamp.length; position += 3) {
      repository.files.set(
        'timestamp.json',
        timestamp.map((byte, index) => (index === position ? byte ^ (1 << (position % 8)) : byte)),
      );
      const client = clientOf(repository);
      try {
        await client.update();
        expect(JSON.stringify(JSON.parse(readFileSync(join(client.folder, 'timestamp.json'), 'utf8')).signed)).toBe(signed);
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^TUF_/u);
      }
    }
  });
});

describe('the cache folder', () => {
  test.each(['root.json', 'timestamp.json', 'snapshot.json', 'targets.json', 'targets/trusted_root.json', 'assay-state'])(
    'a damaged %s is repaired',
    async (name) => {
      const repository = repositoryWithRoot();
      const client = clientOf(repository);
      await client.update();
      for (const damage of ['', '{}', 'nonsense']) {
        writeFileSync(join(client.folder, name), damage);
        expect(await root(client.update())).toBe('root 1');
        expect(readFileSync(join(client.folder, name), 'utf8')).not.toBe(damage);
      }
    },
  );

  test('network trouble stays network trouble, whichever file it hits', async () => {
    const repository = repositoryWithRoot();
    const source = filesSource(repository.files);
    for (const victim of ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json', 'trusted_root.json']) {
      const broken: RepositorySource = {
        ...source,
        get: (url, cap) => (url.endsWith(victim) ? Promise.reject(Object.assign(new Error('boom'), { code: 'x' })) : source.get(url, cap)),
      };
      expect((await caught(clientOf(repository).update([ROOT], { source: broken })).catch((error: Error) => error)).message).toContain('boom');
    }
    const files = new Map(repository.files);
    files.delete('timestamp.json');
    expect(await caught(clientOf(repository).update([ROOT], { source: filesSource(files) }))).toMatchObject({ code: 'NET_STATUS', data: { status: 404 } });
  });

  test('no root to start from', async () => {
    const repository = repositoryWithRoot();
    const error = await caught(
      updateTargets([ROOT], {
        source: filesSource(repository.files),
        folder: temporaryFolder(),
        initialRoot: undefined,
        isStartingOver: false,
        now: NOW,
        state: {},
      }),
    );
    expect(error).toMatchObject({ code: 'TUF_CACHE', message: 'no initial root for the TUF mirror files: could not find cached root.json' });
  });

  test('what another process committed meanwhile is not overwritten: the update is made again on top of it', async () => {
    const repository = repositoryWithRoot();
    const client = clientOf(repository);
    await client.update();
    const old = new Map(repository.files);
    repository.publish({ targets: { [ROOT]: bytes('root 2') } });
    // A slow process sees an old state of the mirror; before it ends, a fast one commits the new state.
    let first = true;
    const slow: RepositorySource = {
      ...filesSource(old),
      async get(url, cap) {
        if (first) {
          first = false;
          await client.update();
        }
        return filesSource(old).get(url, cap);
      },
    };
    expect((await caught(client.update([ROOT], { source: slow }))).code).toBe('TUF_ROLLBACK');
    expect(readFileSync(join(client.folder, 'targets', ROOT), 'utf8')).toBe('root 2');
  });

  test('many updates at once leave a whole folder', async () => {
    const repository = repositoryWithRoot();
    const client = clientOf(repository);
    expect(await Promise.all(Array.from({ length: 8 }, () => root(client.update())))).toEqual(Array.from({ length: 8 }, () => 'root 1'));
    expect(Object.keys(filesBelow(client.folder))).toEqual([
      'assay-state',
      'root.json',
      'snapshot.json',
      'targets.json',
      'targets/trusted_root.json',
      'timestamp.json',
    ]);
  });

  test('a lock of a process that died is broken', async () => {
    const client = clientOf(repositoryWithRoot());
    const lock = join(client.folder, 'assay-lock');
    writeFileSync(lock, '');
    utimesSync(lock, new Date(0), new Date(0));
    expect((await client.update()).notKept).toBeUndefined();
  });

  test('when it cannot be written, what was verified is returned all the same', async () => {
    const repository = repositoryWithRoot();
    const folder = join(temporaryFolder(), 'file');
    writeFileSync(folder, 'in the way');
    const update = await clientOf(repository, folder).update();
    expect(text(update.targets.get(ROOT) as Uint8Array)).toBe('root 1');
    expect(update.notKept).toMatchObject({ code: 'TUF_CACHE' });
  });

  test('files in the way of one file leave no half-written folder behind', async () => {
    const client = clientOf(repositoryWithRoot());
    mkdirSync(join(client.folder, 'snapshot.json'));
    expect((await client.update()).notKept).toMatchObject({ code: 'TUF_CACHE' });
    rmSync(join(client.folder, 'snapshot.json'), { recursive: true });
    expect((await client.update()).notKept).toBeUndefined();
    expect(Object.keys(filesBelow(client.folder)).filter((name) => name.endsWith('.tmp') || name.endsWith('-lock'))).toEqual([]);
  });
});
