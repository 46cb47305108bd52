/** The flags of cosign's verify commands (cosign.md section 1), in groups as the specification names them. */
import { bool, list, text } from '../cobra/flag.ts';
import type { FlagSpec } from '../cobra/pflag.ts';

export { bool, list, text };

/** Every command has these. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  text('output-file', 'write the output of the command to a file'),
  { name: 'timeout', short: 't', kind: 'duration', default: '3m0s', usage: 'give up after this time' },
  bool('verbose', 'show the proof tree and network traffic', { short: 'd' }),
];

/** Group K. */
export const KEY_FLAGS: readonly FlagSpec[] = [
  text('key', 'public key that must have signed: PEM file, URL or env://NAME'),
  bool('sk', 'use a hardware security key'),
  text('slot', 'slot of the hardware security key'),
];

/** Group C. */
export const CERTIFICATE_FLAGS: readonly FlagSpec[] = [
  text('certificate-identity', 'identity expected in the certificate: e-mail address, URI or user name'),
  text('certificate-identity-regexp', 'the same as a regular expression in Go syntax, matching anywhere'),
  text('certificate-oidc-issuer', 'OIDC issuer expected in the certificate'),
  text('certificate-oidc-issuer-regexp', 'the same as a regular expression in Go syntax, matching anywhere'),
  text('certificate-github-workflow-trigger', 'event that must have triggered the GitHub workflow'),
  text('certificate-github-workflow-sha', 'commit the GitHub workflow must have run on'),
  text('certificate-github-workflow-name', 'name of the GitHub workflow'),
  text('certificate-github-workflow-repository', 'repository of the GitHub workflow'),
  text('certificate-github-workflow-ref', 'git ref the GitHub workflow must have run on'),
  text('certificate', 'certificate file or URL, PEM or base64 of PEM', {
    deprecated: 'please use --bundle with --trusted-root to provide the public certificate',
  }),
  text('certificate-chain', 'chain of issuers, PEM', { deprecated: 'please use --trusted-root to provide the certificate chain' }),
  text('ca-roots', 'root certificates, PEM', { deprecated: 'please use --trusted-root to provide CA certificates' }),
  text('ca-intermediates', 'intermediate certificates, PEM', { deprecated: 'please use --trusted-root to provide CA certificates' }),
  text('sct', 'detached signed certificate timestamp', { deprecated: 'a Signed Certificate Timestamp is now provided via a Sigstore bundle' }),
  bool('insecure-ignore-sct', 'do not check that the certificate is on record in a certificate transparency log'),
];

/** Group M. */
export const COMMON_FLAGS: readonly FlagSpec[] = [
  bool('offline', 'do not search the transparency log', {
    deprecated:
      'To verify in an airgapped environment, provide a --bundle with the signature and verification material, and a --trusted-root file with the service keys and certificates',
  }),
  text('timestamp-certificate-chain', 'chain of the timestamp authority, PEM', {
    deprecated: 'please use --trusted-root to provide the timestamp authority certificate chain',
  }),
  bool('use-signed-timestamps', 'demand an RFC 3161 timestamp'),
  bool('insecure-ignore-tlog', 'do not check that the signing is on record in a transparency log'),
  bool('private-infrastructure', 'the same, without the warning', { deprecated: 'please use --insecure-ignore-tlog instead' }),
  bool('experimental-oci11', 'no effect on blobs', { deprecated: 'OCI referrers will be the default behavior in future versions' }),
  { name: 'max-workers', kind: 'int', default: '10', usage: 'how many verifications run at once' },
  text('trusted-root', 'trusted_root.json of the Sigstore instance'),
  { ...bool('new-bundle-format', 'expect a Sigstore bundle', { deprecated: 'this will be the only supported format in future versions' }), default: 'true' },
  bool('allow-certificate-chain', 'accept a certificate chain in bundles from version 0.3 on'),
  text('signature-digest-algorithm', 'hash of the signature when --key is used', {
    default: 'sha256',
    deprecated: 'please use --bundle, which already includes the digest algorithm',
  }),
  text('rekor-url', 'transparency log to search', {
    default: 'https://rekor.sigstore.dev',
    deprecated: 'please use --bundle, which includes the Rekor inclusion proof',
  }),
];

export const VERIFY_BLOB_FLAGS: readonly FlagSpec[] = [
  ...KEY_FLAGS,
  ...CERTIFICATE_FLAGS,
  ...COMMON_FLAGS,
  text('bundle', 'bundle file, Sigstore or older'),
  text('signature', 'signature: base64, file or URL', { deprecated: 'please use --bundle to provide a signature' }),
  text('rfc3161-timestamp', 'RFC 3161 timestamp file', {
    deprecated: 'please use --bundle to provide the output bundle location, which will include the signed timestamp',
  }),
];

export const VERIFY_BLOB_ATTESTATION_FLAGS: readonly FlagSpec[] = [
  ...VERIFY_BLOB_FLAGS.filter((flag) => flag.name !== 'signature'),
  text('signature', 'DSSE envelope file', { deprecated: 'please use --bundle to provide a signature' }),
  {
    ...text('type', 'predicate type: slsaprovenance, slsaprovenance02, slsaprovenance1, link, spdx, spdxjson, cyclonedx, vuln, openvex, custom, or a URI'),
    default: 'custom',
  },
  { ...bool('check-claims', 'compare the subjects with the blob or digest'), default: 'true' },
  text('digest', 'digest of the blob, hex, instead of the blob'),
  text('digestAlg', 'algorithm of --digest: sha256, sha384 or sha512'),
];

export const ALIASES: Readonly<Record<string, string>> = {
  cert: 'certificate',
  'cert-email': 'certificate-email',
  'cert-chain': 'certificate-chain',
  'cert-oidc-issuer': 'certificate-oidc-issuer',
  'output-cert': 'output-certificate',
  'cert-identity': 'certificate-identity',
};
