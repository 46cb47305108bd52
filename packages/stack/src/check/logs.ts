/**
 * The logs: checkpoint, tiles, entries, and what is kept beside them.
 *
 * Of a log that grows, what may lag behind it is read first, then the checkpoint, and nothing is judged that this does not cover.
 */
import { createPublicKey } from 'node:crypto';
import { decodeUtf8, quote } from '@assay/core';
import { leafHash, sha256 } from '@assay/make';
import { parseTileLeaf, tileLeafFormat } from '../ctlog/tile-leaf.ts';
import { openTreeHead } from '../ctlog/tree-head.ts';
import { type EntryFormat, rekorEntryFormat } from '../log/index.ts';
import { CHECKPOINT, findEdgeFile, readCheckpoint } from '../log/open-tile-log.ts';
import { TILE_WIDTH } from '../log/tile-path.ts';
import { DamagedLog } from '../log/tile-reader.ts';
import { type LogKind, type LogPlace, logPlaces } from '../log-places.ts';
import { isOwnCheckpoint } from '../rekor/log-key.ts';
import { SEARCH_INDEX_FILE } from '../rekor/search-index.ts';
import { type SearchKey, searchKeysOfBody } from '../rekor/search-keys.ts';
import { keysOf } from '../rekor/v1.ts';
import { decodeRecord } from '../rekor/v1-record.ts';
import type { Disk } from '../store/disk.ts';
import { openCtEntryCheck } from './ct-entry.ts';
import { type Report, reasonOf } from './finding.ts';
import { logKeyOf } from './log-keys.ts';
import type { Scene } from './scene.ts';
import { SearchCheck } from './search.ts';
import { checkTree } from './tree.ts';

export async function checkLogs(scene: Scene): Promise<void> {
  const places = logPlaces(scene.instance).filter(({ kind }) => scene.isHere(kind));
  for (const place of places.filter(({ kind }) => kind === 'ctlog')) await checkGroup(scene, [place], undefined);
  // The shards of Rekor v1 are searched as one.
  await checkGroup(
    scene,
    places.filter(({ kind }) => kind === 'rekorV1'),
    'rekor/v1',
  );
  for (const place of places.filter(({ kind }) => kind === 'rekorV2')) await checkGroup(scene, [place], place.folder);
}

/** Logs over which entries are counted through, with the search index in `folder`. */
async function checkGroup(scene: Scene, places: readonly LogPlace[], folder: string | undefined): Promise<void> {
  const index = folder === undefined ? undefined : await scene.disk.at(folder).read(SEARCH_INDEX_FILE);
  const heads: (Head | undefined)[] = [];
  for (const place of places) heads.push(await readHead(scene, place));
  const size = heads.reduce((sum, head) => sum + (head?.size ?? 0), 0);
  const isCounted = heads.every((head) => head?.root !== undefined);
  const search =
    index && folder !== undefined && isCounted ? new SearchCheck(index, size, { disk: scene.disk.at(folder), report: scene.report.at(folder) }) : undefined;

  let first = 0;
  for (const [i, place] of places.entries()) {
    const head = heads[i];
    if (head === undefined) continue;
    await checkEntries(scene, place, { ...head, first, search });
    first += head.size;
  }
  await search?.finish();
}

interface Head {
  readonly size: number;
  /** Undefined when the log did not sign it. */
  readonly root: Uint8Array | undefined;
}

/** Undefined when nothing says how many entries there are. */
async function readHead(scene: Scene, place: LogPlace): Promise<Head | undefined> {
  const { kind, folder, generation } = place;
  const disk = scene.disk.at(folder);
  const report = scene.report.at(folder);
  const bytes = await disk.read(CHECKPOINT);
  if (bytes === undefined) {
    if (scene.isPending(generation)) return undefined;
    report.error(CHECKPOINT, 'the checkpoint is missing, so the entries were not checked');
    return undefined;
  }
  const text = decodeUtf8(bytes) ?? '';
  try {
    const { size, root } = readCheckpoint(disk, text);
    const spki = logKeyOf(scene, place);
    // That there is no key was said where keys are checked.
    if (spki === undefined || FORMS[kind].isOwn(text, { spki, place, origin: scene.instance.origin })) return { size, root };
    const isBelievable = await hasEntries(disk, FORMS[kind].format, size);
    const unchecked = isBelievable ? '' : ', so the entries were not checked';
    const line = quote(text.split('\n', 1)[0] ?? '', 100);
    report.error(CHECKPOINT, `the checkpoint is not signed by this log${unchecked}`, {
      expected: FORMS[kind].originOf(place, scene.instance.origin),
      found: line,
    });
    return isBelievable ? { size, root: undefined } : undefined;
  } catch (error) {
    if (!(error instanceof DamagedLog)) throw error;
    report.error(CHECKPOINT, 'the checkpoint cannot be read, so the entries were not checked', error);
    return undefined;
  }
}

