/** Package URLs of systems: `pkg:TYPE/VENDOR/NAME@VERSION?arch=ARCH&distro=ID-VERSION&upstream=SOURCE`. */
import type { Distro } from '../../inventory.ts';
import { packageUrl } from '../../package-url.ts';

export interface SystemUrlParts {
  readonly type: string;
  /** Instead of the distribution's id. */
  readonly vendor?: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package. */
  readonly upstream: string | undefined;
  readonly epoch?: number | undefined;
}

/** @param distro without it nobody knows the vendor, and the URL names none */
export function systemUrl({ type, vendor, name, version, architecture, upstream, epoch }: SystemUrlParts, distro: Distro | undefined): string {
  const id = distro?.id.toLowerCase() ?? '';
  const qualifiers = {
    arch: architecture,
    distro: distro && [distro.id, distro.versionId].filter((part) => part !== '').join('-'),
    epoch: epoch?.toString(),
    upstream,
  };
  const given = Object.entries(qualifiers).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
  return packageUrl({ type, namespace: vendor ?? id, name, version, qualifiers: Object.fromEntries(given) });
}
