/** Object identifiers by the names the specifications use. */
export const OID = {
  // Keys and signatures: RFC 5480, RFC 5758, RFC 8017, RFC 8410.
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  sha384WithRsa: '1.2.840.113549.1.1.12',
  sha512WithRsa: '1.2.840.113549.1.1.13',
  ed25519: '1.3.101.112',

  // Hashes: RFC 8017 appendix B.1.
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',

  // Names: RFC 5280 appendix A.
  commonName: '2.5.4.3',
  organization: '2.5.4.10',

  // Certificate extensions: RFC 5280 section 4.2.
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',

  // Key purposes: RFC 5280 section 4.2.1.12.
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',

  // Certificate transparency: RFC 6962 sections 3.1 and 3.3.
  sctList: '1.3.6.1.4.1.11129.2.4.2',
  precertificatePoison: '1.3.6.1.4.1.11129.2.4.3',
  precertificateSigning: '1.3.6.1.4.1.11129.2.4.4',

  // Fulcio: services.md section 3; extension n is `${OID.fulcio}.${n}`.
  fulcio: '1.3.6.1.4.1.57264.1',
  fulcioOtherName: '1.3.6.1.4.1.57264.1.7',

  // CMS and timestamps: RFC 5652, RFC 5035, RFC 3161.
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  sigstoreTimestampPolicy: '1.3.6.1.4.1.57264.2',
} as const;
