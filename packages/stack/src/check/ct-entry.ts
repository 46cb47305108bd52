/** What a CT log keeps beside the leaf of an entry: what was submitted, and who issued it. The tree vouches for neither; their signatures do. */
import { equalBytes, isTrustError, toHex } from '@assay/core';
import { encodeTimestampedEntry, sha256 } from '@assay/make';
import { type SubmissionCheck, submissionCheck } from '../ctlog/submission.ts';
import { parseTileLeaf } from '../ctlog/tile-leaf.ts';
import { Refusal } from '../http/refusal.ts';
import type { Disk } from '../store/disk.ts';
import { type Report, reasonOf } from './finding.ts';

export interface CtEntryCheck {
  /** `path` is that of the bundle. */
  see(path: string, index: number, data: Uint8Array): Promise<void>;
}

/** Looks at all issuers that are kept. */
export async function openCtEntryCheck(disk: Disk, report: Report): Promise<CtEntryCheck> {
  const issuers = new Map<string, Uint8Array>();
  const known = new Set(await disk.list('issuer'));
  for (const name of known) {
    const certificate = (await disk.read(`issuer/${name}`)) ?? new Uint8Array(0);
    const fingerprint = toHex(sha256(certificate));
    if (fingerprint === name) issuers.set(name, certificate);
    else report.error(`issuer/${name}`, 'the certificate is not the one that its name says', { expected: name, found: fingerprint });
  }
  const missing = new Set<string>();
  const checks = new Map<string, SubmissionCheck>();

  return {
    see: async (path, index, data) => {
      const leaf = parseTileLeaf(data);
      const names = leaf.issuers.map(toHex);
      for (const name of names) {
        if (issuers.has(name) || known.has(name) || missing.has(name)) continue;
        const late = await disk.read(`issuer/${name}`);
        if (late !== undefined) issuers.set(name, late);
        else {
          missing.add(name);
          report.error(`issuer/${name}`, `the issuer of entry ${index} is missing`);
          report.error(path, `entry ${index} names an issuer that is not kept`, { found: name });
        }
      }
      const chain = names.flatMap((name) => issuers.get(name) ?? []);
      const root = chain.at(-1);
      if (root === undefined || chain.length < names.length) return;
      const rootName = names.at(-1) ?? '';
      const check = checks.get(rootName) ?? submissionCheck([root]);
      checks.set(rootName, check);
      try {
        const { entry } = await check(leaf.entry.type, [leaf.submitted, ...chain]);
        const isSame = equalBytes(encodeTimestampedEntry({ timestampMs: 0, entry }), encodeTimestampedEntry({ timestampMs: 0, entry: leaf.entry }));
        if (!isSame) report.error(path, `entry ${index} was not made of the certificate that lies beside it`);
      } catch (error) {
        if (!(error instanceof Refusal) && !isTrustError(error)) throw error;
        report.error(path, `the certificate beside entry ${index} is not one of its issuers`, { found: reasonOf(error) });
      }
    },
  };
}
