/** Requests for certificates, and what comes back. */
import { Certificate, encodeBase64, parsePem, utf8 } from '@assay/core';
import { generateKey, type SigningKey } from '@assay/make';

/** As sigstore-js and sigstore-go ask; with the token in the body, as the former does. */
export function keyRequest(token: string | undefined, challenge: string, key: SigningKey = generateKey('p256')) {
  return {
    ...(token !== undefined && { credentials: { oidcIdentityToken: token } }),
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: key.publicPem },
      proofOfPossession: encodeBase64(key.sign(utf8(challenge))),
    },
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The chain of a 200 answer, leaf first. */
export function chainOf({ status, text }: Answer): Certificate[] {
  if (status !== 200) throw new Error(`${status} ${text}`);
  const [member] = Object.values(JSON.parse(text) as Record<string, { chain: { certificates: string[] } }>);
  return (member?.chain.certificates ?? []).map((pem) => Certificate.parse(parsePem(pem).blocks[0]?.der ?? new Uint8Array(0)));
}

export function leafOf(answer: Answer): Certificate {
  return chainOf(answer)[0] as Certificate;
}
