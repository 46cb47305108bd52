#!/usr/bin/env node
/**
 * The launcher: picks a Node that is new enough, then starts the command line.
 *
 * Its start-up is on the path of every command. Builtins are fetched without `import`, which would first load all that they could
 * ever export.
 */
import { keepCompiled } from './code-cache.js';
import { isSupported, NODE_RANGE } from './node-range.js';

/** Names the published build, by its content, and what runs it; `tools/bundle.ts` puts it in. Empty in the checkout. */
const BUILD = typeof ASSAY_BUILD === 'string' ? `${ASSAY_BUILD}-${process.version}-${process.arch}` : '';

// No top-level await: the published launcher is CommonJS.
if (isSupported()) start();
else startWithPinnedNode();

async function start() {
  const folder = cacheFolder();
  // Tells failure by its result: without a cache we are only slower. What is published keeps its own, which holds more.
  if (folder !== undefined && BUILD === '') process.getBuiltinModule('node:module').enableCompileCache(folder);
  const { commandOf, main } = await import('./main.js');
  const argv = process.argv.slice(2);
  const name = programName();
  const save = folder === undefined || BUILD === '' ? undefined : keepCompiled(partsFolder(), `${folder}/${BUILD}/${commandOf(argv, name)}`);
  const status = await main(argv, name);
  // Not after a failure: it has seen little of its command, or it was none.
  if (status === 0) save?.();
  // Everything was written synchronously (io.ts), so nothing is lost; waiting for Node to take itself apart would only cost time.
  process.exit(status);
}

/** `assay`, or the tool whose name a symlink gives us: Node keeps the symlink's path in argv. */
function programName() {
  return process.getBuiltinModule('node:path').basename(process.argv[1] ?? 'assay', '.js');
}

/** Of the published package, whose launcher is CommonJS. */
function partsFolder() {
  return process.getBuiltinModule('node:path').join(__dirname, '../dist');
}

/**
 * In the user's own cache folder. Node's default is a folder in /tmp with a fixed name, where another user of the machine could put
 * code for us to run.
 */
function cacheFolder() {
  const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME, HOME } = process.env;
  if (NODE_COMPILE_CACHE || NODE_DISABLE_COMPILE_CACHE) return undefined; // Node has seen to it
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
