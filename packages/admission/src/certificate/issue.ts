/**
 * A serving certificate for the webhook, with an authority of its own whose key is thrown away: nothing else can ever be issued below it, and nobody but the
 * API server, who is told by `caBundle`, trusts it.
 */
import { isIP } from 'node:net';
import { context, encodeDer, encodePem, utf8 } from '@assay/core';
import {
  authorityKeyIdentifier,
  encodeName,
  extendedKeyUsage,
  generateKey,
  issueRoot,
  keyIdentifier,
  keyUsage,
  OID,
  randomSerial,
  sequence,
  signCertificate,
  subjectKeyIdentifier,
} from '@assay/make';

export interface ServingPair {
  /** PEM. */
  readonly certificate: string;
  /** PKCS#8 PEM. */
  readonly key: string;
  /** PEM of the authority. */
  readonly authority: string;
}

export interface IssueOptions {
  /** DNS names and addresses that it is for; at least one. */
  readonly names: readonly string[];
  readonly now: Date;
  readonly lifetimeMs: number;
}

/** Valid from a little before `now`, for clocks that are behind. */
export function issueServingPair({ names, now, lifetimeMs }: IssueOptions): ServingPair {
  const validity = { notBefore: new Date(now.getTime() - SKEW_MS), notAfter: new Date(now.getTime() + lifetimeMs) };
  const [commonName = 'webhook'] = names;
  const root = issueRoot({ name: { organization: 'Assay', commonName: 'webhook authority' }, key: generateKey('p256'), ...validity, pathLength: 0 });
  const key = generateKey('p256');
  const certificate = signCertificate(
    {
      serial: randomSerial(),
      issuer: root.subject,
      // Beyond 64 characters a common name is refused by some; the name that counts is below.
      subject: encodeName({ commonName: commonName.slice(0, 64) }),
      ...validity,
      spki: key.spki,
      extensions: [
        keyUsage('digitalSignature'),
        extendedKeyUsage([OID.serverAuth]),
        subjectKeyIdentifier(keyIdentifier(key.spki)),
        authorityKeyIdentifier(keyIdentifier(root.key.spki)),
        { oid: OID.subjectAltName, critical: false, value: sequence(...names.map(generalName)) },
      ],
    },
    root,
  );
  return { certificate: encodePem('CERTIFICATE', certificate), key: key.exportPrivatePem(), authority: encodePem('CERTIFICATE', root.certificate) };
}

/** RFC 5280 section 4.2.1.6: dNSName [2] and iPAddress [7]. */
function generalName(name: string): Uint8Array {
  const address = addressBytes(name);
  return address === undefined ? encodeDer(context(2), utf8(name)) : encodeDer(context(7), address);
}

function addressBytes(name: string): Uint8Array | undefined {
  if (isIP(name) === 4) return Uint8Array.from(name.split('.').map(Number));
  if (isIP(name) !== 6) return undefined;
  // A URL writes every form of an address in one way.
  const [head = '', tail] = new URL(`http://[${name}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const all = tail === undefined ? first : [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Also what tells when a certificate was made: `notBefore` plus this. */
export const SKEW_MS = 300_000;
