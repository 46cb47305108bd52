/**
 * Makes `node_modules` hold what package-lock.json says, and does nothing when it already does.
 *
 * `node_modules/.assay-installed` remembers for which lock file that was found true. Without it, npm's own record
 * (`node_modules/.package-lock.json`) is compared, so that an installation by hand counts too.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @param {string} root the checkout
 * @param {'runtime' | 'dev'} mode
 * @returns {Promise<string | undefined>} what went wrong
 */
export async function install(root, mode) {
  if (isInstalled(root, mode)) return undefined;
  const unlock = await lock(root);
  try {
    // Another run may have done the work while we waited.
    return isInstalled(root, mode) ? undefined : installNow(root, mode);
  } finally {
    unlock();
  }
}

function installNow(root, mode) {
  // Runtime packages are there and another run may be using them: add the others, remove nothing.
  const command =
    mode === 'dev' && isInstalled(root, 'runtime') ? ['install', '--no-save', '--include=dev'] : ['ci', mode === 'dev' ? '--include=dev' : '--omit=dev'];
  process.stderr.write(`installing what is missing: npm ${command.join(' ')}\n`);
  // From npm's cache when it can; a stale cache may lack a version, then with the registry.
  const status = npm(root, [...command, '--prefer-offline', '--loglevel=silent']) === 0 ? 0 : npm(root, [...command, '--loglevel=error']);
  if (status !== 0) return `npm ${command[0]} failed with status ${status}`;
  remember(root, mode);
  return undefined;
}

/** npm by the path it gives its scripts, else from PATH. Its output goes to stderr: stdout belongs to the script. */
function npm(root, args) {
  const { npm_execpath: path } = process.env;
  const [command, prefix] = path && basename(path) === 'npm-cli.js' ? [process.execPath, [path]] : ['npm', []];
  const options = { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' && command === 'npm' };
  return spawnSync(command, [...prefix, ...args, '--no-audit', '--no-fund'], options).status ?? 1;
}

function isInstalled(root, mode) {
  const stamp = readJson(join(root, STAMP));
  if (stamp?.lock === lockHash(root) && (stamp.mode === 'dev' || stamp.mode === mode)) return true;
  if (!recordMatches(root, mode)) return false;
  remember(root, mode);
  return true;
}

function remember(root, mode) {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(join(root, STAMP), JSON.stringify({ lock: lockHash(root), mode }));
}

function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** Whether npm's record of what it installed has everything the lock file wants on this system. */
function recordMatches(root, mode) {
  const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (installed === undefined) return false;
  const wanted = Object.entries(readJson(join(root, 'package-lock.json')).packages);
  return wanted.every(([path, entry]) => !isNeeded(path, entry, mode) || sameEntry(installed[path], entry));
}

function isNeeded(path, entry, mode) {
  if (path === '' || !isForThisSystem(entry)) return false;
  // What only a package for another system needs is optional too, and states no system of its own.
  if (entry.optional && entry.os === undefined && entry.cpu === undefined) return false;
  return mode === 'dev' || !(entry.dev || entry.devOptional);
}

function isForThisSystem({ os, cpu, libc }) {
  return fits(os, process.platform) && fits(cpu, process.arch) && (libc === undefined || fits(libc, systemLibc()));
}

let knownLibc;
function systemLibc() {
  knownLibc ??= process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  return knownLibc;
}

function fits(names, value) {
  if (names === undefined) return true;
  const list = [names].flat();
  return list.some((item) => item.startsWith('!')) ? !list.includes(`!${value}`) : list.includes(value);
}

function sameEntry(installed, { version, link, resolved }) {
  return installed !== undefined && (link ? installed.resolved === resolved : installed.version === version);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** One installation at a time. The lock is a folder outside the checkout, since `npm ci` empties `node_modules`. */
async function lock(root) {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `assay-install-${userInfo().uid}-${name}`);
  for (let told = false; !tryLock(folder); told = true) {
    if (!told) process.stderr.write(`waiting for another installation (${folder})\n`);
    await sleep(300);
  }
  return () => rmSync(folder, { recursive: true, force: true });
}

function tryLock(folder) {
  try {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const pid = Number(readJson(join(folder, 'pid')));
    // Its owner was killed. Not known to be dead while the file is still being written.
    if (pid > 0 && !isAlive(pid)) rmSync(folder, { recursive: true, force: true });
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const STAMP = 'node_modules/.assay-installed';
