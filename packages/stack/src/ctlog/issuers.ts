/**
 * The certificates that issued what is logged, each once: `issuer/<SHA-256, hex>` (c2sp.org/static-ct-api). Entries name them by fingerprint,
 * so they are on disk before the entry is.
 */
import { toHex } from '@assay/core';
import { sha256 } from '@assay/make';
import type { Disk } from '../store/disk.ts';
import { LruMap } from './lru-map.ts';
import { remembered } from './remembered.ts';

export interface Issuers {
  /** Durable when it resolves. */
  keep(certificates: readonly Uint8Array[]): Promise<void>;
  /** DER by its fingerprint, 64 lower-case hex digits; undefined when there is none. */
  read(fingerprint: string): Promise<Uint8Array | undefined>;
}

export function openIssuers(disk: Disk): Issuers {
  const known = new LruMap<Promise<Uint8Array>>(MAX_KNOWN);
  return {
    keep: async (certificates) => {
      const writing = certificates.map((certificate) => {
        const fingerprint = toHex(sha256(certificate));
        return remembered(known, fingerprint, () => disk.write(pathOf(fingerprint), certificate).then(() => certificate));
      });
      // All of them, also when one fails: who asks again must not meet a write of before.
      for (const written of await Promise.allSettled(writing)) if (written.status === 'rejected') throw written.reason;
    },
    read: async (fingerprint) => known.get(fingerprint) ?? (FINGERPRINT.test(fingerprint) ? disk.read(pathOf(fingerprint)) : undefined),
  };
}

const pathOf = (fingerprint: string): string => `issuer/${fingerprint}`;

const FINGERPRINT = /^[0-9a-f]{64}$/;
/** Some kilobytes each. */
const MAX_KNOWN = 256;
