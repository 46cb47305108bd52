/** Certificate authorities: roots and intermediates for code signing and for timestamping (services.md sections 3 and 9). */
import type { HashName } from '@assay/core';
import { type CertificateFields, encodeName, keyIdentifier, type NameParts, randomSerial, signCertificate } from './certificate.ts';
import { authorityKeyIdentifier, basicConstraints, type Extension, extendedKeyUsage, keyUsage, subjectKeyIdentifier } from './extension.ts';
import type { SigningKey } from './keys.ts';

/** A certificate that can issue others. */
export interface Authority {
  /** DER. */
  readonly certificate: Uint8Array;
  /** Name DER. */
  readonly subject: Uint8Array;
  readonly key: SigningKey;
  readonly hash?: HashName;
}

export interface AuthorityOptions {
  readonly name: NameParts;
  readonly key: SigningKey;
  readonly hash?: HashName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Key purposes; a root has none. */
  readonly purposes?: readonly string[];
  readonly pathLength?: number;
  /** Random when absent. */
  readonly serial?: Uint8Array;
}

/** The fields of a self-signed root: CA:TRUE, keyCertSign and cRLSign, no key purposes unless asked for. */
export function rootFields(options: AuthorityOptions): CertificateFields {
  return authorityFields(options, encodeName(options.name), options.key);
}

/** The fields of an authority below `parent`; path length 0 unless said otherwise, for it issues leaves only. */
export function intermediateFields(parent: Authority, options: AuthorityOptions): CertificateFields {
  return authorityFields({ pathLength: 0, ...options }, parent.subject, parent.key);
}

function authorityFields(options: AuthorityOptions, issuer: Uint8Array, issuerKey: SigningKey): CertificateFields {
  const extensions: Extension[] = [keyUsage('keyCertSign', 'crlSign')];
  if (options.purposes !== undefined) extensions.push(extendedKeyUsage(options.purposes));
  extensions.push(basicConstraints({ ca: true, pathLength: options.pathLength }));
  extensions.push(subjectKeyIdentifier(keyIdentifier(options.key.spki)), authorityKeyIdentifier(keyIdentifier(issuerKey.spki)));
  return {
    serial: options.serial ?? randomSerial(),
    issuer,
    subject: encodeName(options.name),
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    spki: options.key.spki,
    extensions,
  };
}

export function issueRoot(options: AuthorityOptions): Authority {
  return authority(rootFields(options), options, options);
}

export function issueIntermediate(parent: Authority, options: AuthorityOptions): Authority {
  return authority(intermediateFields(parent, options), options, parent);
}

/** Signs `fields` with the issuer and pairs the certificate with its own key. */
export function authority(fields: CertificateFields, own: Pick<AuthorityOptions, 'key' | 'hash'>, issuer: Pick<Authority, 'key' | 'hash'>): Authority {
  const certificate = signCertificate(fields, issuer);
  return { certificate, subject: fields.subject, key: own.key, ...(own.hash !== undefined && { hash: own.hash }) };
}

/** A timestamping leaf: not a CA, digitalSignature, exactly the timeStamping purpose, critical (RFC 3161 section 2.3). */
export function timestampingLeafFields(issuer: Authority, options: AuthorityOptions): CertificateFields {
  return {
    serial: options.serial ?? randomSerial(),
    issuer: issuer.subject,
    subject: encodeName(options.name),
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    spki: options.key.spki,
    extensions: [
      keyUsage('digitalSignature'),
      extendedKeyUsage(options.purposes ?? [TIME_STAMPING], { critical: true }),
      subjectKeyIdentifier(keyIdentifier(options.key.spki)),
      authorityKeyIdentifier(keyIdentifier(issuer.key.spki)),
    ],
  };
}

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
