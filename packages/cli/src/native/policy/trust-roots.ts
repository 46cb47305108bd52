/** `--trust-root`: what policies call by the name of a TrustRoot. */
import { parseTrustedRoot, TrustError, type TrustedRoot, utf8 } from '@assay/core';
import type { Io } from '../../io.ts';
import { named } from '../../named.ts';
import { readInput } from '../../read-input.ts';
import { withHttp } from '../../with-http.ts';

/** Each a file with a TrustRoot, or `NAME=trusted_root.json`. Errors: `FILE_…`, `POLICY_…`, `TRUST_ROOT_…`, `USAGE` for a name that is given twice. */
export async function readTrustRoots(given: readonly string[], io: Io): Promise<ReadonlyMap<string, TrustedRoot>> {
  return new Map([...(await loadTrustRoots(given, io))].map(([name, { root }]) => [name, root]));
}

/** The same with what each was read from, as JSON. Errors: as above. */
export async function loadTrustRoots(given: readonly string[], io: Io): Promise<ReadonlyMap<string, GivenTrustRoot>> {
  const roots = new Map<string, GivenTrustRoot>();
  for (const one of given) {
    const [name, root] = await readOne(one, io);
    if (roots.has(name)) throw new TrustError('USAGE', `--trust-root names ${name} twice`);
    roots.set(name, root);
  }
  return roots;
}

export interface GivenTrustRoot {
  /** As policy-controller keeps it: `parseCompiledTrustRoot` reads it. */
  readonly json: Uint8Array;
  readonly root: TrustedRoot;
}

async function readOne(given: string, io: Io): Promise<readonly [string, GivenTrustRoot]> {
  const [, name, path] = /^([a-z0-9][-a-z0-9.]*)=(.+)$/s.exec(given) ?? [];
  if (name !== undefined && path !== undefined) {
    const content = await readInput(path, io);
    return [name, { json: content, root: named(path, () => parseTrustedRoot(content)) }];
  }
  const { compileTrustRoot, parseTrustRoot, trustRootWithDefaults } = await import('@assay/policy/trust-root');
  const content = await readInput(given, io);
  const trustRoot = named(given, () => trustRootWithDefaults(parseTrustRoot(content)));
  const { json, root } = await withHttp(io, (http) => compileTrustRoot(trustRoot, { http, now: io.now }));
  return [trustRoot.metadata.name, { json: utf8(json), root }];
}
