#!/usr/bin/env node
/**
 * `node tools/run.mjs runtime|dev SCRIPT [args]`: installs what is missing, then runs SCRIPT with the pinned Node.
 *
 * Works on a fresh clone with nothing but Node 20 and npm. It starts the pinned Node itself rather than leave that to PATH:
 * before the installation `node_modules/.bin` was empty, and shells remember where they found a command.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSupported, NODE_RANGE } from '../packages/cli/bin/node-range.js';
import { findPinnedNode, runInstead } from '../packages/cli/bin/pinned-node.js';
import { install } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [mode, script, ...args] = process.argv.slice(2);

if ((mode !== 'runtime' && mode !== 'dev') || script === undefined) end('usage: node tools/run.mjs runtime|dev SCRIPT [args]');
else await run();

async function run() {
  const problem = await install(root, mode);
  if (problem !== undefined) return end(problem);
  const node = isPinned() ? process.execPath : (findPinnedNode(join(root, 'package.json')) ?? ownNode());
  if (node === undefined) return end(`this system needs Node ${NODE_RANGE} on PATH, found ${process.version}`);
  runInstead(node, [join(root, script), ...args]);
}

/** `findPinnedNode` never finds the running Node, which may be the pinned one. */
function isPinned() {
  return process.execPath.startsWith(join(root, 'node_modules'));
}

function ownNode() {
  return isSupported() ? process.execPath : undefined;
}

function end(message) {
  process.stderr.write(`tools/run.mjs: ${message}\n`);
  process.exitCode = 2;
}
