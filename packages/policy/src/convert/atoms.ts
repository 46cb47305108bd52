/**
 * A native policy taken apart: all of several lists, of each of which one atom is enough. Every dialect can say a policy of one list; those that let several
 * policies judge an image say them all.
 */
import { TrustError } from '@assay/core';
import { demandsSignature, inherited, provenanceSigners } from '../native/demand.ts';
import type { NativeAttestation, NativeBuild, NativeDemands, NativeSigner, NativeSpec, NativeTrust } from '../native/schema.ts';

export type Atom =
  | { readonly kind: 'decision'; readonly path: string; readonly admits: boolean; readonly message: string | undefined }
  | (Evidence & { readonly kind: 'signed'; readonly annotations: Readonly<Record<string, string>> | undefined })
  | (Evidence & { readonly kind: 'attested'; readonly attestation: NativeAttestation })
  | (Evidence & { readonly kind: 'built'; readonly build: NativeBuild });

export interface Evidence {
  readonly path: string;
  /** Any of them. Empty: whoever the forge of the source vouches for. */
  readonly signers: readonly NativeSigner[];
  readonly trust: NativeTrust;
  readonly from: NonNullable<NativeDemands['from']>;
  readonly maxAge: string | undefined;
}

export type EvidenceAtom = Exclude<Atom, { readonly kind: 'decision' }>;

/** All of the lists, any of the atoms in each. Errors: `USAGE` where that would be too many. */
export function atomsOf(spec: NativeSpec): readonly (readonly Atom[])[] {
  const { any, all } = spec;
  const own = blockAtoms(spec, 'spec', any === undefined && all === undefined ? 'has no parts' : 'has parts').map((atom) => [atom]);
  const parts = (name: 'any' | 'all') => (spec[name] ?? []).map((part, i) => blockAtoms(inherited(part, spec), `spec.${name}[${i}]`, 'has no parts'));
  return [...own, ...(any === undefined ? [] : distributed(parts('any'))), ...parts('all').flatMap((atoms) => atoms.map((atom) => [atom]))];
}

/** (a and b) or (c and d) is (a or c) and (a or d) and (b or c) and (b or d). */
function distributed(parts: readonly (readonly Atom[])[]): readonly (readonly Atom[])[] {
  let lists: readonly (readonly Atom[])[] = [[]];
  for (const part of parts) {
    lists = lists.flatMap((list) => part.map((atom) => [...list, atom]));
    if (lists.length > MAX_LISTS) throw new TrustError('USAGE', `spec.any has more combinations than ${MAX_LISTS}`, { hint: 'write several policies' });
  }
  return lists;
}

function blockAtoms(block: NativeDemands, path: string, parts: 'has parts' | 'has no parts'): readonly Atom[] {
  const { decision, message, attestations = [], build, signers = [], trust = {}, from = {}, maxAge, annotations } = block;
  if (decision !== undefined) return [{ kind: 'decision', path: `${path}.decision`, admits: decision === 'admit', message }];
  const common = { trust, from };
  return [
    ...(demandsSignature(block, parts) ? [{ kind: 'signed' as const, path, signers, ...common, maxAge, annotations }] : []),
    ...attestations.map(
      (attestation, i): Atom => ({
        kind: 'attested',
        path: `${path}.attestations[${i}]`,
        signers: attestation.signers ?? signers,
        ...common,
        maxAge: attestation.maxAge ?? maxAge,
        attestation,
      }),
    ),
    ...(build === undefined
      ? []
      : [
          {
            kind: 'built' as const,
            path: `${path}.build`,
            signers: provenanceSigners(build, block.signers) ?? [],
            ...common,
            maxAge: build.maxAge ?? maxAge,
            build,
          },
        ]),
  ];
}

const MAX_LISTS = 32;
