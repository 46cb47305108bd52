/** What the stack answers in a second, over HTTP on loopback: log entries, certificates, timestamps. Two cores: one for the stack, one for this client. */
import { join } from 'node:path';
import { type LoadOptions, type LoadResult, load } from './load.ts';
import type { Published } from './published.ts';
import { milliseconds, perSecond, type Report } from './report.ts';
import { type StackProcess, withStack } from './stack-process.ts';
import { certificateRequests, entryRequests, signEntries, timestampQueries } from './stack-requests.ts';

export interface StackEffort {
  readonly writeSeconds: number;
  readonly serviceSeconds: number;
}

export async function benchStackServices(report: Report, published: Published, effort: StackEffort): Promise<void> {
  await withStack(published, join(published.folder, 'stack'), async (stack) => {
    await benchWrites(report, stack, effort.writeSeconds);
    await benchCertificates(report, stack, effort.serviceSeconds);
    await benchTimestamps(report, stack, effort.serviceSeconds);
  });
}

async function benchWrites(report: Report, stack: StackProcess, seconds: number): Promise<void> {
  report.title(`Rekor v2 writes over HTTP for ${seconds} s, ${WRITERS} at a time, each answered when it is in a published, fsynced checkpoint`);
  let medianMs = 0;
  await report.target({ name: 'writes', show: perSecond, atLeast: 1500 }, async () => {
    const result = await loadEntries(stack, seconds, entryRequests(signEntries(seconds * MAX_WRITES)));
    report.line(`slowest second ${perSecond(result.slowestSecond)}`);
    medianMs = result.medianMs;
    return result.perSecond;
  });
  await report.target({ name: 'median time to inclusion', show: milliseconds, atMost: 1000 }, () => medianMs);
}

export function loadEntries({ endpoints }: StackProcess, seconds: number, bodies: LoadOptions['bodies']): Promise<LoadResult> {
  return load({ url: `${endpoints.rekorV2}/api/v2/log/entries`, contentType: 'application/json', status: 201, inFlight: WRITERS, seconds, bodies });
}

async function benchCertificates(report: Report, stack: StackProcess, seconds: number): Promise<void> {
  report.title(`Certificates over HTTP for ${seconds} s, ${CLIENTS} at a time, each for a token and a key of its own, with an SCT`);
  await report.target({ name: 'certificates', show: perSecond, atLeast: 150 }, async () => {
    const requests = await certificateRequests(stack, seconds * MAX_CERTIFICATES);
    const url = `${stack.endpoints.fulcio}/api/v2/signingCert`;
    return told(report, await load({ url, contentType: 'application/json', status: 200, inFlight: CLIENTS, seconds, bodies: requests.values() }));
  });
}

async function benchTimestamps(report: Report, { endpoints }: StackProcess, seconds: number): Promise<void> {
  report.title(`Timestamps over HTTP for ${seconds} s, ${CLIENTS} at a time`);
  const contentType = 'application/timestamp-query';
  await report.target({ name: 'timestamps', show: perSecond, atLeast: 800 }, async () =>
    told(report, await load({ url: endpoints.tsa, contentType, status: 200, inFlight: CLIENTS, seconds, bodies: timestampQueries() })),
  );
}

function told(report: Report, { perSecond: figure, medianMs }: LoadResult): number {
  report.line(`median ${milliseconds(medianMs)}`);
  return figure;
}

const WRITERS = 256;
const CLIENTS = 32;
/** Beyond what can be reached, so that prepared requests do not run out. */
const MAX_WRITES = 6000;
const MAX_CERTIFICATES = 1500;
