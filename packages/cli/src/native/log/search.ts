/** `assay log search`: entries by artifact, identity and key. */
import { isTrustError, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type LogPlace, openLog, type SearchHit, type SearchQuery, searchLog } from '@assay/sign/monitor';
import { EXIT, exitOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { printable } from '../../render/printable.ts';
import { digestOf } from '../digest.ts';
import { errorText } from '../error-text.ts';
import { entryJson, entryLines } from './entry-text.ts';
import { type LogFlags, nameOf, withLogs } from './logs.ts';

export interface SearchFlags extends LogFlags {
  readonly identity?: string;
  /** File with the PEM of a public key or a certificate. */
  readonly key?: string;
  readonly output: 'text' | 'json';
}

/** Returns the exit status. Errors: `USAGE`, `FILE_…`, `KEY_…`, `CERT_…`, those of the logs' keys. */
export async function runSearch(artifact: string | undefined, flags: SearchFlags, io: Io): Promise<number> {
  const { identity, key } = flags;
  const query: SearchQuery = {
    identity,
    digest: artifact === undefined ? undefined : await digestOf(artifact, io),
    signerPem: key === undefined ? undefined : new TextDecoder().decode(readFileCapped(key, MAX_KEY_FILE)),
  };
  if (Object.values(query).every((value) => value === undefined)) {
    throw new TrustError('USAGE', 'what to search for is not said', { hint: 'name an artifact, --identity NAME or --key FILE' });
  }
  return withLogs(flags, io, async (places) => {
    const statuses: number[] = [];
    for (const place of places) statuses.push(await searchOne(place, query, flags, io));
    return statuses.find((status) => status !== EXIT.accepted) ?? EXIT.accepted;
  });
}

/** A log that cannot be searched does not keep the others from being. */
async function searchOne(place: LogPlace, query: SearchQuery, { output }: SearchFlags, io: Io): Promise<number> {
  const name = nameOf(place);
  let found = 0;
  let status: number = EXIT.accepted;
  try {
    for await (const hit of searchLog(await openLog(place), query)) {
      found++;
      if (hit.kind === 'unproven') status = EXIT.rejected;
      io.stdout(output === 'json' ? `${JSON.stringify(hitJson(name, hit))}\n` : hitText(name, hit));
    }
    io.stderr(`${name}: ${found} found\n`);
    return status;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    io.stderr(errorText(error));
    return exitOf(error.kind);
  }
}

function hitText(url: string, hit: SearchHit): string {
  if (hit.kind === 'unproven') return `entry ${printable(hit.named)} of ${url}: NOT PROVEN: ${printable(hit.problem.message)}  [${hit.problem.code}]\n`;
  const word = hit.stated ? 'in the log' : 'in the log; that it is about this is the word of the index alone';
  return `entry ${hit.index} of ${url}: ${word}\n${entryLines(hit.entry)}`;
}

function hitJson(log: string, hit: SearchHit): object {
  if (hit.kind === 'unproven') return { log, standing: 'unproven', named: hit.named, code: hit.problem.code, message: hit.problem.message };
  return { log, standing: hit.stated ? 'proven' : 'indexed', index: String(hit.index), ...entryJson(hit.entry) };
}

const MAX_KEY_FILE = 1024 * 1024;
