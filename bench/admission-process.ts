/** The webhook as a process of its own, the published build, with a policy from a file and no cluster. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Published } from './published.ts';
import type { Target } from './tls-load.ts';

export interface AdmissionProcess {
  readonly validations: Target;
  /** Resident memory in bytes. */
  memory(): number;
  /** The sum of a counter over those of its series whose labels hold the text. */
  counter(name: string, labels?: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startAdmission(published: Published, policy: string, flags: readonly string[] = []): Promise<AdmissionProcess> {
  const certificates = join(published.folder, 'certificates');
  const where = ['--listen', '127.0.0.1', '--secure-port', '0', '--metrics-port', '0', '--certificate-folder', certificates];
  const child = spawn(published.assay, ['admission', 'serve', '--no-cluster', '--policy', policy, ...where, ...flags], {
    env: published.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const serving = await servingLine(child.stderr, ended);
  const url = new URL(serving.url);
  return {
    validations: { host: url.hostname, port: Number(url.port), ca: readFileSync(join(certificates, 'ca.crt'), 'utf8'), path: '/validations?timeout=25s' },
    memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    async counter(name, labels = '') {
      const text = await (await fetch(`${serving.probes}/metrics`)).text();
      const lines = text.split('\n').filter((line) => line.startsWith(name) && line.includes(labels));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}

async function servingLine(stream: NodeJS.ReadableStream, ended: Promise<unknown[]>): Promise<{ readonly url: string; readonly probes: string }> {
  let log = '';
  const found = new Promise<string>((resolve) => {
    stream.on('data', (chunk) => {
      log += String(chunk);
      const line = log.split('\n').find((one) => one.includes('"msg":"serving"'));
      if (line !== undefined) resolve(line);
    });
  });
  const failed = ended.then(([status]) => Promise.reject(new Error(`the webhook ended with status ${status}: ${log}`)));
  failed.catch(() => undefined);
  return JSON.parse(await Promise.race([found, failed]));
}
