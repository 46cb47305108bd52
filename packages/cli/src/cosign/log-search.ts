/**
 * Searching a Rekor v1 log for evidence that carries no log entry of its own: bare signature and certificate files (acceptance row 39). And asking it
 * for what an entry lacks.
 *
 * The entry that the signing would have proposed is sent; the log answers with its equal. What comes back is only a claim: it goes through the same
 * verification as an entry from a bundle.
 */
import { type LogEntry, parseRekorAnswer } from '@assay/core';
import { below, type HttpClient } from '@assay/net';
import { CommandError } from '../cobra/failure.ts';

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Entries equal to `proposed`, the earliest first. Throws `signature not found in transparency log` when there is none. */
export async function searchLog(rekorUrl: string, proposed: unknown, http: HttpClient, signal: AbortSignal): Promise<LogEntry[]> {
  const url = `${entriesUrl(rekorUrl)}/retrieve`;
  const response = await http.request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ entries: [proposed] }),
    maxBytes: MAX_ANSWER_BYTES,
    signal,
  });
  if (response.status !== 200) throw new CommandError(`searching log query: ${url}: server returned HTTP ${response.status}`);
  const entries = parseRekorAnswer(response.body);
  if (entries.length === 0) throw new CommandError('signature not found in transparency log');
  return entries.toSorted((a, b) => (a.integratedTime < b.integratedTime ? -1 : 1));
}

/** The entry at an index of the whole log. */
export async function fetchLogEntry(rekorUrl: string, logIndex: bigint, http: HttpClient, signal: AbortSignal): Promise<LogEntry> {
  const url = `${entriesUrl(rekorUrl)}?logIndex=${logIndex}`;
  const response = await http.request(url, { headers: { accept: 'application/json' }, maxBytes: MAX_ANSWER_BYTES, signal });
  if (response.status !== 200) throw new CommandError(`fetching log entry by index: ${url}: server returned HTTP ${response.status}`);
  const entries = parseRekorAnswer(response.body);
  if (entries.length !== 1) throw new CommandError(`expected exactly 1 entry from Rekor for index ${logIndex}, got ${entries.length}`);
  return entries[0] as LogEntry;
}

function entriesUrl(rekorUrl: string): string {
  return below(rekorUrl, '/api/v1/log/entries');
}
