/** The attestations that the forge of the source keeps of an artifact: asked when nothing nearer was found. GitHub's alone are known. */
import { type Artifact, isTrustError, type TrustError, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import type { HttpClient } from '@assay/net';
import type { SourceRepository } from '@assay/slsa';
import { fetchAttestations, hasAttestations } from '@assay/slsa/github';
import { githubApi } from '../../gh/github-api.ts';
import type { Io } from '../../io.ts';
import type { ForgeAnswer } from '../judging.ts';

/** Undefined where there is no such place. What the forge refuses is its answer. */
export function forgeOf({ host, path, forge }: SourceRepository, http: HttpClient, { env }: Io): ((artifact: Artifact) => Promise<ForgeAnswer>) | undefined {
  if (forge?.name !== 'GitHub' || !hasAttestations(host)) return undefined;
  const place = `attestations of ${host}/${path}`;
  const uri = `https://${host}/${path}/attestations`;
  return async (artifact) => {
    const sha256 = await artifact.digest('sha256', nodeCrypto);
    if (sha256 === undefined) return { uri, answer: { place, says: 'not asked: they are found by SHA-256' }, bundles: [] };
    const api = await githubApi(host, http, { env });
    try {
      const found = await fetchAttestations({ ...api, scope: { repo: path }, digest: `sha256:${toHex(sha256)}` });
      return {
        uri,
        answer: { place, says: `${found.length} ${found.length === 1 ? 'attestation' : 'attestations'}` },
        bundles: found.map(({ bundle }) => bundle),
      };
    } catch (error) {
      if (!isTrustError(error)) throw error;
      if (isNone(error)) return { uri, answer: { place, says: 'none' }, bundles: [] };
      return { uri, answer: { place, says: error.message, problem: error }, bundles: [] };
    }
  };
}

function isNone({ code, data }: TrustError): boolean {
  return code === 'ATTESTATION_NONE' || (code === 'ATTESTATION_API' && data?.['status'] === 404);
}
