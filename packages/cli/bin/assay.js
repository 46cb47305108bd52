#!/usr/bin/env node
/**
 * The launcher: picks a Node that is new enough, then starts the command line.
 *
 * Its start-up is on the path of every command. Builtins are fetched without `import`, which would first load all that they could
 * ever export.
 */
import { isSupported, NODE_RANGE } from './node-range.js';

// No top-level await: the published launcher is CommonJS.
if (isSupported()) start();
else startWithPinnedNode();

async function start() {
  const folder = compileCacheFolder();
  // Tells failure by its result: without a cache we are only slower.
  if (folder !== undefined) process.getBuiltinModule('node:module').enableCompileCache(folder);
  const { main } = await import('./main.js');
  const status = await main(process.argv.slice(2), programName());
  // Everything was written synchronously (io.ts), so nothing is lost; waiting for Node to take itself apart would only cost time.
  process.exit(status);
}

/** `assay`, or the tool whose name a symlink gives us: Node keeps the symlink's path in argv. */
function programName() {
  return process.getBuiltinModule('node:path').basename(process.argv[1] ?? 'assay', '.js');
}

/**
 * In the user's own cache folder. Node's default is a folder in /tmp with a fixed name, where another user of the machine could put
 * code for us to run.
 */
function compileCacheFolder() {
  const { NODE_COMPILE_CACHE, XDG_CACHE_HOME, HOME } = process.env;
  if (NODE_COMPILE_CACHE) return undefined; // Node has seen to it
  if (XDG_CACHE_HOME?.startsWith('/')) return `${XDG_CACHE_HOME}/assay/compile`;
  return HOME ? `${HOME}/.cache/assay/compile` : undefined;
}

async function startWithPinnedNode() {
  const { fileURLToPath } = await import('node:url');
  const { findPinnedNode, runInstead } = await import('./pinned-node.js');
  const node = findPinnedNode(fileURLToPath(import.meta.url));
  if (node !== undefined) return runInstead(node, process.argv.slice(1));
  process.stderr.write(`assay: needs Node ${NODE_RANGE}, this is ${process.version} (${process.execPath})\n`);
  process.exitCode = 2;
}
