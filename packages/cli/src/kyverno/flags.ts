/** Flags of both commands; those that only Assay has say so. */
import { bool, list, text } from '../cobra/flag.ts';
import type { FlagSpec, ParsedFlags } from '../cobra/pflag.ts';
import type { WorldFlags } from './world.ts';

export const WORLD_FLAGS: readonly FlagSpec[] = [
  bool('registry', 'accepted: registries are asked for what policies need in any case'),
  text('registry-fixture', 'an OCI layout that stands for all registries, its images named by whole references (Assay)'),
  text('trusted-root', 'file with the trusted root, or ASSAY_TRUST (Assay)'),
  text('registry-mirrors', 'file that says where requests for a registry really go; names stay (Assay, or ASSAY_REGISTRY_MIRRORS)'),
  bool('plain-http', 'ask registries without TLS (Assay)'),
  bool('remove-color', 'no colours'),
  bool('detailed-results', 'messages in tables'),
];

export function worldFlags(flags: ParsedFlags): WorldFlags {
  return {
    fixture: flags.text('registry-fixture'),
    trustedRoot: flags.text('trusted-root'),
    mirrorsFile: flags.text('registry-mirrors'),
    plainHttp: flags.bool('plain-http'),
  };
}

/** Commas separate values, and so do repetitions. */
export const paths = list;

export function pathsOf(flags: ParsedFlags, ...names: readonly string[]): string[] {
  return names.flatMap((name) => flags.list(name)).flatMap((value) => value.split(','));
}
