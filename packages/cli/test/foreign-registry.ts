/** Registries that others made, each a process of its own on a free port of this machine. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ForeignRegistry {
  /** `127.0.0.1:PORT` or `localhost:PORT`. */
  readonly host: string;
  close(): Promise<void>;
}

/** Debian's `docker-registry`: distribution 2.8, which has no referrers API. Deletes what it is asked to. */
export async function startDebianRegistry(path: string): Promise<ForeignRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-registry-'));
  const config = join(folder, 'config.yml');
  writeFileSync(config, DEBIAN_CONFIG);
  const { line, close } = await started(path, ['serve', config], /listening on (127\.0\.0\.1:\d+)/);
  return {
    host: line,
    async close() {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The registry in memory of go-containerregistry, which as a program has no referrers API either. */
export async function startGoRegistry(path: string): Promise<ForeignRegistry> {
  const { line, close } = await started(path, ['-port', '0'], /serving on port (\d+)/);
  return { host: `localhost:${line}`, close };
}

/** Waits for the line that names the port. */
function started(path: string, argv: readonly string[], pattern: RegExp): Promise<{ line: string; close: () => Promise<void> }> {
  const child = spawn(path, argv, { stdio: ['ignore', 'ignore', 'pipe'], env: {} });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const close = (): Promise<void> => {
    child.kill();
    return ended;
  };
  return new Promise((resolve, reject) => {
    let text = '';
    child.on('error', reject);
    child.on('close', () => reject(new Error(`${path} ended: ${text}`)));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-10_000);
      const [, line] = pattern.exec(text) ?? [];
      if (line !== undefined) resolve({ line, close });
    });
  });
}

const DEBIAN_CONFIG = `version: 0.1
log: { level: info }
storage: { inmemory: {}, delete: { enabled: true } }
http: { addr: "127.0.0.1:0", secret: of-a-test }
`;
