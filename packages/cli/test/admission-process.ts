/** `assay admission serve` as a process of its own, for tests that a real API server takes part in. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../bin/assay.js', import.meta.url));

export interface AdmissionProcess {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** `http://127.0.0.1:PORT` */
  readonly probes: string;
  /** PEM of who vouches for its certificate. */
  readonly ca: string;
  readonly log: () => string;
  /** Waits for a line of the log. Throws with all of it when none comes. */
  says(text: string | RegExp): Promise<void>;
  metrics(): Promise<string>;
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

export interface AdmissionProcessOptions {
  /** Holds the certificate; may be there from an earlier process. */
  readonly folder: string;
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
}

/** Resolves when it is ready. Rejects with what it wrote when it ends before. */
export async function startAdmissionProcess({ folder, flags, env = {}, port = 0 }: AdmissionProcessOptions): Promise<AdmissionProcess> {
  const where = ['--listen', '127.0.0.1', '--secure-port', String(port), '--metrics-port', '0', '--certificate-folder', folder];
  const child = spawn(process.execPath, [PROGRAM, 'admission', 'serve', ...where, '--log-level', 'debug', ...flags], {
    env: { PATH: process.env['PATH'] ?? '', HOME: `${folder}-home`, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  afterAll(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([status, signal]) => (status ?? signal) as number | NodeJS.Signals);
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
  });
  const says = async (text: string | RegExp): Promise<void> => {
    for (let i = 0; i < SAYS_TRIES; i++) {
      if (typeof text === 'string' ? log.includes(text) : text.test(log)) return;
      await new Promise((resolve) => setTimeout(resolve, SAYS_EVERY_MS));
    }
    throw new Error(`the webhook did not say ${text}: ${log}`);
  };
  await Promise.race([says('"msg":"policies are in force"'), ended.then((status) => Promise.reject(new Error(`the webhook ended with ${status}: ${log}`)))]);
  const line = log.split('\n').find((one) => one.includes('"msg":"serving"')) ?? '{}';
  const { url, probes } = JSON.parse(line) as { url: string; probes: string };
  return {
    url,
    probes,
    ca: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    log: () => log,
    says,
    metrics: async () => (await fetch(`${probes}/metrics`)).text(),
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

const SAYS_EVERY_MS = 50;
const SAYS_TRIES = 600;
