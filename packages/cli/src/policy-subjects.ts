/** The images that policies judge, as the command line opens them: registries, trusted roots and engines, each when it is first asked for. */
import type { TrustedRoot } from '@assay/core';
import { namedImage, type PolicyEngines, type Subject, type SubjectOptions, subjectOf } from '@assay/policy';
import { searchLog } from './cosign/log-search.ts';
import type { Io } from './io.ts';
import { once } from './once.ts';
import { openRegistryAccess, type RegistryAccessOptions } from './registry-access.ts';
import { loadRoot, type TrustedRootFlags } from './trusted-root.ts';

export interface SubjectFlags extends Pick<RegistryAccessOptions, 'plainHttp' | 'mirrorsFile' | 'userAgent' | 'trace'> {
  readonly trust?: TrustedRootFlags;
  readonly offline?: boolean;
  /** By the names of TrustRoots. Undefined: there are none at all. */
  readonly trustRoots?: ReadonlyMap<string, TrustedRoot>;
}

export interface Subjects {
  /** Asks nobody anything yet. Errors: `OCI_REFERENCE`. */
  open(image: string, object?: SubjectOptions['object']): Subject;
}

/** Everything is closed when `work` ends. */
export async function withSubjects<T>(flags: SubjectFlags, io: Io, work: (subjects: Subjects) => Promise<T>): Promise<T> {
  const access = openRegistryAccess(io, { ...flags, offline: flags.offline === true });
  const engines = lazyEngines();
  const { signal } = new AbortController();
  const defaultRoot = once(async () => (await loadRoot({ initialized: true, ...flags.trust }, io)).root);
  const options = {
    registries: access.registries,
    defaultRoot,
    ...(flags.trustRoots !== undefined && { trustRoot: async (name: string) => flags.trustRoots?.get(name) }),
    engines: engines.engines,
    searchLog: (url: string, proposed: unknown) => searchLog(url, proposed, access.http, signal),
    now: io.now,
  };
  try {
    return await work({ open: (image, object) => subjectOf(namedImage(image), { ...options, ...(object !== undefined && { object }) }) });
  } finally {
    await engines.close();
    access.close();
  }
}

/** The real engines are 60 MB: they are loaded with the first policy that needs one. */
export function lazyEngines(): { readonly engines: PolicyEngines; close(): Promise<void> } {
  let opened: Promise<import('@assay/policy/engines').PolicyEngines> | undefined;
  const open = async () => new (await import('@assay/policy/engines')).PolicyEngines();
  return {
    engines: {
      async evaluate(language, request) {
        opened ??= open();
        return (await opened).evaluate(language, request);
      },
      async warm() {
        opened ??= open();
        await (await opened).warm();
      },
    },
    async close() {
      await (await opened)?.close();
    },
  };
}
