/** Watches for sockets and name lookups in this process, and lets none through. */
import dns from 'node:dns';
import dnsPromises from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

export interface NetworkGuard {
  /** What was tried, e.g. `connect {"host":"example.org"}`. */
  readonly attempts: readonly string[];
  restore(): void;
}

export function watchNetwork(): NetworkGuard {
  const attempts: string[] = [];
  const refuse = (what: string) =>
    function refused(...args: unknown[]): never {
      const [target] = args.flat();
      attempts.push(`${what} ${typeof target === 'object' ? JSON.stringify(target, ['host', 'port', 'path']) : String(target)}`);
      throw new Error(`the network is closed in this test: ${what}`);
    };
  const undo = [
    replace(net.Socket.prototype, 'connect', refuse('connect')),
    replace(dns, 'lookup', refuse('lookup')),
    replace(dns, 'resolve', refuse('resolve')),
    replace(dnsPromises, 'lookup', refuse('lookup')),
    replace(dnsPromises, 'resolve', refuse('resolve')),
    replace(globalThis, 'fetch', refuse('fetch')),
  ];
  syncBuiltinESMExports();
  return {
    attempts,
    restore() {
      for (const step of undo) step();
      syncBuiltinESMExports();
    },
  };
}

function replace<T extends object, K extends keyof T>(owner: T, name: K, value: unknown): () => void {
  const original = owner[name];
  owner[name] = value as T[K];
  return () => {
    owner[name] = original;
  };
}
