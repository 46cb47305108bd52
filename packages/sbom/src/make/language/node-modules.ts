/**
 * What Node would load (nodejs.org/api/modules.html#loading-from-node_modules-folders): from `node_modules` in the folder of who asks, and in every folder above.
 * Folders are absolute, the root is empty.
 */

export class NodeModules<T> {
  /** By the folder that has `node_modules`, by name. */
  readonly #modules = new Map<string, Map<string, T>>();

  add(folder: string, module: T): void {
    const at = folder.lastIndexOf(BETWEEN);
    if (at === -1) return;
    const host = folder.slice(0, at);
    const modules = this.#modules.get(host) ?? new Map<string, T>();
    this.#modules.set(host, modules.set(folder.slice(at + BETWEEN.length), module));
  }

  /** For all names that one folder asks for. Paths that no file system has find nothing. */
  resolver(folder: string): (name: string) => T | undefined {
    const above: ReadonlyMap<string, T>[] = [];
    for (let at = folder.length > MAX_PATH ? '' : folder, levels = 0; levels < MAX_LEVELS; at = at.slice(0, at.lastIndexOf('/')), levels++) {
      const modules = at.endsWith('/node_modules') ? undefined : this.#modules.get(at);
      if (modules !== undefined) above.push(modules);
      if (!at.includes('/')) break;
    }
    return (name) => above.find((modules) => modules.has(name))?.get(name);
  }
}

const BETWEEN = '/node_modules/';
const MAX_PATH = 4096;
const MAX_LEVELS = 256;
