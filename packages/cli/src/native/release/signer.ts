/** Who signs a release: everything with one key or one identity, and everything verified before it is kept. */
import { Artifact, fromHex } from '@assay/core';
import type { ReleaseSigner } from '@assay/release';
import type { Io } from '../../io.ts';
import { type PartyFlags, sealVerified } from '../party.ts';
import type { BuildSession } from '../provenance/generate.ts';
import { capOf, ENVELOPE_BYTES } from '../sbom/attest.ts';
import { signableFile } from '../sign.ts';

/** Errors: those of choosing services. */
export async function releaseSigner({ party, accept }: BuildSession, flags: PartyFlags & { readonly maxInline?: number }, io: Io): Promise<ReleaseSigner> {
  // As base64, and with an envelope around it.
  const maxStatementBytes = Math.floor(((await capOf(flags, io)).bytes * 3) / 4) - ENVELOPE_BYTES;
  return {
    maxStatementBytes,
    signFile: async (path) => {
      const { artifact, signable, party: signing } = await signableFile(path, { party, io });
      return (await sealVerified(signable, artifact, signing, { flags, io }, { accept })).bundle;
    },
    signStatement: async (payload, sha256) => {
      const artifact = Artifact.fromDigests({ sha256: fromHex(sha256) });
      return (await sealVerified({ kind: 'dsse', payload }, artifact, party, { flags, io }, { accept })).bundle;
    },
  };
}
