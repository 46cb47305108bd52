#!/usr/bin/env node
/**
 * The launcher: picks a Node that is new enough, then starts the command line.
 *
 * Its start-up is on the path of every command. What it imports, Node itself has loaded already; the rest only when needed.
 */
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSupported, NODE_RANGE } from './node-range.js';

if (isSupported()) await start();
else await startWithPinnedNode();

async function start() {
  cacheCompiledCode();
  const fromSource = existsSync(fileURLToPath(new URL('../src/main.ts', import.meta.url)));
  const { main } = await import(fromSource ? '../src/main.ts' : '../dist/main.js');
  // Not process.exit: what is still on its way to stdout must arrive.
  process.exitCode = await main(process.argv.slice(2), programName());
}

/** `assay`, or the tool whose name a symlink gives us: Node keeps the symlink's path in argv. */
function programName() {
  return basename(process.argv[1] ?? 'assay', '.js');
}

/**
 * In the user's own cache folder. Node's default is a folder in /tmp with a fixed name, where another user of the machine could
 * put code for us to run.
 */
function cacheCompiledCode() {
  const { NODE_COMPILE_CACHE, XDG_CACHE_HOME, HOME } = process.env;
  if (NODE_COMPILE_CACHE) return;
  const base = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : HOME && join(HOME, '.cache');
  if (base) enableCompileCache(join(base, 'assay', 'compile')); // reports failure by its result: without a cache we are only slower
}

async function startWithPinnedNode() {
  const { findPinnedNode, runInstead } = await import('./pinned-node.js');
  const node = findPinnedNode(fileURLToPath(import.meta.url));
  if (node !== undefined) return runInstead(node, process.argv.slice(1));
  process.stderr.write(`assay: needs Node ${NODE_RANGE}, this is ${process.version} (${process.execPath})\n`);
  process.exitCode = 2;
}
