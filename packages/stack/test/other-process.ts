/** Another process that locks a folder and says how that went; if it went well it holds it until the test is over. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const HOLDER = fileURLToPath(new URL('./lock-holder.ts', import.meta.url));

export async function otherProcess(folder: string): Promise<{ readonly said: string; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { said: String(said), child };
}
