/** What each error code means, and what usually causes it: for people who look it up. Apart from the catalogue, since no program needs it. */
import type { ErrorCode } from './catalogue.ts';

export interface ErrorPage {
  readonly meaning: string;
  readonly causes: string;
}

export const errorPages = {
  BUNDLE_PARSE: {
    meaning: 'The bundle is not well-formed JSON of the bundle shape.',
    causes: 'a truncated download, an HTML error page, base64 with foreign characters, a duplicate key',
  },
  BUNDLE_TOO_LARGE: { meaning: 'The bundle is larger than the cap.', causes: 'the wrong file, or an attack on the parser' },
  BUNDLE_VERSION: { meaning: 'The media type names no supported bundle version.', causes: 'a newer producer, or not a bundle at all' },
  BUNDLE_SHAPE: {
    meaning: 'A field that the bundle version requires is missing, empty, or not allowed.',
    causes: 'an incomplete producer, or fields removed on the way',
  },
  BUNDLE_LIMIT: { meaning: 'The bundle holds more items than the cap.', causes: 'an attack on the verifier' },
  BUNDLE_PROOF_MISSING: {
    meaning: 'The bundle version requires an inclusion proof with checkpoint, and an entry has none.',
    causes: 'an old client, or the proof was removed',
  },
  BUNDLE_PROMISE_MISSING: { meaning: 'A version 0.1 bundle requires an inclusion promise, and an entry has none.', causes: 'the promise was removed' },
  BUNDLE_CHAIN: {
    meaning: 'The certificate material is of a form the bundle version forbids.',
    causes: 'a chain in a 0.3 bundle, or a self-signed root among the certificates',
  },

  RELEASE_CONFIG: {
    meaning: 'The description of the release cannot be read, or names nothing that can be released.',
    causes: 'a misspelt key, a name that is no file name, an image that a chart names and the release does not have',
  },
  RELEASE_INPUT: {
    meaning: 'Something that the release is to be made of is not there, or not what it should be.',
    causes: 'a build that was not run, a pattern that fits no file, two files of one name',
  },
  RELEASE_OTHER: {
    meaning: 'A release of other things was begun in this folder.',
    causes: 'a new build, or a changed description, since the run that was interrupted',
  },
  RELEASE_JOURNAL: { meaning: 'The record of an interrupted release cannot be read.', causes: 'it was edited, or a disk failed' },
  RELEASE_EXISTS: { meaning: 'A tag of the release names something else already.', causes: 'the version was released before' },
  RELEASE_PARSE: { meaning: 'The document is no description of a release.', causes: 'another file, a truncated one, or one that names files elsewhere' },
  RELEASE_MISSING: { meaning: 'Something that the release consists of is not there.', causes: 'an incomplete download' },
  RELEASE_UNSIGNED: {
    meaning: 'Something lies in the folder of the release that nobody signed.',
    causes: 'a file that was added later, or one that is none of the release',
  },
  RELEASE_MISMATCH: { meaning: 'A part of the release is not what its description says.', causes: 'a part of another release, or one that was exchanged' },
  RELEASE_DISAGREEMENT: { meaning: 'The parts of the release do not come from one build.', causes: 'parts of two releases, or one that was signed elsewhere' },
  CHECKSUMS_PARSE: { meaning: 'The checksum file cannot be read, or contradicts itself.', causes: 'a line that is no checksum, or two lines for one file' },
  CHECKSUMS_MISMATCH: { meaning: 'A file is not the one in the checksum file.', causes: 'a truncated download, or another file of that name' },

  SBOM_PARSE: { meaning: 'The document is no SBOM that can be read.', causes: 'another format or version, a truncated file, or an SBOM as XML or tag-value' },
  SBOM_UNREADABLE: {
    meaning: 'A package database, or a part of one, cannot be read.',
    causes: 'a corrupt or truncated file, or a format of a version that is not known',
  },
  SBOM_LIMIT: { meaning: 'A file or a document is larger than the cap.', causes: 'an archive that is a bomb' },
  SBOM_REFERENCE: {
    meaning: 'The SBOM that an attestation names by its digest is not there, or is another.',
    causes: 'it was moved or rewritten after it was attested',
  },

  TRUST_ROOT_PARSE: { meaning: 'The trusted root is not well-formed JSON of its shape.', causes: 'the wrong file, or a truncated one' },
  TRUST_ROOT_VERSION: { meaning: 'The trusted root has an unknown media type.', causes: 'a newer format, or another document' },
  TRUST_ROOT_SHAPE: { meaning: 'A trusted root entry is incomplete or inconsistent.', causes: 'a hand-made root without required fields' },
  TRUST_ROOT_VALIDITY: {
    meaning: 'A key or authority has no usable validity window.',
    causes: 'validFor or its start is missing, or the end lies before the start',
  },
  TRUST_ROOT_MISSING: { meaning: 'No trusted root is available.', causes: 'offline without a cached or embedded root' },
  TRUST_ROOT_UNKNOWN: { meaning: 'A policy names a trusted root that is not there.', causes: 'a TrustRoot that was not given or not applied, or another name' },
  TRUST_ROOT_STALE: {
    meaning: 'The trusted root could not be refreshed, and a fresh one was demanded.',
    causes: 'the TUF mirror is down, or its metadata expired',
  },

  SIGNING_CONFIG_PARSE: { meaning: 'The signing configuration is not well-formed JSON of its shape.', causes: 'the wrong file, or a truncated one' },
  SIGNING_CONFIG_VERSION: { meaning: 'The signing configuration has an unknown media type.', causes: 'version 0.1, which is obsolete, or another document' },
  SIGNING_CONFIG_SHAPE: { meaning: 'A service of the signing configuration is incomplete or contradictory.', causes: 'a hand-made configuration' },
  SIGNING_CONFIG_SERVICES: {
    meaning: 'The signing configuration offers too few usable services.',
    causes: 'services outside their validity, or with an API version that is not supported',
  },
  SIGNING_INCOMPLETE: { meaning: 'Not every service that was chosen has recorded the signing.', causes: 'a log or a timestamp authority that failed' },

  KEY_PARSE: { meaning: 'The public key cannot be read.', causes: 'not PEM, a private key, or a point that is not on the curve' },
  KEY_UNSUPPORTED: { meaning: 'The key type or algorithm is not supported.', causes: 'LMS, LM-OTS and ML-DSA keys, or an unknown curve' },
  KEY_EXPECTED: { meaning: 'A key was given, but the evidence carries a certificate.', causes: 'keyless evidence checked with --key' },
  KEY_HINT_MISMATCH: { meaning: 'The envelope names another key than the bundle.', causes: 'dsseEnvelope.signatures[0].keyid differs from publicKey.hint' },
  KEY_WINDOW: { meaning: 'The key was not valid when the signature was made.', causes: 'a rotated or revoked key' },
  KEY_PRIVATE_PARSE: {
    meaning: 'The private key cannot be read.',
    causes: 'not PEM, a key that is not encrypted where an encrypted one is expected, or altered bytes',
  },
  KEY_PASSWORD: {
    meaning: 'The password or PIN does not open the private key.',
    causes: 'a wrong, empty or missing password; a line break at its end; or an altered key file',
  },
  KEY_REFERENCE: {
    meaning: 'The key reference is not understood, or names no key.',
    causes: 'a typing mistake, or a part of the reference or an environment variable that is missing',
  },
  KEY_PROVIDER: {
    meaning: 'The place that keeps the key refused, or answered something that cannot be used.',
    causes: 'missing rights, a key that is not there, or a service that is not what the reference says',
  },
  KEY_PROVIDER_MISSING: {
    meaning: 'Nothing here can use this kind of key.',
    causes: 'a key management service without support, or an optional package that is not installed',
  },

  TLOG_UNKNOWN_LOG: { meaning: 'The log that made the entry is not in the trusted root.', causes: 'another Sigstore instance, or an outdated root' },
  TLOG_KEY_WINDOW: { meaning: 'The log key was not valid at the entry time.', causes: 'an entry made before or after the key was in use' },
  TLOG_SET_INVALID: { meaning: 'The signed entry timestamp does not verify.', causes: 'entry fields were altered' },
  TLOG_SET_UNEXPECTED: { meaning: 'A Rekor v2 entry carries a signed entry timestamp, which that log does not define.', causes: 'fields of two logs mixed' },
  TLOG_CHECKPOINT_PARSE: { meaning: 'The checkpoint is not a well-formed signed note.', causes: 'lines removed or changed' },
  TLOG_CHECKPOINT_ORIGIN: { meaning: 'The checkpoint is not of the log that made the entry.', causes: 'a checkpoint of another log or shard' },
  TLOG_CHECKPOINT_UNSIGNED: {
    meaning: 'The checkpoint carries no signature line of the log.',
    causes: 'the line was removed, or name and key id belong to another key',
  },
  TLOG_CHECKPOINT_SIGNATURE: { meaning: 'The log signature on the checkpoint does not verify.', causes: 'the checkpoint text was altered' },
  TLOG_COSIGNATURE: { meaning: 'A cosignature of a known witness does not verify.', causes: 'the checkpoint or the cosignature was altered' },
  TLOG_WITNESS_THRESHOLD: {
    meaning: 'Too few of the named witnesses cosigned the checkpoint.',
    causes: 'a log that is not witnessed, or a witness that was not reached in time',
  },
  TLOG_CHECKPOINT_MISMATCH: { meaning: 'The inclusion proof and its checkpoint name different trees.', causes: 'a checkpoint of another moment was attached' },
  TLOG_INCLUSION_SHAPE: {
    meaning: 'The inclusion proof cannot belong to this index and tree size.',
    causes: 'index beyond the tree, wrong number of hashes, a hash that is not 32 bytes',
  },
  TLOG_INCLUSION_MISMATCH: {
    meaning: 'The inclusion proof leads to another root than the log signed.',
    causes: 'a corrupted hash, or an entry that is not in the log',
  },
  TLOG_KIND: {
    meaning: 'The log entry kind is not supported, or does not fit the content.',
    causes: 'intoto 0.0.1, rekord and others; or an entry of another content type',
  },
  TLOG_BODY_PARSE: { meaning: 'The log entry body is not well-formed.', causes: 'the body was altered' },
  TLOG_BODY_SIGNATURE: { meaning: 'The log entry is about another signature.', causes: 'an entry of another signing was attached' },
  TLOG_BODY_KEY: { meaning: 'The log entry is about another certificate or key.', causes: 'an entry of another signer was attached' },
  TLOG_BODY_DIGEST: {
    meaning: 'The log entry is about another artifact or payload.',
    causes: 'an entry of another artifact was attached, or this is not the signed artifact',
  },
  TLOG_DUPLICATE: { meaning: 'Two entries are the same log position.', causes: 'one entry copied to reach a threshold' },
  TLOG_THRESHOLD: { meaning: 'Too few entries of trusted logs.', causes: 'the bundle has no entry, or only entries of unknown logs' },

  TSA_PARSE: { meaning: 'The timestamp is not a well-formed RFC 3161 response.', causes: 'truncated or altered token' },
  TSA_STATUS: { meaning: 'The timestamp authority did not grant the timestamp.', causes: 'the stored response is a refusal' },
  TSA_IMPRINT: { meaning: 'The timestamp is about another signature.', causes: 'a token of another signing was attached' },
  TSA_UNTRUSTED: { meaning: 'The timestamp authority is not in the trusted root.', causes: 'another instance, or an outdated root' },
  TSA_ATTRIBUTES: {
    meaning: 'The signed attributes of the timestamp are missing or inconsistent.',
    causes: 'an altered token, or another certificate than the signer named',
  },
  TSA_SIGNATURE: { meaning: 'The signature of the timestamp does not verify.', causes: 'an altered token' },
  TSA_CHAIN: {
    meaning: 'The timestamping certificate does not chain to the trusted root at the time it states.',
    causes: 'expired certificates at that time, or a certificate not made for timestamping',
  },
  TSA_WINDOW: { meaning: 'The timestamp lies outside the window in which its authority is trusted.', causes: 'an authority retired or not yet started' },
  TSA_FUTURE: { meaning: 'The timestamp lies in the future.', causes: 'a wrong clock here or at the authority' },
  TSA_DUPLICATE: { meaning: 'The same timestamp appears twice.', causes: 'one token copied to reach a threshold' },
  TSA_REQUEST: { meaning: 'The timestamp authority answered a request with an error.', causes: 'a wrong address, or an authority that is down' },
  TSA_NONCE: { meaning: 'The timestamp is not the answer to the request.', causes: 'a replayed answer, or an authority that ignores nonces' },
  TSA_THRESHOLD: { meaning: 'Too few timestamps of trusted authorities.', causes: 'no timestamp, or none that verifies' },

  TIME_MISSING: { meaning: 'Nothing proves when the signature was made.', causes: 'a Rekor v2 entry without a timestamp, or an unverified integrated time' },

  CERT_PARSE: { meaning: 'The certificate is not well-formed X.509 DER.', causes: 'altered bytes, or another document' },
  CERT_CHAIN: { meaning: 'The certificate does not chain to an authority of the trusted root.', causes: 'another instance, or a self-made certificate' },
  CERT_CHAIN_SIGNATURE: { meaning: 'A certificate of the path is not signed by its issuer.', causes: 'an altered certificate' },
  CERT_CHAIN_WINDOW: { meaning: 'The authority was not trusted at the signing time.', causes: 'an authority retired or not yet started' },
  CERT_TIME: {
    meaning: 'The signing time lies outside the validity of a certificate.',
    causes: 'signed after the short-lived certificate expired, or a forged time',
  },
  CERT_PROFILE: { meaning: 'The signing certificate breaks the code signing profile.', causes: 'a certificate made for something else' },
  CERT_PROFILE_EKU: { meaning: 'The certificate is not allowed to sign code.', causes: 'a TLS, mail or timestamping certificate' },
  CERT_PROFILE_USAGE: { meaning: 'The key usage does not allow signatures.', causes: 'a certificate made for something else' },
  CERT_PROFILE_CA: { meaning: 'The signing certificate is a certificate authority.', causes: 'an authority certificate in the place of the leaf' },
  CERT_PROFILE_CRITICAL: {
    meaning: 'A critical extension is not understood, or forbids this use.',
    causes: 'name constraints, a precertificate, or an unknown profile',
  },
  CERT_PROFILE_SAN: { meaning: 'The certificate does not name exactly one signer.', causes: 'no or several subject alternative names' },
  CERT_PROFILE_ISSUER: { meaning: 'The certificate names two different OIDC issuers.', causes: 'an altered or faulty certificate' },

  SCT_MISSING: { meaning: 'The certificate carries no signed certificate timestamp.', causes: 'a private authority without certificate transparency' },
  SCT_PARSE: { meaning: 'The signed certificate timestamp list is not well-formed.', causes: 'altered certificate' },
  SCT_UNKNOWN_LOG: { meaning: 'No certificate transparency log of the trusted root made the timestamp.', causes: 'another instance, or an outdated root' },
  SCT_WINDOW: { meaning: 'The certificate transparency log key was not valid at the timestamp.', causes: 'a retired log' },
  SCT_SIGNATURE: { meaning: 'The signed certificate timestamp does not verify.', causes: 'an altered certificate or timestamp' },
  SCT_THRESHOLD: { meaning: 'Too few certificate transparency logs vouch for the certificate.', causes: 'fewer timestamps than demanded' },

  IDENTITY_MISMATCH: { meaning: 'The signer is not one of the expected identities.', causes: 'another workflow, branch, tag or person signed' },
  IDENTITY_ISSUER: { meaning: 'The signer was vouched for by another OIDC issuer.', causes: 'another provider signed in' },
  IDENTITY_EXTENSION: { meaning: 'A certificate extension differs from what was demanded.', causes: 'another trigger, commit, workflow, repository or ref' },
  IDENTITY_MISSING: { meaning: 'An identity was demanded, but the evidence carries no certificate.', causes: 'evidence made with a self-managed key' },
  IDENTITY_PATTERN: { meaning: 'The pattern is not a valid RE2 regular expression.', causes: 'look-around, back-references, or unbalanced brackets' },

  SIGNATURE_INVALID: { meaning: 'The signature does not verify.', causes: 'the artifact or the signature was altered, or another key signed' },
  SIGNATURE_ENCODING: { meaning: 'The signature bytes are not of the form the algorithm demands.', causes: 'altered signature' },
  SIGNATURE_DIGEST_ONLY: { meaning: 'This signature cannot be verified from a digest.', causes: 'pure Ed25519 signs the artifact itself' },

  ARTIFACT_MISMATCH: { meaning: 'The artifact is not the one that was signed.', causes: 'another file or version, or it was altered' },
  ARTIFACT_MISMATCH_DIGEST: { meaning: 'The digest stated in the bundle is not that of the artifact.', causes: 'an altered bundle' },
  ARTIFACT_MISMATCH_SUBJECT: { meaning: 'No subject of the statement is the artifact.', causes: 'an attestation about something else' },
  ARTIFACT_MISMATCH_ALGORITHM: {
    meaning: 'The digest given is of another algorithm than the signature needs.',
    causes: 'sha256 given where the key signs sha384 or sha512',
  },

  STATEMENT_PAYLOAD_TYPE: { meaning: 'The envelope does not hold an in-toto statement.', causes: 'an envelope made for something else' },
  STATEMENT_PARSE: { meaning: 'The in-toto statement is not well-formed.', causes: 'a faulty producer' },
  STATEMENT_PREDICATE_TYPE: { meaning: 'The statement has another predicate type than demanded.', causes: 'another kind of attestation' },

  ANNOTATION_MISMATCH: {
    meaning: 'An annotation that was demanded is not signed with this value.',
    causes: 'another release of the same image, or a signature made without annotations',
  },
  PREDICATE_PARSE: { meaning: 'The predicate is not of its type.', causes: 'the wrong file, or the wrong --type' },
  PAYLOAD_PARSE: { meaning: 'The signed payload is not one that names an image.', causes: 'a signature made for something else' },

  PIN_PARSE: {
    meaning: 'The file cannot be read as what it seems to be, so that nothing in it can be pinned.',
    causes: 'a syntax error, a template, or bytes that are not UTF-8',
  },
  PIN_CHANGED: { meaning: 'A file changed while its references were verified.', causes: 'an editor or another run at the same time' },

  USAGE: { meaning: 'The command line does not say what to do.', causes: 'a missing or contradictory flag' },
  USAGE_IDENTITY: { meaning: 'An identity needs both who signed and who vouched for it.', causes: 'an identity without an issuer, or the reverse' },
  EVIDENCE_NOT_FOUND: { meaning: 'No evidence was found for the artifact.', causes: 'it was never signed, or its bundle lies elsewhere' },
  FILE_NOT_FOUND: { meaning: 'The file does not exist.', causes: 'a wrong path' },
  FILE_UNREADABLE: { meaning: 'The file cannot be read.', causes: 'a folder, or missing permission' },
  FILE_TOO_LARGE: { meaning: 'The file is larger than the cap.', causes: 'the wrong file' },
  RESULT_PARSE: { meaning: 'The saved result is not a verification result.', causes: 'another document, or a newer version' },

  NET_OFFLINE: { meaning: 'The network is needed, and offline was demanded.', causes: '--offline or ASSAY_OFFLINE=1' },
  NET_URL: { meaning: 'The URL is not one that may be fetched.', causes: 'an unsupported scheme or a malformed URL' },
  NET_UNREACHABLE: { meaning: 'The host cannot be reached.', causes: 'no network, a wrong name, or a proxy is needed' },
  NET_TIMEOUT: { meaning: 'The host did not answer in time.', causes: 'a slow or stalled server' },
  NET_STATUS: { meaning: 'The server answered with an error.', causes: 'see the status in the message' },
  NET_TOO_LARGE: { meaning: 'The response is larger than the cap.', causes: 'the wrong address, or an attack' },
  NET_REDIRECT: { meaning: 'Too many redirects, or a redirect to a place that is not allowed.', causes: 'a redirect loop, or https that leads to http' },
  NET_TLS: { meaning: 'The TLS certificate of the host is not trusted.', causes: 'a private authority' },
  NET_CLIENT_CERTIFICATE: {
    meaning: 'The TLS client certificate or its key cannot be used.',
    causes: 'one without the other, a key of another certificate, an encrypted key, or a file that is not PEM',
  },
  NET_BODY_SIZE: { meaning: 'What is to be sent has another size than announced.', causes: 'a file that was written to while it was sent' },
  NET_LISTEN: {
    meaning: 'The address for the answer of a login cannot be listened on.',
    causes: 'a redirect URL that is not of this machine, or a port that is taken',
  },

  AUTH_CONFIG: { meaning: 'A file with registry credentials cannot be used.', causes: 'hand-edited or truncated JSON, or missing permission to write it' },
  AUTH_HELPER: {
    meaning: 'A credential helper of the container tools failed.',
    causes: 'it is not installed, its store is locked, or it did not answer in time',
  },
  MIRRORS_PARSE: {
    meaning: 'The list of registry mirrors cannot be read.',
    causes: 'a line that is not of the form "registry = URL", or a registry named twice',
  },

  OCI_REFERENCE: { meaning: 'The text is not an image reference.', causes: 'a typing mistake, or upper-case letters in the repository' },
  OCI_DIGEST: { meaning: 'The text is not a digest.', causes: 'a shortened digest, or upper-case hex' },
  OCI_DIGEST_MISMATCH: {
    meaning: 'The content that arrived is not what its digest says.',
    causes: 'a registry, mirror or proxy that alters content, or a corrupted store',
  },
  OCI_SIZE_MISMATCH: {
    meaning: 'The content that arrived is not of the size its descriptor says.',
    causes: 'a connection that broke, or a registry that alters content',
  },
  OCI_MANIFEST: { meaning: 'The manifest is not well-formed.', causes: 'a registry, mirror or login page that answers something else' },
  OCI_CONTENT_TYPE: { meaning: 'The content is not of the type it is sent as.', causes: 'a misconfigured registry, or an attempt to have it read in two ways' },
  OCI_LIMIT: { meaning: 'The registry answers more than the cap allows.', causes: 'a runaway tool, or an attack' },
  OCI_NOT_FOUND: { meaning: 'The registry does not have it.', causes: 'a wrong name, a deleted tag, or a private repository' },
  OCI_UNAUTHORIZED: { meaning: 'The registry wants a login.', causes: 'no credentials, or wrong ones' },
  OCI_DENIED: { meaning: 'The login is not allowed to do this.', causes: 'missing rights on the repository' },
  OCI_AUTH: {
    meaning: 'The registry asks for a login in a way that cannot be followed.',
    causes: 'a malformed challenge, or one that would carry the password to another site or over plain http',
  },
  OCI_RATE_LIMITED: { meaning: 'The registry allows no more requests for now.', causes: 'its rate limit' },
  OCI_STATUS: { meaning: 'The registry answered with an error.', causes: 'see the status in the message' },
  OCI_UPLOAD: { meaning: 'The registry did not take the upload.', causes: 'see the message' },
  OCI_UNSUPPORTED: { meaning: 'The registry cannot do this.', causes: 'an old registry, or one that forbids it' },
  OCI_LAYOUT: { meaning: 'The folder is not an OCI image layout.', causes: 'a wrong path, or an incomplete copy' },
  OCI_ARCHIVE: { meaning: 'The file is not an archive of images.', causes: 'a plain tar, or an incomplete download' },
  OCI_CONFIG: { meaning: 'The configuration of the image is not well-formed.', causes: 'an artifact that is not a container image, or a broken builder' },
  OCI_LAYER: {
    meaning: 'A layer cannot be read as the archive it says it is.',
    causes: 'a truncated or foreign file, or entries that would be written outside the image',
  },
  OCI_EXISTS: { meaning: 'Something else is already there.', causes: 'an earlier push' },
  OCI_SUBJECT: {
    meaning: 'The evidence is attached to something else.',
    causes: 'a registry that lists referrers of other images, or evidence moved between images',
  },
  OCI_PLATFORM: { meaning: 'The index has no such platform.', causes: 'a typing mistake, or an image that was not built for it' },

  KIT_FORMAT: {
    meaning: 'The file is not a kit, or holds something that kits do not hold.',
    causes: 'another kind of file, a kit that was packed anew with tar, or an attempt to have it read in two ways',
  },
  KIT_INCOMPLETE: { meaning: 'The kit ends before its last byte.', causes: 'a copy that was interrupted, or a medium that is full' },
  KIT_MISMATCH: { meaning: 'The kit does not hold what its list says.', causes: 'content that was altered, added or taken out on the way' },
  KIT_ROOT_AGE: {
    meaning: 'The trusted root of the kit is older than allowed, or nobody knows how old it is.',
    causes: 'a kit that was made long ago, or made without network',
  },

  CHART_ARCHIVE: { meaning: 'The file is not a chart archive.', causes: 'a wrong path, or a truncated download' },
  CHART_PATH: {
    meaning: 'A path in the chart archive leads out of the folder of the chart.',
    causes: 'an archive that was packed by hand, or an attack on whoever unpacks it',
  },
  CHART_ENTRY: { meaning: 'The chart holds something that is not a regular file.', causes: 'a device, or a symbolic link that leads out of the chart' },
  CHART_DUPLICATE: {
    meaning: 'The chart archive holds one path twice.',
    causes: 'an archive that was packed by hand, or an attempt to have it read in two ways',
  },
  CHART_TOO_LARGE: { meaning: 'The chart is larger than the cap.', causes: 'large files that are no part of the chart, or a decompression bomb' },
  CHART_FILE: { meaning: 'A file of the chart is missing or malformed.', causes: 'a typing mistake, or a folder that is not a chart' },
  CHART_METADATA: { meaning: 'Chart.yaml holds a value that is not allowed.', causes: 'a missing or malformed name or version' },
  CHART_DEPENDENCY: { meaning: 'A dependency of the chart is not in its charts folder.', causes: 'dependencies that were not fetched' },
  CHART_REFERENCE: { meaning: 'The text does not name a chart in a registry.', causes: 'a typing mistake, or upper-case letters in the path' },
  CHART_VERSION: {
    meaning: 'The version is malformed, or no version meets the constraint.',
    causes: 'a typing mistake, or only prereleases, which a constraint has to name',
  },
  CHART_MANIFEST: { meaning: 'What the registry has under this name is not a chart.', causes: 'the name of an image' },
  CHART_PROVENANCE: {
    meaning: 'The provenance of the chart does not verify.',
    causes: 'a chart that was altered, renamed or signed by a key that is not in the keyring',
  },
  CHART_KEYRING: { meaning: 'The keyring cannot be used.', causes: 'a wrong name or passphrase, or the new format of GnuPG' },
  CHART_EXISTS: { meaning: 'Something else is where the chart would be unpacked.', causes: 'an earlier download' },

  FULCIO_REFUSED: {
    meaning: 'The certificate authority refuses to certify the key.',
    causes: 'an identity token of an issuer, audience or time that it does not take, or a key type that it does not certify',
  },
  FULCIO_REQUEST: { meaning: 'The certificate authority did not answer a request.', causes: 'an authority that is down or overloaded, or a wrong address' },
  FULCIO_RESPONSE: {
    meaning: 'The certificate authority answered something that is not a certificate chain.',
    causes: 'a wrong address, or something between it and this machine that answers in its place',
  },
  FULCIO_MISMATCH: {
    meaning: 'The certificate is not the one that was asked for.',
    causes: 'a broken or hostile authority, or something between it and this machine that alters answers',
  },
  PENDING_PARSE: { meaning: 'The file is not the state of an interrupted signing.', causes: 'another file, an altered one, or one of a newer version' },
  PENDING_EXPIRED: {
    meaning: 'The interrupted signing can no longer be completed.',
    causes: 'the certificate lives for minutes, and whatever still has to vouch for the time would do so after its end',
  },

  REKOR_NOT_FOUND: { meaning: 'The log holds no entry for this signature.', causes: 'it was never logged, or in another log' },
  REKOR_RESPONSE: { meaning: 'The log answered something that is not a log entry.', causes: 'a wrong --rekor-url' },
  REKOR_UPLOAD: {
    meaning: 'The log did not record the signing.',
    causes: 'a log that is frozen or overloaded, a key type it does not take, or a signature that it knows already',
  },
  LOG_READ: {
    meaning: 'The log does not hand out what is needed to check it.',
    causes: 'a log that is down, that withholds a part, or an address that is no log',
  },
  LOG_FORK: {
    meaning: 'The log shows a history that does not extend the one that it showed before.',
    causes: 'a log that was altered or restored from an old backup, or that shows different people different histories',
  },
  LOG_ROLLBACK: { meaning: 'The log shows a smaller tree than it signed before.', causes: 'a log that was set back, or a mirror that stays behind' },
  LOG_LIE: {
    meaning: 'The log hands out what is not in the tree that it signed.',
    causes: 'a broken or hostile log, or something between it and this machine that alters answers',
  },
  LOG_STATE: { meaning: 'The stored checkpoint is not one of this log.', causes: 'a file of another log, an altered one, or a log with a new key or name' },
  LOG_SEARCH: { meaning: 'The log cannot be searched.', causes: 'public Rekor v2 logs have no index; Rekor v1 knows e-mail addresses, keys and digests only' },
  REKOR_ENTRY_MISMATCH: {
    meaning: 'The log answered with an entry that does not hold for what was submitted.',
    causes: 'a broken or hostile log, or something between it and this machine that alters answers',
  },

  TUF_ROOT: { meaning: 'The TUF root metadata does not verify.', causes: 'not signed by enough keys, or not the next version' },
  TUF_METADATA: { meaning: 'TUF metadata does not verify.', causes: 'altered metadata, or signed by other keys' },
  TUF_ROLLBACK: { meaning: 'The TUF mirror offers older metadata than already seen.', causes: 'a replayed mirror' },
  TUF_EXPIRED: { meaning: 'The TUF metadata has expired.', causes: 'a frozen mirror, or an unmaintained repository' },
  TUF_MIX: { meaning: 'TUF metadata files of different moments are mixed.', causes: 'length, hash or version differ from what snapshot or timestamp states' },
  TUF_TARGET: { meaning: 'A TUF target is missing, or is not what the metadata states.', causes: 'an altered or missing file' },
  TUF_TOO_LARGE: { meaning: 'TUF metadata is larger than the cap.', causes: 'an endless-data attack' },
  TUF_CACHE: { meaning: 'The TUF cache cannot be used.', causes: 'missing permission, or no initial root for this mirror' },

  TOKEN_PARSE: {
    meaning: 'The identity token is not a JSON Web Token, or lacks what one must have.',
    causes: 'an access token of another kind, a shortened text, or the wrong file',
  },
  TOKEN_SUBJECT: {
    meaning: 'The identity token names nobody that a certificate could be issued to.',
    causes: 'an e-mail address that the identity provider has not verified, or no subject at all',
  },
  TOKEN_EXPIRED: { meaning: 'The identity token has expired.', causes: 'a token fetched too early, or a wrong clock' },
  TOKEN_PROVIDER: {
    meaning: 'This machine offers identity tokens, but gave none.',
    causes: 'a job without the permission to ask for tokens, a service that is down, or variables left over from elsewhere',
  },
  TOKEN_PROVIDER_UNKNOWN: { meaning: 'There is no source of identity tokens by this name.', causes: 'a typing mistake' },
  OIDC_ISSUER: {
    meaning: 'The OpenID Connect issuer cannot be used.',
    causes: 'a wrong address, an issuer that calls itself by another name, or one that lacks the flow',
  },
  OIDC_PKCE: {
    meaning: 'The issuer does not advertise PKCE with S256, without which a code that leaks is as good as a login.',
    causes: 'an issuer that was not set up for command line clients',
  },
  OIDC_LOGIN: { meaning: 'The login was not completed.', causes: 'it was refused, or nobody answered in time' },
  OIDC_TOKEN: {
    meaning: 'What the issuer answered does not hold for this login.',
    causes: 'a token made for another login or client, or a broken or hostile issuer',
  },

  STACK_DATA: { meaning: "The stack's folder is not in order.", causes: 'a file that was removed, altered or damaged, or a key whose passphrase is missing' },
  STACK_ISSUERS: {
    meaning: 'The file that says whose identity tokens are accepted cannot be used.',
    causes: 'a misspelt setting, a missing client-id, a subject domain that the issuer does not own, or a template that is not known',
  },
  STACK_IN_USE: { meaning: 'Another process has the folder of the stack.', causes: 'a stack that is already running' },
  STACK_LISTEN: { meaning: 'The address cannot be listened on.', causes: 'another program has the port' },
  STACK_SERVICE: {
    meaning: 'A service that takes the place of one of the stack does not answer as it should.',
    causes: 'a wrong URL, or a service that is down',
  },

  SLSA_FORM: { meaning: 'The file is no provenance of a known form.', causes: 'two documents in one file, an HTML error page, or another kind of attestation' },
  SLSA_STATEMENT: {
    meaning: 'What was signed is not a statement of provenance.',
    causes: 'another payload type, an unknown or repeated member, a faulty producer',
  },
  SLSA_PREDICATE_TYPE: { meaning: 'The statement is not provenance of a supported version.', causes: 'an SBOM, a test result or another attestation' },
  SLSA_BUILD_TYPE: {
    meaning: 'This builder does not make builds of this type.',
    causes: 'provenance of a plain workflow where a trusted builder was expected',
  },
  SLSA_BUILDER: { meaning: 'Another builder made this.', causes: 'another workflow or version than demanded' },
  SLSA_BUILDER_UNTRUSTED: { meaning: 'The builder is none of the trusted ones.', causes: 'a workflow of the project itself, or of somebody else' },
  SLSA_BUILDER_REF: { meaning: 'The builder was not called at a release tag.', causes: 'a branch or a commit after the @ of the reusable workflow' },
  SLSA_CLAIMS: {
    meaning: 'The certificate does not say about the build what one of this authority must.',
    causes: 'a certificate of another authority, or one whose extensions contradict each other',
  },
  SLSA_DISAGREEMENT: {
    meaning: 'The certificate and the provenance say different things about one build.',
    causes: 'provenance written by a build step, or signed by another run than the one it tells of',
  },
  SLSA_SOURCE: { meaning: 'It was built from another source.', causes: 'another repository, a mirror or look-alike host, or a fork' },
  SLSA_SOURCE_URI: { meaning: 'The source is not named as one can be.', causes: 'a scheme, a trailing slash, .git or a ref' },
  SLSA_SUBJECT: { meaning: 'The artifact is no subject of the provenance.', causes: 'provenance of another release, or another file' },
  SLSA_SUBJECT_ALGORITHM: { meaning: 'The subjects are named by digests of another algorithm.', causes: 'a weak or unusual algorithm on either side' },
  SLSA_REF: { meaning: 'The provenance does not say from which branch or tag it was built.', causes: 'a ref of another kind' },
  SLSA_BRANCH: { meaning: 'It was built from another branch.', causes: 'another branch, or a tag where a branch was demanded' },
  SLSA_COMMIT: { meaning: 'It was built from another commit.', causes: 'another revision than demanded' },
  SLSA_TAG: { meaning: 'It was built from another tag.', causes: 'another release, or a branch where a tag was demanded' },
  SLSA_TRIGGER: {
    meaning: 'Another event started the build.',
    causes: 'a pull request, whose code nobody has reviewed, or a push where a dispatch was expected',
  },
  SLSA_INPUT: { meaning: 'An input of the workflow differs.', causes: 'started with other inputs' },
  SLSA_RUNNER: { meaning: 'The build did not run where it was demanded.', causes: 'a self-hosted runner, whose owner can alter the build' },
  SLSA_LOG_MISSING: {
    meaning: 'The envelope carries no proof that it was logged, and the log cannot be asked offline.',
    causes: 'provenance of generators before 2.1.0, which wrote bare envelopes',
  },
  SLSA_LOG_NOT_FOUND: {
    meaning: 'The log has no entry for this envelope.',
    causes: 'bytes of the file were changed (a final newline suffices), another log, or it was never logged',
  },
  SLSA_UNSUPPORTED: { meaning: 'This cannot be verified.', causes: 'a builder or an option that has no verifier' },
  SLSA_IMAGE_MUTABLE: { meaning: 'The image is not named by its digest.', causes: 'a tag, which may name another image tomorrow' },
  SLSA_NPM_DOCUMENT: {
    meaning: 'The attestations of the package are not complete.',
    causes: 'another document than the one of the registry, or a package without provenance',
  },
  SLSA_NPM_KEY: { meaning: 'The key that signed the publication is not one of the registry.', causes: 'another registry, or an outdated list of keys' },
  SLSA_PACKAGE: { meaning: 'The attestations are about another package.', causes: 'another name or version' },
  SLSA_GCB_DOCUMENT: { meaning: 'The file is not what gcloud describes of an image.', causes: 'another format than JSON, or no provenance in it' },
  SLSA_GCB_SIGNATURE: { meaning: 'No signature of Cloud Build holds.', causes: 'an altered statement, or the key of another region' },
  SLSA_GCB_TEXT: { meaning: 'The readable copy of the provenance is not what was signed.', causes: 'an altered copy' },
  SLSA_GCB_BUILD: { meaning: 'The provenance is not of a build that Cloud Build runs.', causes: 'an unknown recipe, kind or resource' },

  VSA_STATEMENT: { meaning: 'What was signed is not a verification summary.', causes: 'another payload or predicate type' },
  VSA_SIGNATURE: { meaning: 'No signature of the summary is by the given key.', causes: 'another key, or a key id that is not the one demanded' },
  VSA_SUBJECT: { meaning: 'The summary is about another artifact.', causes: 'a summary of another release' },
  VSA_VERIFIER: { meaning: 'Another verifier made the summary.', causes: 'another id than demanded' },
  VSA_RESOURCE: { meaning: 'The summary is about another resource.', causes: 'another URI than demanded' },
  VSA_RESULT: { meaning: 'The verification that is summarised did not pass.', causes: 'the artifact broke the policy of its verifier' },
  VSA_LEVELS: { meaning: 'The verified levels are lower than demanded.', causes: 'a weaker build or source' },
  VSA_DEMAND: { meaning: 'What the summary must say is not well-formed.', causes: 'an empty value, or a level that is none' },

  ATTESTATION_API: {
    meaning: 'The attestations could not be fetched from the forge.',
    causes: 'a missing or refused token, a wrong host, or a service that is down',
  },
  ATTESTATION_NONE: { meaning: 'There is no attestation for this artifact.', causes: 'it was never attested, or under another repository or predicate type' },
  ATTESTATION_ISSUER: { meaning: 'The certificate is of no instance that is trusted here.', causes: 'a private authority, or another forge' },

  PROVENANCE_ENVIRONMENT: {
    meaning: 'What must be known about the build is not known here.',
    causes: 'not run in a job of a supported CI service, or without the permission to ask for an identity token',
  },
  PROVENANCE_SUBJECTS: { meaning: 'The list of subjects is not one.', causes: 'not the output of sha256sum, or not base64 of it' },
  PROVENANCE_DISAGREEMENT: { meaning: 'What a build step says about the build is not what the platform says.', causes: 'variables that a step has changed' },
  PROVENANCE_OUTPUT: {
    meaning: 'The provenance cannot be written there.',
    causes: 'a file that is there already, a path outside the working directory, or another ending',
  },

  POLICY_STATIC: { meaning: 'The policy refuses whatever it covers.', causes: 'a policy that lets nothing in, until somebody writes a better one' },
  POLICY_UNRESOLVED: {
    meaning: 'A part of the policy could not be resolved, so nothing satisfies it.',
    causes: 'a key, a secret or a text that is not there, or parts that contradict each other',
  },
  POLICY_UNSATISFIED: {
    meaning: 'What the policy demands was not shown.',
    causes: 'an artifact that was not signed by those whom the policy names, or evidence that does not hold',
  },
  POLICY_CONDITION: { meaning: 'A signed statement is not as the policy demands.', causes: 'a value that differs, or one that is missing' },
  POLICY_AGE: { meaning: 'The evidence is older than the policy allows.', causes: 'a scan or a signature that was not repeated' },
  POLICY_TIMEOUT: {
    meaning: 'A CUE or Rego policy was stopped before it came to a verdict, so it does not hold.',
    causes: 'a policy that never ends, or a large document on a machine that is busy',
  },
  POLICY_MEMORY: {
    meaning: 'A CUE or Rego policy needs more memory than it may have, so it does not hold.',
    causes: 'a policy that builds up values, or looks at all of a very large document',
  },
  POLICY_ENGINE: {
    meaning: 'The engine for CUE and Rego did not start, or stopped, so the policy does not hold.',
    causes: 'a document that is nested very deeply, a package with files missing, or a machine without memory',
  },
  POLICY_MATCH: { meaning: 'Whether the policy is about this image cannot be said.', causes: 'a pattern or a selector that cannot be read' },
  POLICY_EXPRESSION: {
    meaning: 'An expression or a variable of the policy cannot be evaluated.',
    causes: 'a name that is not there, a function with an argument of the wrong type, or an expression that grows without end',
  },
  POLICY_CEL: {
    meaning: 'An expression in CEL cannot be evaluated.',
    causes: 'a member that is not there, a value of another type, or a function that failed',
  },
  POLICY_CEL_SYNTAX: {
    meaning: 'An expression in CEL is not valid.',
    causes: 'a mistake in writing, an unknown name or function, or values of types that do not go together',
  },
  POLICY_CEL_LIMIT: {
    meaning: 'An expression in CEL costs more than it may.',
    causes: 'loops within loops over long lists, text that grows, or a pattern over very long text',
  },
  POLICY_METADATA: { meaning: 'What an object says of its verified images cannot be read.', causes: 'an annotation that was written by hand' },
  POLICY_WEAKER: {
    meaning: 'The other dialect cannot say all that the policy demands.',
    causes: 'a demand that the other dialect has no words for: each is named in a line of its own',
  },
  POLICY_INVALID: { meaning: 'The policy is not valid.', causes: 'a field that is missing, unknown or contradicts another' },

  POLICY_PARSE: {
    meaning: 'The policy cannot be read.',
    causes: 'an unknown or misspelt field, a value of another type, a name given twice, or another kind of document',
  },
  POLICY_REFERENCE: {
    meaning: 'What a policy refers to cannot be had.',
    causes: 'a Secret, ConfigMap, key or file that is missing, empty, or not what the policy says',
  },
  POLICY_PAYLOAD: { meaning: 'An attestation cannot be given to a policy.', causes: 'an envelope without payload, or a payload that is no in-toto statement' },

  LOCK_PARSE: {
    meaning: 'The lock cannot be read.',
    causes: 'an unknown or misspelt property, a value of another type, a name given twice, a merge that was left unresolved',
  },
  LOCK_CHANGED: { meaning: 'The lock was changed by somebody else meanwhile.', causes: 'two commands that write it at once' },
  LOCK_UNKNOWN: { meaning: 'The artifact is not in the lock.', causes: 'one that nobody has reviewed yet, or another name for it' },
  LOCK_AMBIGUOUS: {
    meaning: 'It is not clear what the lock is to be compared with, or to keep.',
    causes: 'several signers of an artifact that is not in the lock yet, or two patterns that match one file',
  },
  LOCK_SIGNER: { meaning: 'Somebody else has signed than the first time.', causes: 'another workflow, branch or key, a fork, or an attack' },
  LOCK_ISSUER: { meaning: 'Somebody else vouches for the signer than the first time.', causes: 'another identity provider, or an attack' },
  LOCK_SOURCE: {
    meaning: 'It is from another repository than the first time, or from a branch where it was from tags.',
    causes: 'a repository that was moved, a fork, a build of a branch, or an attack',
  },
  LOCK_BUILDER: {
    meaning: 'Somebody else has built it than the first time, or nothing says who.',
    causes: 'another workflow, provenance that was left out, or an attack',
  },
  LOCK_WEAKER: {
    meaning: 'The evidence is weaker than the first time.',
    causes: 'a release without provenance, without its SBOM, or without a record in a log',
  },

  ADMISSION_REVIEW: {
    meaning: 'The body is no review of the Kubernetes API server.',
    causes: 'another client, another version of the API, or nesting beyond the cap',
  },
  ADMISSION_OBJECT: { meaning: 'The object under review cannot be read.', causes: 'a kind that is not handled, or a field of another type than the kind has' },
  ADMISSION_API: {
    meaning: 'The Kubernetes API server did not do what was asked.',
    causes: 'missing rights, an object that is gone, or a server that is starting',
  },
  ADMISSION_KUBECONFIG: {
    meaning: 'It is not known where the cluster is, or as whom to speak to it.',
    causes: 'no kubeconfig, or one whose context, cluster or user is missing',
  },
  ADMISSION_CREDENTIALS: {
    meaning: 'The registry credentials of a pod cannot be read.',
    causes: 'missing rights to secrets or service accounts, or a secret that is not well-formed',
  },
  ADMISSION_NOT_READY: { meaning: 'The policies of the cluster have not been read yet.', causes: 'a webhook that has just started' },
  ADMISSION_DEADLINE: {
    meaning: 'There was no verdict in the time that the API server allows.',
    causes: 'a registry or a service that is slow, or many images at once',
  },
  ADMISSION_CERTIFICATE: { meaning: 'There is no serving certificate.', causes: 'others that write the same Secret over and over' },
  ADMISSION_LISTEN: { meaning: 'The webhook cannot listen there.', causes: 'another program on the port, or an address of another machine' },

  INTERNAL: { meaning: 'A bug in Assay.', causes: 'an invariant of our own does not hold' },
} as const satisfies Readonly<Record<ErrorCode, ErrorPage>>;
