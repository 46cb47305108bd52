/**
 * Compiled code of the published parts, kept between runs: a folder for each build and command, a file for each part.
 *
 * Node's own compile cache takes a file as it is before it runs, without the functions that are compiled when they are first called. Here a part is taken
 * when the run is over, with just what that command has called; that saves a tenth of a short run.
 */

/**
 * From here on the parts in `parts` come from `folder`, if they are there. Returns what saves those that were not.
 *
 * @param {string} parts
 * @param {string} folder made when it is missing; not used when it is another user's, who would decide what we run
 */
export function keepCompiled(parts, folder) {
  const { Script } = process.getBuiltinModule('node:vm');
  const { Module } = process.getBuiltinModule('node:module');
  const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = process.getBuiltinModule('node:fs');
  const { basename, dirname, join } = process.getBuiltinModule('node:path');
  const owner = attempt(() => statSync(folder).uid);
  if (owner !== undefined && owner !== (process.geteuid?.() ?? owner)) return () => {};
  const fresh = [];
  const load = Module._extensions['.js'];
  Module._extensions['.js'] = (module, path) => {
    if (dirname(path) !== parts) return load(module, path);
    const kept = join(folder, basename(path, '.js'));
    const script = new Script(Module.wrap(readFileSync(path, 'latin1')), { filename: path, cachedData: owner === undefined ? undefined : read(kept) });
    // V8 refuses what another version of it has made, or other flags.
    if (script.cachedDataRejected !== false) fresh.push({ script, kept });
    script.runInThisContext()(module.exports, (name) => module.require(name), module, path, parts);
  };
  return () => {
    if (fresh.length > 0) attempt(() => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    for (const { script, kept } of fresh) {
      attempt(() => {
        // Another process may be reading, or doing the same.
        const own = `${kept}.${process.pid}`;
        writeFileSync(own, script.createCachedData(), { mode: 0o600 });
        renameSync(own, kept);
      });
    }
  };

  function read(path) {
    return attempt(() => readFileSync(path));
  }
}

/** Without the cache we are only slower. */
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
