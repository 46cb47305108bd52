/** Load over HTTP from this process, while what answers has a process and a core of its own: connections are kept, and each carries one request at a time. */
import { Agent, request } from 'node:http';
import { median } from './measure.ts';

export interface LoadOptions {
  readonly url: string;
  readonly contentType: string;
  /** Of every answer: another one ends the benchmark, since what is refused is cheap and would flatter the figure. */
  readonly status: number;
  readonly inFlight: number;
  readonly seconds: number;
  /** Taken one by one as they are sent. Must not run out. */
  readonly bodies: Iterator<string | Uint8Array>;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Of the seconds, the one with the fewest answers. */
  readonly slowestSecond: number;
  /** From the request to the whole answer. */
  readonly medianMs: number;
}

export async function load(options: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.inFlight });
  const took: number[] = [];
  const answered: number[] = new Array(options.seconds).fill(0);
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const send = async (): Promise<void> => {
    while (elapsed() < options.seconds) {
      const { value, done } = options.bodies.next();
      if (done === true) throw new Error('too few requests were prepared for this load');
      const sent = performance.now();
      await post(agent, options, value);
      took.push(performance.now() - sent);
      const second = Math.floor(elapsed());
      if (second < options.seconds) answered[second] = (answered[second] ?? 0) + 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: options.inFlight }, send));
  } finally {
    agent.destroy();
  }
  const all = answered.reduce((sum, count) => sum + count, 0);
  return { perSecond: all / options.seconds, slowestSecond: Math.min(...answered), medianMs: median(took) };
}

function post(agent: Agent, { url, contentType, status }: LoadOptions, body: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) };
    const asking = request(url, { method: 'POST', agent, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === status) resolve();
        else reject(new Error(`POST ${url} was answered ${answer.statusCode}: ${Buffer.concat(chunks)}`));
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}
