/**
 * Programs that run as long as this process wants them, and not a moment longer: each is the child of a shell that kills it, by its
 * process id, when the pipe to this process closes. A pipe closes however this process ends, so nothing is ever left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Daemon {
  hasEnded(): boolean;
  /** The last lines it wrote. */
  lastWords(): string;
  /** Kills it, unless it has ended, and waits until it is gone. */
  end(): Promise<void>;
}

/** Starts it with an empty environment but for HOME; what it writes goes to `NAME.log` in the folder. */
export function startDaemon(name: string, command: readonly string[], folder: string): Daemon {
  const path = join(folder, `${name}.log`);
  const log = openSync(path, 'a');
  const shell = spawn('sh', ['-c', RUN, 'sh', ...command], { stdio: ['pipe', log, log], cwd: folder, env: { HOME: folder } });
  closeSync(log);
  return {
    hasEnded: () => hasEnded(shell),
    lastWords: () => readFileSync(path, 'utf8').split('\n').slice(-LAST_LINES).join('\n'),
    end: endOf(shell),
  };
}

/** A folder of the temporary ones that is removed by `remove()`, and when this process ends. */
export function temporaryFolder(prefix: string): { readonly path: string; remove(): Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), prefix));
  const shell = spawn('sh', ['-c', REMOVE, 'sh', path], { stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
  return { path, remove: endOf(shell) };
}

/** It does not keep this process alive, except while somebody waits for its end. */
function endOf(shell: ChildProcess): () => Promise<void> {
  shell.stdin?.on('error', () => undefined); // closed already
  shell.unref();
  return async () => {
    if (hasEnded(shell)) return;
    shell.ref();
    shell.stdin?.end();
    await once(shell, 'exit');
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

// Signals of the terminal reach the whole group: this process answers them, and its end is ours.
const RUN = `
  trap '' INT TERM HUP
  exec 3<&0
  "$@" </dev/null 3<&- & daemon=$!
  { read -r _ <&3; kill -9 $daemon; } & watch=$!
  wait $daemon; status=$?
  kill -9 $watch
  exit $status`;

// Somebody who is being killed may still write to it.
const REMOVE = `
  trap '' INT TERM HUP
  read -r _
  until rm -rf "$1"; do sleep 0.1; done`;

const LAST_LINES = 20;
