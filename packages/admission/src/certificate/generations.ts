/**
 * The life of a serving certificate, as files of a Secret or of a folder:
 *
 *   tls.crt tls.key      served by every replica
 *   ca.crt               the authorities that the API server is to trust: those of all certificates here, and of the one before
 *   next.crt next.key    the successor, served once every API server has had time to learn of its authority
 *
 * Two thirds into its life a certificate gets a successor, whose authority is published at once; it takes over after a while (`settleMs`). So at no moment is
 * a certificate served whose authority is unknown, whichever replica a request meets and whichever of them made the step.
 *
 * Pure: state and time in, next state out.
 */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { parsePem } from '@assay/core';
import { issueServingPair, type ServingPair, SKEW_MS } from './issue.ts';

export type CertificateFiles = Readonly<Record<string, string>>;

export interface GenerationOptions {
  /** DNS names and addresses. */
  readonly names: readonly string[];
  readonly now: Date;
  readonly lifetimeMs: number;
  /** Between publishing an authority and serving below it. */
  readonly settleMs: number;
}

/** The files as they should be; the same object when nothing is to be done. */
export function nextGeneration(files: CertificateFiles, options: GenerationOptions): CertificateFiles {
  const current = readPair(files, 'tls', options);
  if (current === undefined) return firstGeneration(files, options);
  const next = readPair(files, 'next', options);
  const { now, settleMs } = options;
  if (next !== undefined) {
    const madeAt = next.certificate.validFromDate.getTime() + SKEW_MS;
    if (now.getTime() < madeAt + settleMs) return files;
    return { 'tls.crt': files['next.crt'] as string, 'tls.key': files['next.key'] as string, 'ca.crt': authoritiesOf(files, now) };
  }
  if (now.getTime() < renewalTime(current.certificate)) return files;
  const successor = issueServingPair(options);
  return {
    'tls.crt': files['tls.crt'] as string,
    'tls.key': files['tls.key'] as string,
    'ca.crt': joined(authoritiesOf(files, now), successor),
    'next.crt': successor.certificate,
    'next.key': successor.key,
  };
}

/** Whether it can be served now: for these names, in time, with its key, below an authority that is here. */
export function isServable(files: CertificateFiles, options: Pick<GenerationOptions, 'names' | 'now'>): boolean {
  return readPair(files, 'tls', options) !== undefined;
}

function firstGeneration(files: CertificateFiles, options: GenerationOptions): CertificateFiles {
  const pair = issueServingPair(options);
  return { 'tls.crt': pair.certificate, 'tls.key': pair.key, 'ca.crt': joined(authoritiesOf(files, options.now), pair) };
}

function readPair(
  files: CertificateFiles,
  name: 'tls' | 'next',
  { names, now }: Pick<GenerationOptions, 'names' | 'now'>,
): { certificate: X509Certificate } | undefined {
  const [pem, key, authorities] = [files[`${name}.crt`], files[`${name}.key`], files['ca.crt']];
  if (!pem || !key || !authorities) return undefined;
  try {
    const certificate = new X509Certificate(pem);
    const issuers = certificatesIn(authorities);
    const usable =
      certificate.validFromDate <= now &&
      now < certificate.validToDate &&
      names.every((one) => certificate.checkHost(one) !== undefined || certificate.checkIP(one) !== undefined) &&
      certificate.publicKey.equals(createPublicKey(createPrivateKey(key))) &&
      issuers.some((issuer) => certificate.verify(issuer.publicKey));
    return usable ? { certificate } : undefined;
  } catch {
    // Whatever is there, it is no certificate with its key.
    return undefined;
  }
}

function renewalTime({ validFromDate, validToDate }: X509Certificate): number {
  return validFromDate.getTime() + ((validToDate.getTime() - validFromDate.getTime()) * 2) / 3;
}

/** Those that can still have issued something valid. */
function authoritiesOf(files: CertificateFiles, now: Date): string {
  const valid = certificatesIn(files['ca.crt'] ?? '').filter(({ validToDate }) => validToDate > now);
  return valid.slice(-MAX_AUTHORITIES).map(String).join('');
}

function joined(authorities: string, { authority }: ServingPair): string {
  return `${authorities}${authority}`;
}

function certificatesIn(pem: string): X509Certificate[] {
  try {
    return parsePem(pem).blocks.map(({ der }) => new X509Certificate(der));
  } catch {
    return [];
  }
}

const MAX_AUTHORITIES = 3;
