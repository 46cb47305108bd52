/**
 * Where an instance lives. The address is part of what it is: trust roots name it, issuers are named by it, and logs sign under its host. So it is
 * chosen at the first start, and later starts listen there again.
 */
import { TrustError } from '@assay/core';
import { type Listen, type Listening, listen } from './http/server.ts';
import { type Instance, newInstance, readInstance, writeInstance } from './instance.ts';
import type { Disk } from './store/disk.ts';

export interface Wanted {
  readonly listen?: Partial<Listen> | undefined;
  readonly publicUrl?: string | undefined;
}

/** Listens, and answers 503 until it is told to serve. Errors: `STACK_LISTEN`, `STACK_DATA`, `USAGE` for an address that cannot be the instance's. */
export async function settle(disk: Disk, wanted: Wanted, now: Date): Promise<{ instance: Instance; listening: Listening }> {
  const known = await readInstance(disk);
  const before = known && (known.listen ?? addressOf(known.origin));
  const host = wanted.listen?.host ?? before?.host ?? '127.0.0.1';
  const publicUrl = wanted.publicUrl ?? (known?.listen && known.origin);
  if (publicUrl === undefined && ANY_ADDRESS.includes(host)) {
    throw new TrustError('USAGE', `${host} is no address by which clients could reach it`, { hint: 'name the one that they use, with --public-url' });
  }
  const listening = await listen({ host, port: wanted.listen?.port ?? before?.port ?? 0 });
  try {
    const origin = publicUrl ?? originOf({ host, port: listening.port });
    requireSameHost(known, origin);
    const place = { origin, ...(publicUrl !== undefined && { listen: { host, port: listening.port } }) };
    const { listen: _, ...rest } = known ?? newInstance(origin, now);
    const instance: Instance = { ...rest, ...place };
    if (JSON.stringify([known?.origin, known?.listen]) !== JSON.stringify([instance.origin, instance.listen])) await writeInstance(disk, instance);
    return { instance, listening };
  } catch (error) {
    await listening.close(0);
    throw error;
  }
}

/** Another port gives other URLs; under another host nobody would know the logs' checkpoints again. */
function requireSameHost(known: Instance | undefined, origin: string): void {
  if (known === undefined || new URL(known.origin).hostname === new URL(origin).hostname) return;
  throw new TrustError('USAGE', 'an instance keeps its host name: its logs are signed under it', {
    expected: new URL(known.origin).hostname,
    found: new URL(origin).hostname,
    hint: 'listen there, or make another instance with --data',
  });
}

function addressOf(origin: string): Listen {
  const { hostname, port } = new URL(origin);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

function originOf({ host, port }: Listen): string {
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`).origin;
}

const ANY_ADDRESS = ['0.0.0.0', '::'];
