/**
 * Every error code of Assay: what it means, what usually causes it, what to do.
 *
 * Codes are stable for ever and form one closed union (`ErrorCode`). The part before the first underscore
 * is the class of verification.md section 5; `docs/errors/` is generated from this table.
 *
 * `kind` decides the exit code and how admission counts and retries:
 * `rejected` 1 (evidence was read and refused), `usage` 2, `unavailable` 3 (retryable), `malformed` 4.
 */
export type ErrorKind = 'rejected' | 'usage' | 'unavailable' | 'malformed';

export interface CatalogueEntry {
  readonly kind: ErrorKind;
  readonly meaning: string;
  readonly causes: string;
  readonly hint: string;
}

const rejected = (meaning: string, causes: string, hint: string): CatalogueEntry => ({ kind: 'rejected', meaning, causes, hint });
const malformed = (meaning: string, causes: string, hint: string): CatalogueEntry => ({ kind: 'malformed', meaning, causes, hint });
const usage = (meaning: string, causes: string, hint: string): CatalogueEntry => ({ kind: 'usage', meaning, causes, hint });
const unavailable = (meaning: string, causes: string, hint: string): CatalogueEntry => ({ kind: 'unavailable', meaning, causes, hint });

const FETCH_AGAIN = 'fetch the file again from its publisher, and compare its size';
const OTHER_INSTANCE = 'pass the trusted root of the instance that signed, with --trusted-root';
const ASK_SIGNER = 'ask the signer for a complete bundle';
const NOT_THIS_ARTIFACT = 'check that the bundle belongs to this artifact and that both were downloaded whole';
const TAMPERED = 'do not use the artifact: the evidence was altered or made for something else';

