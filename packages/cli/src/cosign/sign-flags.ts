/** Flags of commands that sign (cosign.md section 1, groups O, T and G). */
import type { FlagSpec } from '../cobra/pflag.ts';
import { bool, KEY_FLAGS, text } from './flags.ts';

const SIGNING_CONFIG = 'please use a signing config to specify';

/** Group O: certificates for keyless signing. */
const OIDC_FLAGS: readonly FlagSpec[] = [
  text('fulcio-url', 'certificate authority', {
    default: 'https://fulcio.sigstore.dev',
    deprecated: `${SIGNING_CONFIG} a fulcio url; see \`cosign signing-config --help\``,
  }),
  text('identity-token', 'identity token, or the file that holds it'),
  text('fulcio-auth-flow', 'how to log in: normal, device, token or client_credentials'),
  bool('insecure-skip-verify', 'no effect', { deprecated: 'SCT verification is no longer performed during signing/attestation.' }),
  text('rekor-url', 'transparency log', {
    default: 'https://rekor.sigstore.dev',
    deprecated: `${SIGNING_CONFIG} a rekor url; see \`cosign signing-config --help\``,
  }),
  text('oidc-issuer', 'OIDC provider to log in at', {
    default: 'https://oauth2.sigstore.dev/auth',
    deprecated: `${SIGNING_CONFIG} an OIDC issuer; see \`cosign signing-config create --help\``,
  }),
  text('oidc-client-id', 'OIDC client id', { default: 'sigstore' }),
  text('oidc-client-secret-file', 'file that holds the OIDC client secret'),
  text('oidc-redirect-url', 'OIDC redirect URL'),
  text('oidc-provider', 'provider of ambient tokens to use'),
  bool('oidc-disable-ambient-providers', 'use no ambient tokens'),
];

/** Group T: timestamps. */
const TIMESTAMP_FLAGS: readonly FlagSpec[] = [
  text('timestamp-client-cacert', 'PEM file of the authority to trust for the timestamp server'),
  text('timestamp-client-cert', 'PEM file of the client certificate for the timestamp server'),
  text('timestamp-client-key', 'PEM file of its key'),
  text('timestamp-server-name', 'name that the TLS certificate of the timestamp server must have'),
  text('timestamp-server-url', 'timestamp authority', { deprecated: `${SIGNING_CONFIG} a timestamp server url; see \`cosign signing-config --help\`` }),
];

/** Group G: what every signing command has. */
const SIGNING_FLAGS: readonly FlagSpec[] = [
  text('certificate', 'certificate of the key, PEM or DER'),
  text('certificate-chain', 'its issuers, PEM'),
  text('bundle', 'write the bundle to this file'),
  { ...bool('new-bundle-format', 'write Sigstore bundles', { deprecated: 'this will be the only supported format in future versions' }), default: 'true' },
  { ...bool('use-signing-config', 'use the services that the TUF repository names'), default: 'true' },
  text('signing-config', 'file that names the services to use'),
  text('trusted-root', 'trusted_root.json of the Sigstore instance; what is signed is verified with it'),
  {
    ...bool('tlog-upload', 'record the signing in the transparency log', {
      deprecated: 'prefer using a --signing-config file with no transparency log services',
    }),
    default: 'true',
  },
  bool('issue-certificate', 'get a certificate for the key', { deprecated: 'support for this flag will be removed in the future' }),
  bool('yes', 'ask nothing', { short: 'y' }),
];

export const SIGN_FLAGS: readonly FlagSpec[] = [...KEY_FLAGS, ...OIDC_FLAGS, ...TIMESTAMP_FLAGS, ...SIGNING_FLAGS];

const TO_BUNDLE = 'please use --bundle to provide the output bundle location, which will include the';

/** `--output-signature` and its kin: files of the older formats. */
export function outputFlag(what: 'signature' | 'certificate' | 'payload' | 'attestation'): FlagSpec {
  return text(`output-${what}`, `write the ${what} to this file`, { deprecated: `${TO_BUNDLE} ${what}` });
}

export const RECORD_CREATION: FlagSpec = bool('record-creation-timestamp', 'state when the signature was made', {
  deprecated: 'not used with the new bundle format',
});

export const REKOR_ENTRY_TYPE: FlagSpec = {
  ...text('rekor-entry-type', 'kind of log entry: dsse or intoto', { hidden: true }),
  default: 'dsse',
};
