/**
 * Looks at everything in the folder of a stack, and tells all that is wrong with it. Reads only; the stack may run meanwhile.
 *
 *   stack.json ─► keys ─► TUF ─► documents ─► chains ─► logs ─► registry
 *
 * What is read first says what there is; what holds the truth about the next comes before it: TUF publishes whom clients trust, and by that are
 * chains and logs judged.
 */
import type { KeyObject } from 'node:crypto';
import type { TrustedRoot } from '@assay/core';
import { GENERATION_KINDS, type Instance, readInstance, requireInstance } from '../instance.ts';
import { type Disk, openDisk } from '../store/disk.ts';
import { checkDocuments, checkEndpoints, checkSettings, readEndpoints } from './documents.ts';
import { type Finding, Report, steadily } from './finding.ts';
import { checkChainsAndPublication, checkKeyFiles } from './keys.ts';
import { checkLogs } from './logs.ts';
import { readPresence } from './presence.ts';
import { checkRegistry } from './registry.ts';
import type { CheckProgress, Scene } from './scene.ts';
import { checkTuf, checkTufKeys } from './tuf.ts';

export interface CheckOptions {
  /** Opens the private keys, where they are encrypted. */
  readonly passphrase?: string | undefined;
  /** Called often. */
  readonly onProgress?: (progress: CheckProgress) => void;
}

/** Errors first, then by path. None when all is well. Errors: `STACK_DATA` for a folder without a stack. */
export async function checkStack(directory: string, { passphrase, onProgress = () => undefined }: CheckOptions = {}): Promise<Finding[]> {
  const disk = openDisk(directory);
  const report = new Report();
  if ((await disk.size('stack.json')) === undefined) await requireInstance(disk);
  const instance = await report.reading('stack.json', () => readInstance(disk), LOST);

  if (instance === undefined) {
    const isThere = (await disk.size('tuf')) !== undefined;
    await attempt(report, 'tuf', async () => void (isThere && (await checkTuf(disk.at('tuf'), report.at('tuf')))));
  } else {
    const scene = await checkPublication(disk, report, { instance, passphrase, onProgress });
    await attempt(report, '.', () => checkSettings(disk, report));
    if (scene !== undefined) await attempt(report, '.', () => checkLogs(scene));
  }
  await attempt(report, 'registry', () => checkRegistry(disk.at('registry'), report.at('registry'), onProgress));
  return [...report.findings].sort((a, b) => a.severity.localeCompare(b.severity) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** A file that the disk does not give away ends one part, and not the whole check. */
async function attempt(report: Report, path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    report.unreadable(path, error, 'see why the file cannot be read; what comes after it was not checked');
  }
}

interface Given {
  readonly instance: Instance;
  readonly passphrase: string | undefined;
  readonly onProgress: Scene['onProgress'];
}

/** Keys, chains, and what clients are told. Undefined when that could not be finished. */
async function checkPublication(disk: Disk, report: Report, given: Given): Promise<Scene | undefined> {
  let scene: Scene | undefined;
  const pointer = async (): Promise<string> => {
    const files = await Promise.all(['stack.json', 'endpoints.json', 'tuf/timestamp.json'].map((file) => disk.read(file)));
    return files.map((bytes) => Buffer.from(bytes ?? []).toString('latin1')).join('\n');
  };
  await attempt(report, '.', () =>
    steadily(report, pointer, async (steady) => {
      const instance = (await readInstance(disk)) ?? given.instance;
      scene = { ...(await publicationOf(disk, steady, { ...given, instance })), report };
    }),
  );
  return scene;
}

async function publicationOf(disk: Disk, report: Report, { instance, passphrase, onProgress }: Given): Promise<Scene> {
  const endpoints = await readEndpoints(disk, report);
  const presence = await readPresence(disk, instance, endpoints);
  const { isServed, isHere, isPending } = presence;
  const begun = { disk, instance, report, onProgress, ...presence };
  if (endpoints !== undefined) checkEndpoints(instance, endpoints, report);
  const keys: ReadonlyMap<string, KeyObject> = await checkKeyFiles(begun, passphrase);
  const tuf = isHere('tuf') ? await checkTuf(disk.at('tuf'), report.at('tuf')) : undefined;
  // A rotation that is being taken up is published by TUF before it is in the documents.
  const isSettled = !GENERATION_KINDS.some((kind) => isServed(kind) && instance.generations[kind].some(isPending));
  const trusted: TrustedRoot | undefined = await checkDocuments({ disk, report, endpoints, tuf: isServed('tuf') && isSettled ? tuf : undefined });
  const scene: Scene = { ...begun, keys, trusted };
  if (tuf !== undefined) checkTufKeys(scene, tuf);
  await checkChainsAndPublication(scene);
  return scene;
}

const LOST = 'restore the file from a backup; without it nothing but TUF and the registry could be checked';
