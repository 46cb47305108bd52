/** Registries on loopback, each in a process of its own: what is measured shares none of its time and memory with them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Scene {
  /** Made for blobs, and removed in the end. */
  readonly folder: string;
  /** `app:0`, `app:1`, … */
  readonly images?: number;
  /** Of the one layer of `app:large`. */
  readonly layerBytes?: number;
}

export interface Registry {
  /** As references begin. */
  readonly host: string;
  stop(): Promise<void>;
}

export async function startRegistry(scene: Scene): Promise<Registry> {
  const child = fork(fileURLToPath(new URL('registry-process.ts', import.meta.url)), [JSON.stringify(scene)]);
  const ended = once(child, 'exit');
  const failed = ended.then(([status]) => Promise.reject(new Error(`the registry ended with status ${status}`)));
  const [host] = (await Promise.race([once(child, 'message'), failed])) as [string];
  failed.catch(() => undefined);
  return {
    host,
    async stop() {
      child.kill();
      await ended;
      rmSync(scene.folder, { recursive: true, force: true });
    },
  };
}
