/**
 * The chains of the certificate authority and of the timestamp authority (services.md sections 3 and 9). Made once for each generation, kept
 * as PEM beside the keys:
 *
 *   keys/ca-root-1.pem  keys/ca-1.pem     ca/chain-1.pem     issuing intermediate, root
 *   keys/tsa-root-1.pem keys/tsa-1.pem    tsa/chain-1.pem    signer, root
 */
import { Certificate, encodePem, equalBytes, parseCertificatesPem, TrustError, utf8 } from '@assay/core';
import {
  type Authority,
  type AuthorityOptions,
  issueIntermediate,
  issueRoot,
  OID,
  readCertificateNames,
  signCertificate,
  timestampingLeafFields,
} from '@assay/make';
import type { Disk } from './store/disk.ts';
import { createKey, keyName } from './store/key-names.ts';
import { type Keys, signingKeyOf } from './store/keys.ts';

export interface Chain {
  /** What signs: the issuing intermediate, or the timestamping leaf, with its key. */
  readonly authority: Authority;
  /** DER: the signer's certificate first, the root last. */
  readonly certificates: readonly Uint8Array[];
}

export interface ChainPlace {
  readonly disk: Disk;
  readonly keys: Keys;
  readonly number: number;
}

/** Root and issuing intermediate, both P-384 as those of the public instance; made at `now` where there are none. Errors: `STACK_DATA`. */
export async function certificateAuthority(place: ChainPlace, now: Date): Promise<Chain> {
  return openChain('ca', place, now, (root, options) => issueIntermediate(root, { ...options, purposes: [OID.codeSigning] }).certificate);
}

/** Root and timestamping leaf. Errors: `STACK_DATA`. */
export async function timestampAuthority(place: ChainPlace, now: Date): Promise<Chain> {
  return openChain('tsa', place, now, (root, options) => signCertificate(timestampingLeafFields(root, options), root));
}

/** In the folder of the authority. */
export function chainFile(number: number): string {
  return `chain-${number}.pem`;
}

async function openChain(
  kind: keyof typeof TITLES,
  { disk, keys, number }: ChainPlace,
  now: Date,
  issue: (root: Authority, options: AuthorityOptions) => Uint8Array,
): Promise<Chain> {
  const file = chainFile(number);
  const kept = await disk.read(file);
  if (kept !== undefined) {
    const certificates = parseCertificatesPem(Buffer.from(kept).toString()).map(({ der }) => der);
    // Never a new key under an old chain: no client would find a path.
    return chainOf(certificates, signingKeyOf(await keys.load(keyName(kind, number))), `${disk.root}/${file}`);
  }

  const key = signingKeyOf(await createKey(keys, kind, number));
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + LIFE_YEARS);
  const life = { notBefore: now, notAfter };
  const rootKey = signingKeyOf(await createKey(keys, `${kind}-root`, number));
  const root = issueRoot({ name: { organization: ORGANIZATION, commonName: `${TITLES[kind]} root ${number}` }, key: rootKey, ...life });
  const certificates = [issue(root, { name: { organization: ORGANIZATION, commonName: `${TITLES[kind]} ${number}` }, key, ...life }), root.certificate];
  await disk.write(file, utf8(certificates.map((certificate) => encodePem('CERTIFICATE', certificate)).join('')));
  return chainOf(certificates, key, `${disk.root}/${file}`);
}

function chainOf(certificates: readonly Uint8Array[], key: Authority['key'], file: string): Chain {
  const [own] = certificates;
  if (own === undefined || certificates.length < 2) throw new TrustError('STACK_DATA', `${file}: expected a certificate and its root`);
  if (!equalBytes(Certificate.parse(own).publicKey.spki, key.spki)) throw new TrustError('STACK_DATA', `${file}: the certificate is not of the key beside it`);
  return { authority: { certificate: own, subject: readCertificateNames(own).subject, key }, certificates };
}

const TITLES = { ca: 'Assay certificate authority', tsa: 'Assay timestamp authority' } as const;
const ORGANIZATION = 'assay';
const LIFE_YEARS = 10;
