/**
 * A private Sigstore in one process: one folder, one address, eight services.
 *
 *   lock the folder ─► listen ─► read or make keys ─► open services ─► publish documents ─► serve
 *
 * Nothing is answered with 2xx before everything is open, and closing goes the same way back.
 */
import type { Logger } from 'pino';
import { type Endpoints, writeDocuments } from './documents.ts';
import { type Listen, type Listening, listen } from './http/server.ts';
import { type Instance, newInstance, readInstance, writeInstance } from './instance.ts';
import type { ServiceName } from './names.ts';
import { type OpenedServices, openServices } from './open-services.ts';
import { serveStack } from './serve-stack.ts';
import type { Clock } from './service.ts';
import { type Disk, openDisk } from './store/disk.ts';
import { openKeys } from './store/keys.ts';
import { lockFolder } from './store/lock.ts';

export interface StackOptions {
  /** The folder with everything; made when it is absent. Absolute. */
  readonly directory: string;
  /** Where to listen; by default 127.0.0.1 and, at the first start, a free port that is kept from then on. */
  readonly listen?: Partial<Listen>;
  /** These services alone; all when absent. */
  readonly only?: readonly ServiceName[];
  /** Opens (and at first start encrypts) the private keys. */
  readonly passphrase?: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

export interface Stack {
  readonly endpoints: Endpoints;
  /** Finishes what was accepted, then lets go of socket, folder and memory. */
  close(): Promise<void>;
}

/** Errors: `STACK_IN_USE`, `STACK_LISTEN`, `STACK_DATA`. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { directory, log, clock = () => new Date() } = options;
  const disk = openDisk(directory);
  const lock = await lockFolder(directory);
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    const { instance, listening } = await settle(disk, options.listen ?? {}, clock());
    undo.unshift(() => listening.close(GRACE_MS));
    const keys = openKeys(disk.at('keys'), options.passphrase);
    const services = await openServices({ disk, keys, instance, clock, log, ...(options.only !== undefined && { only: options.only }) });
    undo.unshift(() => services.close());
    await writeDocuments(disk, services.published, services.endpoints, undefined);
    listening.serve(serveStack(services, instance.origin, listening.port, log));
    log.info({ origin: instance.origin, services: [...services.byName.keys()] }, 'ready');
    return { endpoints: services.endpoints, close: () => closeAll(listening, services, lock) };
  } catch (error) {
    for (const step of undo) await step();
    throw error;
  }
}

/** The address is part of what this instance is: it is chosen once, and later starts listen there again. */
async function settle(disk: Disk, wanted: Partial<Listen>, now: Date): Promise<{ instance: Instance; listening: Listening }> {
  const known = await readInstance(disk);
  const before = known === undefined ? undefined : new URL(known.origin);
  const host = wanted.host ?? before?.hostname ?? '127.0.0.1';
  const listening = await listen({ host, port: wanted.port ?? Number(before?.port ?? 0) });
  const origin = `http://${host}:${listening.port}`;
  if (known !== undefined && known.origin === origin) return { instance: known, listening };
  const instance = known === undefined ? newInstance(origin, now) : { ...known, origin };
  await writeInstance(disk, instance);
  return { instance, listening };
}

async function closeAll(listening: Listening, services: OpenedServices, lock: { release(): void }): Promise<void> {
  await listening.close(GRACE_MS);
  await services.close();
  lock.release();
}

/** How long a request may take to its end once the stack is told to stop. */
const GRACE_MS = 10_000;