export const catalogue = {
  BUNDLE_PARSE: malformed(
    'The bundle is not well-formed JSON of the bundle shape.',
    'a truncated download, an HTML error page, base64 with foreign characters, a duplicate key',
    FETCH_AGAIN,
  ),
  BUNDLE_TOO_LARGE: malformed('The bundle is larger than the cap.', 'the wrong file, or an attack on the parser', 'check that the path names a bundle'),
  BUNDLE_VERSION: malformed(
    'The media type names no supported bundle version.',
    'a newer producer, or not a bundle at all',
    'versions 0.1, 0.2 and 0.3 are supported',
  ),
  BUNDLE_SHAPE: malformed(
    'A field that the bundle version requires is missing, empty, or not allowed.',
    'an incomplete producer, or fields removed on the way',
    ASK_SIGNER,
  ),
  BUNDLE_LIMIT: malformed('The bundle holds more items than the cap.', 'an attack on the verifier', 'see the cap in the message'),
  BUNDLE_PROOF_MISSING: rejected(
    'The bundle version requires an inclusion proof with checkpoint, and an entry has none.',
    'an old client, or the proof was removed',
    'the proof is never fetched during verification; sign again with a current client',
  ),
  BUNDLE_PROMISE_MISSING: rejected('A version 0.1 bundle requires an inclusion promise, and an entry has none.', 'the promise was removed', ASK_SIGNER),
  BUNDLE_CHAIN: rejected(
    'The certificate material is of a form the bundle version forbids.',
    'a chain in a 0.3 bundle, or a self-signed root among the certificates',
    'sign again with a client that embeds the leaf certificate only',
  ),

  TRUST_ROOT_PARSE: malformed('The trusted root is not well-formed JSON of its shape.', 'the wrong file, or a truncated one', 'pass a trusted_root.json'),
  TRUST_ROOT_VERSION: malformed(
    'The trusted root has an unknown media type.',
    'a newer format, or another document',
    'media type application/vnd.dev.sigstore.trustedroot+json;version=0.1 is what clients write',
  ),
  TRUST_ROOT_SHAPE: malformed(
    'A trusted root entry is incomplete or inconsistent.',
    'a hand-made root without required fields',
    'create roots with a tool that checks them',
  ),
  TRUST_ROOT_VALIDITY: malformed(
    'A key or authority has no usable validity window.',
    'validFor or its start is missing, or the end lies before the start',
    'every key needs validFor.start; a missing start is not "for ever"',
  ),
  TRUST_ROOT_MISSING: usage('No trusted root is available.', 'offline without a cached or embedded root', 'pass --trusted-root FILE'),
  TRUST_ROOT_UNKNOWN: rejected(
    'A policy names a trusted root that is not there.',
    'a TrustRoot that was not given or not applied, or another name',
    'apply the TrustRoot, or pass it with --trust-root FILE',
  ),
  TRUST_ROOT_STALE: rejected(
    'The trusted root could not be refreshed, and a fresh one was demanded.',
    'the TUF mirror is down, or its metadata expired',
    'drop --require-fresh-root to use the last good root',
  ),

  SIGNING_CONFIG_PARSE: malformed(
    'The signing configuration is not well-formed JSON of its shape.',
    'the wrong file, or a truncated one',
    'pass a signing_config.json',
  ),
  SIGNING_CONFIG_VERSION: malformed(
    'The signing configuration has an unknown media type.',
    'version 0.1, which is obsolete, or another document',
    'media type application/vnd.dev.sigstore.signingconfig.v0.2+json is understood',
  ),
  SIGNING_CONFIG_SHAPE: malformed(
    'A service of the signing configuration is incomplete or contradictory.',
    'a hand-made configuration',
    'create it with a tool that checks it',
  ),
  SIGNING_CONFIG_SERVICES: rejected(
    'The signing configuration offers too few usable services.',
    'services outside their validity, or with an API version that is not supported',
    'refresh the signing configuration',
  ),
  SIGNING_INCOMPLETE: unavailable(
    'Not every service that was chosen has recorded the signing.',
    'a log or a timestamp authority that failed',
    'see the message for which; sign again when it works',
  ),

  KEY_PARSE: malformed('The public key cannot be read.', 'not PEM, a private key, or a point that is not on the curve', 'pass a PEM PUBLIC KEY file'),
  KEY_UNSUPPORTED: rejected(
    'The key type or algorithm is not supported.',
    'LMS, LM-OTS and ML-DSA keys, or an unknown curve',
    'use ECDSA P-256, RSA or Ed25519',
  ),
  KEY_EXPECTED: rejected(
    'A key was given, but the evidence carries a certificate.',
    'keyless evidence checked with --key',
    'pass --identity and --issuer instead of --key',
  ),
  KEY_HINT_MISMATCH: rejected('The envelope names another key than the bundle.', 'dsseEnvelope.signatures[0].keyid differs from publicKey.hint', ASK_SIGNER),
  KEY_WINDOW: rejected(
    'The key was not valid when the signature was made.',
    'a rotated or revoked key',
    'use the key that was valid at the time in the message',
  ),
  KEY_PRIVATE_PARSE: malformed(
    'The private key cannot be read.',
    'not PEM, a key that is not encrypted where an encrypted one is expected, or altered bytes',
    'pass a key made by generate-key-pair; import-key-pair takes plain PEM private keys',
  ),
  KEY_PASSWORD: usage(
    'The password or PIN does not open the private key.',
    'a wrong, empty or missing password; a line break at its end; or an altered key file',
    'set COSIGN_PASSWORD (COSIGN_PKCS11_PIN for a token) to the right one',
  ),
  KEY_REFERENCE: usage(
    'The key reference is not understood, or names no key.',
    'a typing mistake, or a part of the reference or an environment variable that is missing',
    'a path, https://…, env://NAME, pkcs11:…, k8s://NAMESPACE/SECRET, gitlab://PROJECT or hashivault://KEY',
  ),
  KEY_PROVIDER: unavailable(
    'The place that keeps the key refused, or answered something that cannot be used.',
    'missing rights, a key that is not there, or a service that is not what the reference says',
    'see the answer in the message',
  ),
  KEY_PROVIDER_MISSING: usage(
    'Nothing here can use this kind of key.',
    'a key management service without support, or an optional package that is not installed',
    'see what is missing in the message',
  ),

  TLOG_UNKNOWN_LOG: rejected('The log that made the entry is not in the trusted root.', 'another Sigstore instance, or an outdated root', OTHER_INSTANCE),
  TLOG_KEY_WINDOW: rejected('The log key was not valid at the entry time.', 'an entry made before or after the key was in use', OTHER_INSTANCE),
  TLOG_SET_INVALID: rejected('The signed entry timestamp does not verify.', 'entry fields were altered', TAMPERED),
  TLOG_SET_UNEXPECTED: rejected('A Rekor v2 entry carries a signed entry timestamp, which that log does not define.', 'fields of two logs mixed', TAMPERED),
  TLOG_CHECKPOINT_PARSE: rejected('The checkpoint is not a well-formed signed note.', 'lines removed or changed', TAMPERED),
  TLOG_CHECKPOINT_ORIGIN: rejected('The checkpoint is not of the log that made the entry.', 'a checkpoint of another log or shard', TAMPERED),
  TLOG_CHECKPOINT_UNSIGNED: rejected(
    'The checkpoint carries no signature line of the log.',
    'the line was removed, or name and key id belong to another key',
    TAMPERED,
  ),
  TLOG_CHECKPOINT_SIGNATURE: rejected('The log signature on the checkpoint does not verify.', 'the checkpoint text was altered', TAMPERED),
  TLOG_COSIGNATURE: rejected('A cosignature of a known witness does not verify.', 'the checkpoint or the cosignature was altered', TAMPERED),
  TLOG_WITNESS_THRESHOLD: rejected(
    'Too few of the named witnesses cosigned the checkpoint.',
    'a log that is not witnessed, or a witness that was not reached in time',
    'name the witnesses of this log, or demand fewer',
  ),
  TLOG_CHECKPOINT_MISMATCH: rejected('The inclusion proof and its checkpoint name different trees.', 'a checkpoint of another moment was attached', TAMPERED),
  TLOG_INCLUSION_SHAPE: rejected(
    'The inclusion proof cannot belong to this index and tree size.',
    'index beyond the tree, wrong number of hashes, a hash that is not 32 bytes',
    TAMPERED,
  ),
  TLOG_INCLUSION_MISMATCH: rejected(
    'The inclusion proof leads to another root than the log signed.',
    'a corrupted hash, or an entry that is not in the log',
    TAMPERED,
  ),
  TLOG_KIND: rejected(
    'The log entry kind is not supported, or does not fit the content.',
    'intoto 0.0.1, rekord and others; or an entry of another content type',
    'supported: hashedrekord 0.0.1 and 0.0.2, dsse 0.0.1 and 0.0.2, intoto 0.0.2',
  ),
  TLOG_BODY_PARSE: rejected('The log entry body is not well-formed.', 'the body was altered', TAMPERED),
  TLOG_BODY_SIGNATURE: rejected('The log entry is about another signature.', 'an entry of another signing was attached', TAMPERED),
  TLOG_BODY_KEY: rejected('The log entry is about another certificate or key.', 'an entry of another signer was attached', TAMPERED),
  TLOG_BODY_DIGEST: rejected(
    'The log entry is about another artifact or payload.',
    'an entry of another artifact was attached, or this is not the signed artifact',
    NOT_THIS_ARTIFACT,
  ),
  TLOG_DUPLICATE: rejected('Two entries are the same log position.', 'one entry copied to reach a threshold', TAMPERED),
  TLOG_THRESHOLD: rejected('Too few entries of trusted logs.', 'the bundle has no entry, or only entries of unknown logs', OTHER_INSTANCE),

  TSA_PARSE: rejected('The timestamp is not a well-formed RFC 3161 response.', 'truncated or altered token', ASK_SIGNER),
  TSA_STATUS: rejected('The timestamp authority did not grant the timestamp.', 'the stored response is a refusal', ASK_SIGNER),
  TSA_IMPRINT: rejected('The timestamp is about another signature.', 'a token of another signing was attached', TAMPERED),
  TSA_UNTRUSTED: rejected('The timestamp authority is not in the trusted root.', 'another instance, or an outdated root', OTHER_INSTANCE),
  TSA_ATTRIBUTES: rejected(
    'The signed attributes of the timestamp are missing or inconsistent.',
    'an altered token, or another certificate than the signer named',
    TAMPERED,
  ),
  TSA_SIGNATURE: rejected('The signature of the timestamp does not verify.', 'an altered token', TAMPERED),
  TSA_CHAIN: rejected(
    'The timestamping certificate does not chain to the trusted root at the time it states.',
    'expired certificates at that time, or a certificate not made for timestamping',
    OTHER_INSTANCE,
  ),
  TSA_WINDOW: rejected('The timestamp lies outside the window in which its authority is trusted.', 'an authority retired or not yet started', OTHER_INSTANCE),
  TSA_FUTURE: rejected('The timestamp lies in the future.', 'a wrong clock here or at the authority', 'check the clock of this machine'),
  TSA_DUPLICATE: rejected('The same timestamp appears twice.', 'one token copied to reach a threshold', TAMPERED),
  TSA_REQUEST: unavailable(
    'The timestamp authority answered a request with an error.',
    'a wrong address, or an authority that is down',
    'pass the full address of the endpoint; try again if the status is 429 or 5xx',
  ),
  TSA_NONCE: rejected(
    'The timestamp is not the answer to the request.',
    'a replayed answer, or an authority that ignores nonces',
    'check the address of the timestamp authority',
  ),
  TSA_THRESHOLD: rejected(
    'Too few timestamps of trusted authorities.',
    'no timestamp, or none that verifies',
    'sign with a timestamp authority of the trusted root',
  ),

  TIME_MISSING: rejected(
    'Nothing proves when the signature was made.',
    'a Rekor v2 entry without a timestamp, or an unverified integrated time',
    'sign with a timestamp authority (Rekor v2 gives no time)',
  ),

  CERT_PARSE: rejected('The certificate is not well-formed X.509 DER.', 'altered bytes, or another document', TAMPERED),
  CERT_CHAIN: rejected('The certificate does not chain to an authority of the trusted root.', 'another instance, or a self-made certificate', OTHER_INSTANCE),
  CERT_CHAIN_SIGNATURE: rejected('A certificate of the path is not signed by its issuer.', 'an altered certificate', TAMPERED),
  CERT_CHAIN_WINDOW: rejected('The authority was not trusted at the signing time.', 'an authority retired or not yet started', OTHER_INSTANCE),
  CERT_TIME: rejected(
    'The signing time lies outside the validity of a certificate.',
    'signed after the short-lived certificate expired, or a forged time',
    TAMPERED,
  ),
  CERT_PROFILE: rejected(
    'The signing certificate breaks the code signing profile.',
    'a certificate made for something else',
    'only certificates made for code signing are accepted',
  ),
  CERT_PROFILE_EKU: rejected(
    'The certificate is not allowed to sign code.',
    'a TLS, mail or timestamping certificate',
    'only certificates made for code signing are accepted',
  ),
  CERT_PROFILE_USAGE: rejected(
    'The key usage does not allow signatures.',
    'a certificate made for something else',
    'only certificates made for code signing are accepted',
  ),
  CERT_PROFILE_CA: rejected('The signing certificate is a certificate authority.', 'an authority certificate in the place of the leaf', TAMPERED),
  CERT_PROFILE_CRITICAL: rejected(
    'A critical extension is not understood, or forbids this use.',
    'name constraints, a precertificate, or an unknown profile',
    'the extension is named in the check',
  ),
  CERT_PROFILE_SAN: rejected('The certificate does not name exactly one signer.', 'no or several subject alternative names', TAMPERED),
  CERT_PROFILE_ISSUER: rejected('The certificate names two different OIDC issuers.', 'an altered or faulty certificate', TAMPERED),

  SCT_MISSING: rejected(
    'The certificate carries no signed certificate timestamp.',
    'a private authority without certificate transparency',
    'a private instance without CT needs ctlogThreshold 0 (--insecure-ignore-sct)',
  ),
  SCT_PARSE: rejected('The signed certificate timestamp list is not well-formed.', 'altered certificate', TAMPERED),
  SCT_UNKNOWN_LOG: rejected('No certificate transparency log of the trusted root made the timestamp.', 'another instance, or an outdated root', OTHER_INSTANCE),
  SCT_WINDOW: rejected('The certificate transparency log key was not valid at the timestamp.', 'a retired log', OTHER_INSTANCE),
  SCT_SIGNATURE: rejected('The signed certificate timestamp does not verify.', 'an altered certificate or timestamp', TAMPERED),
  SCT_THRESHOLD: rejected('Too few certificate transparency logs vouch for the certificate.', 'fewer timestamps than demanded', OTHER_INSTANCE),

  IDENTITY_MISMATCH: rejected(
    'The signer is not one of the expected identities.',
    'another workflow, branch, tag or person signed',
    'compare expected and found; pass the identity you mean to trust',
  ),
  IDENTITY_ISSUER: rejected(
    'The signer was vouched for by another OIDC issuer.',
    'another provider signed in',
    'compare expected and found; pass the issuer you mean to trust',
  ),
  IDENTITY_EXTENSION: rejected(
    'A certificate extension differs from what was demanded.',
    'another trigger, commit, workflow, repository or ref',
    'compare expected and found',
  ),
  IDENTITY_MISSING: rejected(
    'An identity was demanded, but the evidence carries no certificate.',
    'evidence made with a self-managed key',
    'pass --key with the public key instead',
  ),
  IDENTITY_PATTERN: usage(
    'The pattern is not a valid RE2 regular expression.',
    'look-around, back-references, or unbalanced brackets',
    'patterns are RE2; escape dots and anchor with ^ and $',
  ),

  SIGNATURE_INVALID: rejected('The signature does not verify.', 'the artifact or the signature was altered, or another key signed', TAMPERED),
  SIGNATURE_ENCODING: rejected('The signature bytes are not of the form the algorithm demands.', 'altered signature', TAMPERED),
  SIGNATURE_DIGEST_ONLY: rejected(
    'This signature cannot be verified from a digest.',
    'pure Ed25519 signs the artifact itself',
    'pass the artifact file instead of its digest',
  ),

  ARTIFACT_MISMATCH: rejected('The artifact is not the one that was signed.', 'another file or version, or it was altered', NOT_THIS_ARTIFACT),
  ARTIFACT_MISMATCH_DIGEST: rejected('The digest stated in the bundle is not that of the artifact.', 'an altered bundle', NOT_THIS_ARTIFACT),
  ARTIFACT_MISMATCH_SUBJECT: rejected('No subject of the statement is the artifact.', 'an attestation about something else', NOT_THIS_ARTIFACT),
  ARTIFACT_MISMATCH_ALGORITHM: rejected(
    'The digest given is of another algorithm than the signature needs.',
    'sha256 given where the key signs sha384 or sha512',
    'pass the artifact file, or its digest in the named algorithm',
  ),

  STATEMENT_PAYLOAD_TYPE: rejected(
    'The envelope does not hold an in-toto statement.',
    'an envelope made for something else',
    'payloadType must be application/vnd.in-toto+json',
  ),
  STATEMENT_PARSE: rejected('The in-toto statement is not well-formed.', 'a faulty producer', ASK_SIGNER),
  STATEMENT_PREDICATE_TYPE: rejected(
    'The statement has another predicate type than demanded.',
    'another kind of attestation',
    'compare expected and found, and pass --type',
  ),

  ANNOTATION_MISMATCH: rejected(
    'An annotation that was demanded is not signed with this value.',
    'another release of the same image, or a signature made without annotations',
    'compare expected and found; annotations are texts, compared as a whole',
  ),
  PREDICATE_PARSE: malformed('The predicate is not of its type.', 'the wrong file, or the wrong --type', 'compare the file with the type that --type names'),
  PAYLOAD_PARSE: rejected('The signed payload is not one that names an image.', 'a signature made for something else', 'sign the image with a current client'),

  USAGE: usage('The command line does not say what to do.', 'a missing or contradictory flag', 'see --help'),
  USAGE_IDENTITY: usage(
    'An identity needs both who signed and who vouched for it.',
    'an identity without an issuer, or the reverse',
    'add the flag that the message names',
  ),
  EVIDENCE_NOT_FOUND: rejected(
    'No evidence was found for the artifact.',
    'it was never signed, or its bundle lies elsewhere',
    'the places that were asked are listed; name the evidence, for example with --bundle FILE',
  ),
  FILE_NOT_FOUND: usage('The file does not exist.', 'a wrong path', 'check the path in the message'),
  FILE_UNREADABLE: usage('The file cannot be read.', 'a folder, or missing permission', 'check the path in the message'),
  FILE_TOO_LARGE: malformed('The file is larger than the cap.', 'the wrong file', 'see the cap in the message'),
  RESULT_PARSE: malformed('The saved result is not a verification result.', 'another document, or a newer version', 'pass a file written with --output json'),

  NET_OFFLINE: usage(
    'The network is needed, and offline was demanded.',
    '--offline or ASSAY_OFFLINE=1',
    'provide the named thing as a file, or allow the network',
  ),
  NET_URL: usage('The URL is not one that may be fetched.', 'an unsupported scheme or a malformed URL', 'http, https, file paths and env:// are understood'),
  NET_UNREACHABLE: unavailable('The host cannot be reached.', 'no network, a wrong name, or a proxy is needed', 'check the address and proxy settings'),
  NET_TIMEOUT: unavailable('The host did not answer in time.', 'a slow or stalled server', 'try again'),
  NET_STATUS: unavailable('The server answered with an error.', 'see the status in the message', 'check the address; try again if the status is 429 or 5xx'),
  NET_TOO_LARGE: malformed('The response is larger than the cap.', 'the wrong address, or an attack', 'see the cap in the message'),
  NET_REDIRECT: unavailable(
    'Too many redirects, or a redirect to a place that is not allowed.',
    'a redirect loop, or https that leads to http',
    'check the address',
  ),
  NET_TLS: unavailable(
    'The TLS certificate of the host is not trusted.',
    'a private authority',
    'pass its certificate with --ca-file, or set NODE_EXTRA_CA_CERTS',
  ),
  NET_CLIENT_CERTIFICATE: usage(
    'The TLS client certificate or its key cannot be used.',
    'one without the other, a key of another certificate, an encrypted key, or a file that is not PEM',
    'pass a PEM certificate together with its unencrypted PEM key',
  ),
  NET_BODY_SIZE: malformed(
    'What is to be sent has another size than announced.',
    'a file that was written to while it was sent',
    'try again when nothing changes the file',
  ),
  NET_LISTEN: usage(
    'The address for the answer of a login cannot be listened on.',
    'a redirect URL that is not of this machine, or a port that is taken',
    'use http://localhost:PORT/PATH, with port 0 for any that is free',
  ),

  AUTH_CONFIG: malformed(
    'A file with registry credentials cannot be used.',
    'hand-edited or truncated JSON, or missing permission to write it',
    'mend or remove the file in the message, and log in again',
  ),
  AUTH_HELPER: unavailable(
    'A credential helper of the container tools failed.',
    'it is not installed, its store is locked, or it did not answer in time',
    'run the helper by hand, or take it out of the file in the message',
  ),
  MIRRORS_PARSE: malformed(
    'The list of registry mirrors cannot be read.',
    'a line that is not of the form "registry = URL", or a registry named twice',
    'write one registry a line, e.g. ghcr.io = http://127.0.0.1:5000',
  ),

  OCI_REFERENCE: usage(
    'The text is not an image reference.',
    'a typing mistake, or upper-case letters in the repository',
    'write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:HEX',
  ),
  OCI_DIGEST: malformed('The text is not a digest.', 'a shortened digest, or upper-case hex', 'a digest is sha256: and 64 lower-case hex digits'),
  OCI_DIGEST_MISMATCH: rejected(
    'The content that arrived is not what its digest says.',
    'a registry, mirror or proxy that alters content, or a corrupted store',
    'do not use the content; fetch it from another place, and tell the operator of the registry',
  ),
  OCI_SIZE_MISMATCH: rejected(
    'The content that arrived is not of the size its descriptor says.',
    'a connection that broke, or a registry that alters content',
    'try again; if it stays, the registry is broken',
  ),
  OCI_MANIFEST: malformed(
    'The manifest is not well-formed.',
    'a registry, mirror or login page that answers something else',
    'look at it with: assay crane manifest REF',
  ),
  OCI_CONTENT_TYPE: malformed(
    'The content is not of the type it is sent as.',
    'a misconfigured registry, or an attempt to have it read in two ways',
    'push the image again with a current tool',
  ),
  OCI_LIMIT: malformed(
    'The registry answers more than the cap allows.',
    'a runaway tool, or an attack',
    'see the cap in the message; delete what is not needed',
  ),
  OCI_NOT_FOUND: rejected(
    'The registry does not have it.',
    'a wrong name, a deleted tag, or a private repository',
    'check the name; log in if the repository is private',
  ),
  OCI_UNAUTHORIZED: usage('The registry wants a login.', 'no credentials, or wrong ones', 'log in with: assay cosign login HOST -u NAME --password-stdin'),
  OCI_DENIED: usage('The login is not allowed to do this.', 'missing rights on the repository', 'ask the owner of the repository for the right'),
  OCI_AUTH: unavailable(
    'The registry asks for a login in a way that cannot be followed.',
    'a malformed challenge, or one that would carry the password to another site or over plain http',
    'check the address of the registry',
  ),
  OCI_RATE_LIMITED: unavailable('The registry allows no more requests for now.', 'its rate limit', 'log in, or wait for the time in the message'),
  OCI_STATUS: unavailable('The registry answered with an error.', 'see the status in the message', 'try again if the status is 5xx'),
  OCI_UPLOAD: unavailable('The registry did not take the upload.', 'see the message', 'try again; if it stays, ask the operator of the registry'),
  OCI_UNSUPPORTED: usage('The registry cannot do this.', 'an old registry, or one that forbids it', 'see the message'),
  OCI_LAYOUT: malformed('The folder is not an OCI image layout.', 'a wrong path, or an incomplete copy', 'a layout has oci-layout, index.json and blobs/'),
  OCI_ARCHIVE: malformed(
    'The file is not an archive of images.',
    'a plain tar, or an incomplete download',
    'an archive has manifest.json, as docker save and crane pull write it',
  ),
  OCI_CONFIG: malformed(
    'The configuration of the image is not well-formed.',
    'an artifact that is not a container image, or a broken builder',
    'look at it with: assay crane config REF',
  ),
  OCI_LAYER: malformed(
    'A layer cannot be read as the archive it says it is.',
    'a truncated or foreign file, or entries that would be written outside the image',
    'look at it with: assay crane validate --remote REF',
  ),
  OCI_EXISTS: usage('Something else is already there.', 'an earlier push', 'choose another name, or overwrite with the flag in the message'),
  OCI_SUBJECT: rejected(
    'The evidence is attached to something else.',
    'a registry that lists referrers of other images, or evidence moved between images',
    'sign the image itself',
  ),
  OCI_PLATFORM: usage('The index has no such platform.', 'a typing mistake, or an image that was not built for it', 'the platforms it has are listed'),

  CHART_ARCHIVE: malformed(
    'The file is not a chart archive.',
    'a wrong path, or a truncated download',
    'a chart archive is a .tgz that helm package or assay chart package made',
  ),
  CHART_PATH: malformed(
    'A path in the chart archive leads out of the folder of the chart.',
    'an archive that was packed by hand, or an attack on whoever unpacks it',
    'do not unpack it with another tool; package the chart again',
  ),
  CHART_ENTRY: malformed(
    'The chart holds something that is not a regular file.',
    'a device, or a symbolic link that leads out of the chart',
    'replace it by a copy of the file',
  ),
  CHART_DUPLICATE: malformed(
    'The chart archive holds one path twice.',
    'an archive that was packed by hand, or an attempt to have it read in two ways',
    'package the chart again',
  ),
  CHART_TOO_LARGE: malformed(
    'The chart is larger than the cap.',
    'large files that are no part of the chart, or a decompression bomb',
    'name what does not belong into the chart in .helmignore; see the cap in the message',
  ),
  CHART_FILE: malformed('A file of the chart is missing or malformed.', 'a typing mistake, or a folder that is not a chart', 'mend the file in the message'),
  CHART_METADATA: malformed(
    'Chart.yaml holds a value that is not allowed.',
    'a missing or malformed name or version',
    'mend Chart.yaml; the version is a semantic version such as 1.2.3',
  ),
  CHART_DEPENDENCY: usage('A dependency of the chart is not in its charts folder.', 'dependencies that were not fetched', 'run: helm dependency update'),
  CHART_REFERENCE: usage('The text does not name a chart in a registry.', 'a typing mistake, or upper-case letters in the path', 'write oci://HOST/PATH/NAME'),
  CHART_VERSION: usage(
    'The version is malformed, or no version meets the constraint.',
    'a typing mistake, or only prereleases, which a constraint has to name',
    'write a version such as 1.2.3, or a constraint such as ^1.2',
  ),
  CHART_MANIFEST: rejected('What the registry has under this name is not a chart.', 'the name of an image', 'look at it with: assay crane manifest REF'),
  CHART_PROVENANCE: rejected(
    'The provenance of the chart does not verify.',
    'a chart that was altered, renamed or signed by a key that is not in the keyring',
    'do not use the chart; ask its publisher for the key, and pass it with --keyring',
  ),
  CHART_KEYRING: usage(
    'The keyring cannot be used.',
    'a wrong name or passphrase, or the new format of GnuPG',
    'export the key: gpg --export NAME > pubring.gpg, or gpg --export-secret-keys NAME > secring.gpg',
  ),
  CHART_EXISTS: usage('Something else is where the chart would be unpacked.', 'an earlier download', 'remove it, or choose another folder with --untardir'),

  FULCIO_REFUSED: rejected(
    'The certificate authority refuses to certify the key.',
    'an identity token of an issuer, audience or time that it does not take, or a key type that it does not certify',
    'see the answer in the message; fetch a new token for the audience sigstore',
  ),
  FULCIO_REQUEST: unavailable(
    'The certificate authority did not answer a request.',
    'an authority that is down or overloaded, or a wrong address',
    'check the address; try again if the status is 429 or 5xx',
  ),
  FULCIO_RESPONSE: unavailable(
    'The certificate authority answered something that is not a certificate chain.',
    'a wrong address, or something between it and this machine that answers in its place',
    'check the address of the certificate authority',
  ),
  FULCIO_MISMATCH: rejected(
    'The certificate is not the one that was asked for.',
    'a broken or hostile authority, or something between it and this machine that alters answers',
    'do not use this authority',
  ),
  PENDING_PARSE: malformed(
    'The file is not the state of an interrupted signing.',
    'another file, an altered one, or one of a newer version',
    'pass the file that the interrupted command named; or sign again',
  ),
  PENDING_EXPIRED: rejected(
    'The interrupted signing can no longer be completed.',
    'the certificate lives for minutes, and whatever still has to vouch for the time would do so after its end',
    'sign again; the file of the interrupted signing may be deleted',
  ),

  REKOR_NOT_FOUND: rejected(
    'The log holds no entry for this signature.',
    'it was never logged, or in another log',
    'pass the right --rekor-url, or ask the signer for a bundle',
  ),
  REKOR_RESPONSE: unavailable('The log answered something that is not a log entry.', 'a wrong --rekor-url', 'check --rekor-url'),
  REKOR_UPLOAD: unavailable(
    'The log did not record the signing.',
    'a log that is frozen or overloaded, a key type it does not take, or a signature that it knows already',
    'see the answer in the message',
  ),
  LOG_READ: unavailable(
    'The log does not hand out what is needed to check it.',
    'a log that is down, that withholds a part, or an address that is no log',
    'see the answer in the message; try again',
  ),
  LOG_FORK: rejected(
    'The log shows a history that does not extend the one that it showed before.',
    'a log that was altered or restored from an old backup, or that shows different people different histories',
    'keep both signed checkpoints, which prove it; trust nothing that this log vouches for until its operator explains',
  ),
  LOG_ROLLBACK: rejected(
    'The log shows a smaller tree than it signed before.',
    'a log that was set back, or a mirror that stays behind',
    'try again later; if it stays, keep both signed checkpoints and ask the operator of the log',
  ),
  LOG_LIE: rejected(
    'The log hands out what is not in the tree that it signed.',
    'a broken or hostile log, or something between it and this machine that alters answers',
    'trust nothing that came from this address; ask the operator of the log',
  ),
  LOG_STATE: malformed(
    'The stored checkpoint is not one of this log.',
    'a file of another log, an altered one, or a log with a new key or name',
    'pass the file of this log; without one, the log is followed from its newest checkpoint on',
  ),
  LOG_SEARCH: unavailable(
    'The log cannot be searched.',
    'public Rekor v2 logs have no index; Rekor v1 knows e-mail addresses, keys and digests only',
    'read the log with assay log monitor --from 0',
  ),
  REKOR_ENTRY_MISMATCH: rejected(
    'The log answered with an entry that does not hold for what was submitted.',
    'a broken or hostile log, or something between it and this machine that alters answers',
    'do not use this log',
  ),

  TUF_ROOT: rejected(
    'The TUF root metadata does not verify.',
    'not signed by enough keys, or not the next version',
    'check the mirror; never replace the root by one that does not verify',
  ),
  TUF_METADATA: rejected('TUF metadata does not verify.', 'altered metadata, or signed by other keys', 'check the mirror'),
  TUF_ROLLBACK: rejected('The TUF mirror offers older metadata than already seen.', 'a replayed mirror', 'check the mirror'),
  TUF_EXPIRED: rejected('The TUF metadata has expired.', 'a frozen mirror, or an unmaintained repository', 'check the mirror and the clock of this machine'),
  TUF_MIX: rejected(
    'TUF metadata files of different moments are mixed.',
    'length, hash or version differ from what snapshot or timestamp states',
    'check the mirror',
  ),
  TUF_TARGET: rejected('A TUF target is missing, or is not what the metadata states.', 'an altered or missing file', 'check the mirror'),
  TUF_TOO_LARGE: rejected('TUF metadata is larger than the cap.', 'an endless-data attack', 'check the mirror'),
  TUF_CACHE: usage('The TUF cache cannot be used.', 'missing permission, or no initial root for this mirror', 'pass the initial root.json of the mirror'),

  TOKEN_PARSE: malformed(
    'The identity token is not a JSON Web Token, or lacks what one must have.',
    'an access token of another kind, a shortened text, or the wrong file',
    'pass an OpenID Connect ID token: three base64url parts with dots between them',
  ),
  TOKEN_SUBJECT: rejected(
    'The identity token names nobody that a certificate could be issued to.',
    'an e-mail address that the identity provider has not verified, or no subject at all',
    'verify the address at the identity provider, or use another account',
  ),
  TOKEN_EXPIRED: rejected(
    'The identity token has expired.',
    'a token fetched too early, or a wrong clock',
    'fetch a new token right before signing; check the clock of this machine',
  ),
  TOKEN_PROVIDER: unavailable(
    'This machine offers identity tokens, but gave none.',
    'a job without the permission to ask for tokens, a service that is down, or variables left over from elsewhere',
    'give the job the permission (GitHub: id-token: write), name another source with --oidc-provider, or pass --identity-token',
  ),
  TOKEN_PROVIDER_UNKNOWN: usage(
    'There is no source of identity tokens by this name.',
    'a typing mistake',
    'envvar, github-actions, filesystem, spiffe, buildkite-agent, google-workload-identity and google-impersonate are known',
  ),
  OIDC_ISSUER: unavailable(
    'The OpenID Connect issuer cannot be used.',
    'a wrong address, an issuer that calls itself by another name, or one that lacks the flow',
    'check --oidc-issuer, to the last slash',
  ),
  OIDC_PKCE: rejected(
    'The issuer does not advertise PKCE with S256, without which a code that leaks is as good as a login.',
    'an issuer that was not set up for command line clients',
    'let it advertise code_challenge_methods_supported: ["S256"], or use another issuer',
  ),
  OIDC_LOGIN: unavailable('The login was not completed.', 'it was refused, or nobody answered in time', 'start again, and log in within the time allowed'),
  OIDC_TOKEN: rejected(
    'What the issuer answered does not hold for this login.',
    'a token made for another login or client, or a broken or hostile issuer',
    'do not use this issuer; if it is yours, compare nonce, audience, keys and at_hash with OpenID Connect Core section 3.1.3.7',
  ),

  STACK_DATA: malformed(
    "The stack's folder is not in order.",
    'a file that was removed, altered or damaged, or a key whose passphrase is missing',
    'look at the file in the message; assay stack check tells all that is wrong; restore a backup',
  ),
  STACK_ISSUERS: malformed(
    'The file that says whose identity tokens are accepted cannot be used.',
    'a misspelt setting, a missing client-id, a subject domain that the issuer does not own, or a template that is not known',
    'mend the file at the line in the message; it is the configuration file of Fulcio, with oidc-issuers, meta-issuers and ci-issuer-metadata',
  ),
  STACK_IN_USE: unavailable('Another process has the folder of the stack.', 'a stack that is already running', 'stop it, or name another folder with --data'),
  STACK_LISTEN: unavailable('The address cannot be listened on.', 'another program has the port', 'stop it, or choose another address with --listen'),
  STACK_SERVICE: unavailable(
    'A service that takes the place of one of the stack does not answer as it should.',
    'a wrong URL, or a service that is down',
    'check the URL in the message',
  ),

  SLSA_FORM: malformed(
    'The file is no provenance of a known form.',
    'two documents in one file, an HTML error page, or another kind of attestation',
    'pass one Sigstore bundle or one DSSE envelope; of a file with several lines, one line',
  ),
  SLSA_STATEMENT: rejected(
    'What was signed is not a statement of provenance.',
    'another payload type, an unknown or repeated member, a faulty producer',
    'look at it with: assay provenance show FILE',
  ),
  SLSA_PREDICATE_TYPE: rejected(
    'The statement is not provenance of a supported version.',
    'an SBOM, a test result or another attestation',
    'pass provenance: https://slsa.dev/provenance/v0.2 or v1',
  ),
  SLSA_BUILD_TYPE: rejected(
    'This builder does not make builds of this type.',
    'provenance of a plain workflow where a trusted builder was expected',
    'for attestations made by actions/attest use: assay gh attestation verify',
  ),
  SLSA_BUILDER: rejected(
    'Another builder made this.',
    'another workflow or version than demanded',
    'compare expected and found; pass the builder you mean to trust',
  ),
  SLSA_BUILDER_UNTRUSTED: rejected(
    'The builder is none of the trusted ones.',
    'a workflow of the project itself, or of somebody else',
    'name the builder that you mean to trust with --builder-id',
  ),
  SLSA_BUILDER_REF: rejected(
    'The builder was not called at a release tag.',
    'a branch or a commit after the @ of the reusable workflow',
    'let the workflow call the builder at a tag vX.Y.Z, and build again',
  ),
  SLSA_CLAIMS: rejected(
    'The certificate does not say about the build what one of this authority must.',
    'a certificate of another authority, or one whose extensions contradict each other',
    TAMPERED,
  ),
  SLSA_DISAGREEMENT: rejected(
    'The certificate and the provenance say different things about one build.',
    'provenance written by a build step, or signed by another run than the one it tells of',
    'believe the certificate: the authority checked it, and nobody checked the predicate',
  ),
  SLSA_SOURCE: rejected(
    'It was built from another source.',
    'another repository, a mirror or look-alike host, or a fork',
    'compare expected and found; name the source as github.com/OWNER/REPOSITORY',
  ),
  SLSA_SOURCE_URI: usage('The source is not named as one can be.', 'a scheme, a trailing slash, .git or a ref', 'name it as github.com/OWNER/REPOSITORY'),
  SLSA_SUBJECT: rejected('The artifact is no subject of the provenance.', 'provenance of another release, or another file', NOT_THIS_ARTIFACT),
  SLSA_SUBJECT_ALGORITHM: rejected(
    'The subjects are named by digests of another algorithm.',
    'a weak or unusual algorithm on either side',
    'pass the artifact itself, or its sha256 digest',
  ),
  SLSA_REF: rejected(
    'The provenance does not say from which branch or tag it was built.',
    'a ref of another kind',
    'leave the demand out, or ask for what is there',
  ),
  SLSA_BRANCH: rejected('It was built from another branch.', 'another branch, or a tag where a branch was demanded', 'compare expected and found'),
  SLSA_COMMIT: rejected('It was built from another commit.', 'another revision than demanded', 'compare expected and found'),
  SLSA_TAG: rejected('It was built from another tag.', 'another release, or a branch where a tag was demanded', 'compare expected and found'),
  SLSA_TRIGGER: rejected(
    'Another event started the build.',
    'a pull request, whose code nobody has reviewed, or a push where a dispatch was expected',
    'compare expected and found',
  ),
  SLSA_INPUT: rejected('An input of the workflow differs.', 'started with other inputs', 'compare expected and found'),
  SLSA_RUNNER: rejected(
    'The build did not run where it was demanded.',
    'a self-hosted runner, whose owner can alter the build',
    'build on hosted runners, or allow self-hosted ones',
  ),
  SLSA_LOG_MISSING: unavailable(
    'The envelope carries no proof that it was logged, and the log cannot be asked offline.',
    'provenance of generators before 2.1.0, which wrote bare envelopes',
    'run once with network and keep the bundle: --save-bundle FILE; then verify that',
  ),
  SLSA_LOG_NOT_FOUND: rejected(
    'The log has no entry for this envelope.',
    'bytes of the file were changed (a final newline suffices), another log, or it was never logged',
    'fetch the file again as it was published; name another log with --rekor-url',
  ),
  SLSA_UNSUPPORTED: usage('This cannot be verified.', 'a builder or an option that has no verifier', 'see --help for builders and options'),
  SLSA_IMAGE_MUTABLE: usage(
    'The image is not named by its digest.',
    'a tag, which may name another image tomorrow',
    'pin it: IMAGE@$(assay crane digest IMAGE)',
  ),
  SLSA_NPM_DOCUMENT: malformed(
    'The attestations of the package are not complete.',
    'another document than the one of the registry, or a package without provenance',
    'fetch $(npm config get registry)-/npm/v1/attestations/NAME@VERSION',
  ),
  SLSA_NPM_KEY: rejected('The key that signed the publication is not one of the registry.', 'another registry, or an outdated list of keys', OTHER_INSTANCE),
  SLSA_PACKAGE: rejected('The attestations are about another package.', 'another name or version', 'compare expected and found'),
  SLSA_GCB_DOCUMENT: malformed(
    'The file is not what gcloud describes of an image.',
    'another format than JSON, or no provenance in it',
    'run: gcloud artifacts docker images describe IMAGE --format json --show-provenance',
  ),
  SLSA_GCB_SIGNATURE: rejected('No signature of Cloud Build holds.', 'an altered statement, or the key of another region', TAMPERED),
  SLSA_GCB_TEXT: rejected('The readable copy of the provenance is not what was signed.', 'an altered copy', 'believe what was signed only'),
  SLSA_GCB_BUILD: rejected('The provenance is not of a build that Cloud Build runs.', 'an unknown recipe, kind or resource', 'compare expected and found'),

  VSA_STATEMENT: rejected(
    'What was signed is not a verification summary.',
    'another payload or predicate type',
    'pass an attestation of type verification_summary/v1',
  ),
  VSA_SIGNATURE: rejected(
    'No signature of the summary is by the given key.',
    'another key, or a key id that is not the one demanded',
    'compare the key ids; pass the id with --public-key-id',
  ),
  VSA_SUBJECT: rejected('The summary is about another artifact.', 'a summary of another release', NOT_THIS_ARTIFACT),
  VSA_VERIFIER: rejected('Another verifier made the summary.', 'another id than demanded', 'compare expected and found'),
  VSA_RESOURCE: rejected('The summary is about another resource.', 'another URI than demanded', 'compare expected and found'),
  VSA_RESULT: rejected('The verification that is summarised did not pass.', 'the artifact broke the policy of its verifier', 'do not use the artifact'),
  VSA_LEVELS: rejected('The verified levels are lower than demanded.', 'a weaker build or source', 'compare expected and found'),
  VSA_DEMAND: usage('What the summary must say is not well-formed.', 'an empty value, or a level that is none', 'levels are SLSA_BUILD_LEVEL_3 and the like'),

  ATTESTATION_API: unavailable(
    'The attestations could not be fetched from the forge.',
    'a missing or refused token, a wrong host, or a service that is down',
    'check the token (GH_TOKEN) and the host, or pass the attestations with --bundle',
  ),
  ATTESTATION_NONE: rejected(
    'There is no attestation for this artifact.',
    'it was never attested, or under another repository or predicate type',
    'compare the digest; look in another place with --bundle, --bundle-from-oci or --repo',
  ),
  ATTESTATION_ISSUER: rejected(
    'The certificate is of no instance that is trusted here.',
    'a private authority, or another forge',
    'pass the trusted root of the instance that signed',
  ),

  PROVENANCE_ENVIRONMENT: usage(
    'What must be known about the build is not known here.',
    'not run in a job of a supported CI service, or without the permission to ask for an identity token',
    'give the job the permission (GitHub: id-token: write), or state a local build with --builder local',
  ),
  PROVENANCE_SUBJECTS: malformed(
    'The list of subjects is not one.',
    'not the output of sha256sum, or not base64 of it',
    'make it with: sha256sum FILE... | base64 -w0',
  ),
  PROVENANCE_DISAGREEMENT: rejected(
    'What a build step says about the build is not what the platform says.',
    'variables that a step has changed',
    'remove what sets them; only the token of the platform is believed',
  ),
  PROVENANCE_OUTPUT: usage(
    'The provenance cannot be written there.',
    'a file that is there already, a path outside the working directory, or another ending',
    'name a new file that ends in .intoto.jsonl',
  ),

  POLICY_STATIC: rejected(
    'The policy refuses whatever it covers.',
    'a policy that lets nothing in, until somebody writes a better one',
    'ask whoever owns the policy',
  ),
  POLICY_UNRESOLVED: rejected(
    'A part of the policy could not be resolved, so nothing satisfies it.',
    'a key, a secret or a text that is not there, or parts that contradict each other',
    'see what the message names; assay policy check tells more',
  ),
  POLICY_UNSATISFIED: rejected(
    'What the policy demands was not shown.',
    'an artifact that was not signed by those whom the policy names, or evidence that does not hold',
    'see the failed checks below it: each says what was expected and what was found',
  ),
  POLICY_CONDITION: rejected(
    'A signed statement is not as the policy demands.',
    'a value that differs, or one that is missing',
    'compare the statement with the condition: assay policy test shows both',
  ),
  POLICY_AGE: rejected('The evidence is older than the policy allows.', 'a scan or a signature that was not repeated', 'make the evidence again'),
  POLICY_TIMEOUT: unavailable(
    'A CUE or Rego policy was stopped before it came to a verdict, so it does not hold.',
    'a policy that never ends, or a large document on a machine that is busy',
    'make the policy look at less of the document',
  ),
  POLICY_MEMORY: unavailable(
    'A CUE or Rego policy needs more memory than it may have, so it does not hold.',
    'a policy that builds up values, or looks at all of a very large document',
    'make the policy look at less of the document',
  ),
  POLICY_ENGINE: unavailable(
    'The engine for CUE and Rego did not start, or stopped, so the policy does not hold.',
    'a document that is nested very deeply, a package with files missing, or a machine without memory',
    'evaluate the policy with cue or opa themselves; reinstall when every policy fails',
  ),
  POLICY_MATCH: rejected(
    'Whether the policy is about this image cannot be said.',
    'a pattern or a selector that cannot be read',
    'correct the policy: until then nothing that it may cover is let in',
  ),
  POLICY_EXPRESSION: rejected(
    'An expression or a variable of the policy cannot be evaluated.',
    'a name that is not there, a function with an argument of the wrong type, or an expression that grows without end',
    'see the expression in the message; what cannot be evaluated does not hold',
  ),
  POLICY_CEL: rejected(
    'An expression in CEL cannot be evaluated.',
    'a member that is not there, a value of another type, or a function that failed',
    'guard optional members with has() or .?; what cannot be evaluated does not hold',
  ),
  POLICY_CEL_SYNTAX: malformed(
    'An expression in CEL is not valid.',
    'a mistake in writing, an unknown name or function, or values of types that do not go together',
    'correct the expression that the message names',
  ),
  POLICY_CEL_LIMIT: rejected(
    'An expression in CEL costs more than it may.',
    'loops within loops over long lists, text that grows, or a pattern over very long text',
    'make the lists shorter first, with filter(), and compare less',
  ),
  POLICY_METADATA: rejected(
    'What an object says of its verified images cannot be read.',
    'an annotation that was written by hand',
    'remove the annotation: it is written by the webhook alone',
  ),
  POLICY_WEAKER: rejected(
    'The other dialect cannot say all that the policy demands.',
    'a demand that the other dialect has no words for: each is named in a line of its own',
    'keep the policy in its dialect, or pass --allow-loss when what is lost is known and wanted',
  ),
  POLICY_INVALID: malformed('The policy is not valid.', 'a field that is missing, unknown or contradicts another', 'correct the fields that the message names'),

  POLICY_PARSE: malformed(
    'The policy cannot be read.',
    'an unknown or misspelt field, a value of another type, a name given twice, or another kind of document',
    'compare the field with the reference of the policy language',
  ),
  POLICY_REFERENCE: {
    kind: 'unavailable',
    meaning: 'What a policy refers to cannot be had.',
    causes: 'a Secret, ConfigMap, key or file that is missing, empty, or not what the policy says',
    hint: 'compare the reference with what is there; the policy is not used until it resolves',
  },
  POLICY_PAYLOAD: malformed(
    'An attestation cannot be given to a policy.',
    'an envelope without payload, or a payload that is no in-toto statement',
    ASK_SIGNER,
  ),

  ADMISSION_REVIEW: malformed(
    'The body is no review of the Kubernetes API server.',
    'another client, another version of the API, or nesting beyond the cap',
    'send admission.k8s.io/v1 AdmissionReviews; the message says what is wrong',
  ),
  ADMISSION_OBJECT: malformed(
    'The object under review cannot be read.',
    'a kind that is not handled, or a field of another type than the kind has',
    'correct the object, or the rules of the webhook configuration',
  ),
  ADMISSION_API: unavailable(
    'The Kubernetes API server did not do what was asked.',
    'missing rights, an object that is gone, or a server that is starting',
    'the message has its status and reason; for 403 look at the role of the service account',
  ),
  ADMISSION_KUBECONFIG: usage(
    'It is not known where the cluster is, or as whom to speak to it.',
    'no kubeconfig, or one whose context, cluster or user is missing',
    'set KUBECONFIG, or look at: kubectl config view',
  ),
  ADMISSION_CREDENTIALS: unavailable(
    'The registry credentials of a pod cannot be read.',
    'missing rights to secrets or service accounts, or a secret that is not well-formed',
    'look at the imagePullSecrets of the pod and of its service account',
  ),
  ADMISSION_NOT_READY: unavailable('The policies of the cluster have not been read yet.', 'a webhook that has just started', 'try again in a moment'),
  ADMISSION_DEADLINE: unavailable(
    'There was no verdict in the time that the API server allows.',
    'a registry or a service that is slow, or many images at once',
    'try again: what was verified meanwhile is known; or raise timeoutSeconds of the webhook configuration',
  ),
  ADMISSION_CERTIFICATE: unavailable(
    'There is no serving certificate.',
    'others that write the same Secret over and over',
    'look at who else writes the Secret of the serving certificate',
  ),
  ADMISSION_LISTEN: usage(
    'The webhook cannot listen there.',
    'another program on the port, or an address of another machine',
    'choose another address or port',
  ),

  INTERNAL: {
    kind: 'unavailable',
    meaning: 'A bug in Assay.',
    causes: 'an invariant of our own does not hold',
    hint: 'please report it with the command and its input',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
