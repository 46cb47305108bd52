/**
 * Editing JSON documents by path, for rows that say in one line what is broken.
 *
 *   put('verificationMaterial.tlogEntries.0.logIndex', '-1')(bundle)
 *
 * Every edit returns a changed deep copy. A path that does not exist is an error, so that a defect cannot silently
 * become a valid document when a shape changes.
 */
export type Edit = (document: unknown) => unknown;

/** Sets an existing or a new member. */
export function put(path: string, value: unknown): Edit {
  return edit(path, (parent, name) => {
    parent[name] = structuredClone(value);
  });
}

export function change<T>(path: string, by: (value: T) => unknown): Edit {
  return edit(path, (parent, name) => {
    if (!(name in parent)) throw new TypeError(`no member ${path}`);
    parent[name] = by(parent[name] as T);
  });
}

export function drop(path: string): Edit {
  return edit(path, (parent, name) => {
    if (!(name in parent)) throw new TypeError(`no member ${path}`);
    if (Array.isArray(parent)) parent.splice(Number(name), 1);
    else delete parent[name];
  });
}

/** Edits in a row. */
export function all(...edits: readonly Edit[]): Edit {
  return (document) => edits.reduce((current, step) => step(current), document);
}

function edit(path: string, apply: (parent: Record<string, unknown>, name: string) => void): Edit {
  return (document) => {
    const copy = structuredClone(document);
    const names = path.split('.');
    const last = names.pop() as string;
    let parent = copy as Record<string, unknown>;
    for (const name of names) {
      const next = parent[name];
      if (typeof next !== 'object' || next === null) throw new TypeError(`no member ${name} on the way to ${path}`);
      parent = next as Record<string, unknown>;
    }
    apply(parent, last);
    return copy;
  };
}
