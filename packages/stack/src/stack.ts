/**
 * A private Sigstore in one process: one folder, one address, eight services.
 *
 *   lock the folder ─► listen ─► read or make keys ─► open services ─► publish documents ─► serve
 *
 * Nothing is answered with 2xx before everything is open, and closing goes the same way back.
 */
import type { Logger } from 'pino';
import { type FulcioConfig, parseFulcioConfig } from './ca/index.ts';
import { type Endpoints, writeDocuments } from './documents.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { Listen, Listening } from './http/server.ts';
import { type Instance, requireInstance } from './instance.ts';
import type { ServiceName } from './names.ts';
import { type OpenedServices, openServices } from './open-services.ts';
import { serveStack } from './serve-stack.ts';
import type { Clock } from './service.ts';
import { settle } from './settle.ts';
import { type Disk, openDisk } from './store/disk.ts';
import { openKeys } from './store/keys.ts';
import { type FolderLock, lockFolder } from './store/lock.ts';

export interface StackOptions {
  /** The folder with everything; made when it is absent. Absolute. */
  readonly directory: string;
  /** Where to listen; by default 127.0.0.1 and, at the first start, a free port that is kept from then on. */
  readonly listen?: Partial<Listen>;
  /** Where clients reach it, when that is elsewhere: scheme, host and port of the proxy before it. Kept from then on. */
  readonly publicUrl?: string | undefined;
  /** These services alone; all when absent. */
  readonly only?: readonly ServiceName[] | undefined;
  /** These run elsewhere. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Issuers besides our own; by default those in `fulcio-config.yaml` of the folder. */
  readonly fulcioConfig?: FulcioConfig | undefined;
  /** Opens (and at first start encrypts) the private keys. */
  readonly passphrase?: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

export interface Stack {
  /** As they are since the last reload. */
  readonly endpoints: Endpoints;
  /** Takes up what changed in the folder: new generations, other issuers. Requests wait at the door meanwhile, and are told to try again. */
  reload(): Promise<void>;
  /** Finishes what was accepted, then lets go of socket, folder and memory. */
  close(): Promise<void>;
}

/** Errors: `STACK_IN_USE`, `STACK_LISTEN`, `STACK_DATA`, `STACK_ISSUERS`. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { directory, clock = () => new Date() } = options;
  const disk = openDisk(directory);
  const lock = await lockFolder(directory);
  try {
    const { instance, listening } = await settle(disk, options, clock());
    try {
      return await serve(instance, { ...options, disk, clock, listening, lock });
    } catch (error) {
      await listening.close(GRACE_MS);
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Served extends StackOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly listening: Listening;
  readonly lock: FolderLock;
}

async function serve(instance: Instance, options: Served): Promise<Stack> {
  const { disk, listening, lock, log } = options;
  const open = async (current: Instance): Promise<OpenedServices> => {
    const opened = await openAll(current, options);
    listening.serve(serveStack(opened, current.origin, listening.port, log));
    log.info({ origin: current.origin, services: [...opened.byName.keys()] }, 'ready');
    return opened;
  };
  let services = await open(instance);
  return {
    get endpoints() {
      return services.endpoints;
    },
    async reload() {
      listening.pause();
      await services.close();
      services = await open(await requireInstance(disk));
    },
    async close() {
      await listening.close(GRACE_MS);
      await services.close();
      lock.release();
    },
  };
}

async function openAll(instance: Instance, options: Served): Promise<OpenedServices> {
  const { disk, clock, log, passphrase, only, elsewhere } = options;
  const keys = openKeys(disk.at('keys'), passphrase);
  const fulcioConfig = options.fulcioConfig ?? (await ownFulcioConfig(disk));
  const services = await openServices({ disk, keys, instance, clock, log, only, elsewhere, fulcioConfig });
  try {
    const { published, endpoints, tuf } = services;
    await writeDocuments(disk, { published, endpoints, tufRoot: tuf?.root(), ready: clock() });
    return services;
  } catch (error) {
    await services.close();
    throw error;
  }
}

async function ownFulcioConfig(disk: Disk): Promise<FulcioConfig | undefined> {
  const bytes = await disk.read(FULCIO_CONFIG);
  return bytes && parseFulcioConfig(bytes, `${disk.root}/${FULCIO_CONFIG}`);
}

/** How long a request may take to its end once the stack is told to stop. */
const GRACE_MS = 10_000;
const FULCIO_CONFIG = 'fulcio-config.yaml';