/** Whether there is anything at the end of a log of this size: who forges a checkpoint may state any. */
async function hasEntries(disk: Disk, { folder }: EntryFormat, size: number): Promise<boolean> {
  if (size === 0) return true;
  const n = Math.floor((size - 1) / TILE_WIDTH);
  const { path } = await findEdgeFile(disk, folder, { n, width: size - n * TILE_WIDTH });
  return (await disk.size(path)) !== undefined;
}

interface Entries extends Head {
  /** Entries of the shards before it. */
  readonly first: number;
  readonly search: SearchCheck | undefined;
}

async function checkEntries({ disk, report, onProgress }: Scene, { kind, folder }: LogPlace, { size, root, first, search }: Entries): Promise<void> {
  const form = FORMS[kind];
  const log = { disk: disk.at(folder), report: report.at(folder) };
  const look = await form.look(log);
  const seeEntry = async (path: string, index: number, data: Uint8Array | undefined): Promise<void> => {
    const keys =
      data && (await look(path, index, data).catch((error: unknown) => log.report.error(path, `entry ${index} cannot be read`, { found: reasonOf(error) })));
    search?.see(first + index, keys ?? undefined);
  };
  await checkTree({
    ...log,
    format: form.format,
    leafHash: form.leafHash,
    size,
    root,
    onBundle: async (path, at, entries) => {
      for (const [i, data] of entries.entries()) await seeEntry(path, at + i, data);
      onProgress({ part: folder, done: at + entries.length, total: size, unit: 'entries' });
    },
  });
}

/** What differs between the logs. */
interface LogForm {
  readonly format: EntryFormat;
  readonly leafHash: (data: Uint8Array) => Uint8Array;
  /** The first line of its checkpoints. */
  readonly originOf: (place: LogPlace, origin: string) => string;
  readonly isOwn: (checkpoint: string, log: { readonly spki: Uint8Array<ArrayBuffer>; readonly place: LogPlace; readonly origin: string }) => boolean;
  /** Looks at entries that are in the tree, one after the other, and tells what each is found by; undefined where there is no search. */
  readonly look: (log: { readonly disk: Disk; readonly report: Report }) => Promise<Look>;
}

type Look = (path: string, index: number, data: Uint8Array) => Promise<readonly SearchKey[] | undefined>;

const FORMS: Readonly<Record<LogKind, LogForm>> = {
  ctlog: {
    format: tileLeafFormat,
    leafHash: (data) => leafHash(parseTileLeaf(data).leafInput),
    originOf: ({ url }) => url.replace(/^[a-z]+:\/\//, ''),
    isOwn: (text, { spki }) => openTreeHead(text, createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }), sha256(spki)) !== undefined,
    look: async ({ disk, report }) => {
      const { see } = await openCtEntryCheck(disk, report);
      return async (path, index, data) => {
        await see(path, index, data);
        return undefined;
      };
    },
  },
  rekorV1: {
    format: rekorEntryFormat,
    leafHash: (data) => leafHash(decodeRecord(data).body),
    originOf: ({ generation }, origin) => `${new URL(origin).hostname} - ${generation.treeId}`,
    isOwn: (text, { spki, place, origin }) =>
      isOwnCheckpoint(text, { origin: FORMS.rekorV1.originOf(place, origin), name: new URL(origin).hostname, key: { type: 'p256', spki } }),
    look: async ({ report }) => {
      let lastTime = 0;
      return async (path, index, data) => {
        const record = decodeRecord(data);
        // The tree does not cover the time; but none was ever given that is before the one before it.
        if (record.integratedTime < lastTime) report.error(path, `entry ${index} is older than the one before it`);
        lastTime = Math.max(lastTime, record.integratedTime);
        return keysOf(record);
      };
    },
  },
  rekorV2: {
    format: rekorEntryFormat,
    leafHash,
    originOf: (_place, origin) => new URL(origin).hostname,
    isOwn: (text, { spki, place, origin }) => {
      const { hostname } = new URL(origin);
      return isOwnCheckpoint(text, { origin: FORMS.rekorV2.originOf(place, origin), name: hostname, key: { type: 'ed25519', spki } });
    },
    look: async () => async (_path, _index, data) => searchKeysOfBody(data),
  },
};
