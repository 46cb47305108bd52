/** One name for each platform, as containerd has it: architectures have several, and some variants say nothing. */
import type { Platform } from '@assay/oci';

/** `os/architecture[/variant]` */
export function normalPlatform({ os, architecture, variant = '' }: Platform): string {
  const [name, kind] = normalArchitecture(architecture.toLowerCase(), variant.toLowerCase());
  const system = os.toLowerCase() === 'macos' ? 'darwin' : os.toLowerCase();
  return [system || 'unknown', name, kind].filter(Boolean).join('/');
}

function normalArchitecture(architecture: string, variant: string): [string, string] {
  switch (architecture) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', variant === 'v1' ? '' : variant];
    case 'aarch64':
    case 'arm64':
      return ['arm64', variant === '8' || variant === 'v8' ? '' : variant];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      return ['arm', variant === '' ? 'v7' : /^[5-8]$/.test(variant) ? `v${variant}` : variant];
    default:
      return [architecture, variant];
  }
}
