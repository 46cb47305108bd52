/** Flags of native commands that talk to registries, and access to registries as they say. */
import type { PlainHttp } from '@assay/oci';
import type { Io } from '../io.ts';
import { openRegistryAccess, type RegistryAccess } from '../registry-access.ts';

export interface RegistryFlags {
  readonly sideRepository?: string;
  readonly registryMirrors?: string;
  readonly plainHttp?: boolean;
}

/** Opens no socket. Errors: `MIRRORS_PARSE`, `FILE_…`. */
export function openAccess(flags: RegistryFlags & { readonly offline?: boolean }, io: Io): RegistryAccess {
  return openRegistryAccess(io, {
    userAgent: 'assay',
    plainHttp: plainHttpOf(flags),
    offline: flags.offline === true,
    mirrorsFile: flags.registryMirrors,
  });
}

export function plainHttpOf({ plainHttp }: RegistryFlags): PlainHttp {
  return plainHttp === true ? 'always' : 'never';
}

/** Where evidence lies besides the image's own repository, as it was given. Undefined: nowhere. */
export function sideRepositoryOf({ sideRepository }: RegistryFlags, { env }: Io): string | undefined {
  return (sideRepository ?? env['COSIGN_REPOSITORY']) || undefined;
}
