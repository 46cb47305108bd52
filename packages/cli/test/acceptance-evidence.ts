/** Keyless evidence for images in a registry, made with the testkit's instance, in both storage formats, whole or altered. */
import { concat, decodeBase64, encodeBase64, encodePem, encodeSimpleSigning, type JsonValue, utf8 } from '@assay/core';
import type { BundleJson } from '@assay/make';
import {
  ANNOTATION,
  type AttachmentSuffix,
  attachmentTag,
  type Digest,
  DSSE_ENVELOPE,
  OCI_CONFIG,
  OCI_EMPTY,
  SIGSTORE_BUNDLE,
  SIMPLE_SIGNING,
} from '@assay/oci';
import { encodeStatement, SIGN_PREDICATE_TYPE } from '@assay/sign';
import { type Descriptor, type Instance, OCI_INDEX, OCI_MANIFEST, putImage, type RegistryContent, type Sample, type SignOptions } from '@assay/testkit';
import { legacyBundleOf } from './material.ts';

/** A bundle that refers to the image, or a layer under `.sig` or `.att`. */
export type Format = 'bundle' | 'layer';
export const FORMATS: readonly Format[] = ['bundle', 'layer'];

/** What a signing says besides who signed. */
export interface Claim {
  /** `HOST/REPOSITORY` of the image, as the signer calls it. */
  readonly name: string;
  readonly digest: string;
  /** Usually text; cosign compares nothing else. */
  readonly annotations?: Readonly<Record<string, JsonValue>>;
  /** An attestation of this type instead of a signature. */
  readonly attests?: { readonly predicateType: string; readonly predicate: JsonValue };
}

/** A signing before it is stored: what was signed, and the evidence around it as a bundle holds it. */
export interface Signing {
  readonly format: Format;
  readonly claim: Claim;
  /** The simple-signing payload of a layer; in envelopes the payload is in the bundle. */
  readonly payload: Uint8Array;
  readonly sample: Sample;
}

export function signClaim(instance: Instance, claim: Claim, format: Format, options: SignOptions = {}): Signing {
  if (format === 'layer' && claim.attests === undefined) {
    const payload = simpleSigning(claim);
    return { format, claim, payload, sample: instance.sign(payload, options) };
  }
  const payload = statementOf(claim);
  return { format, claim, payload, sample: instance.sign(payload, { ...options, content: 'dsse', payload }) };
}

/** With values of any type, which our own encoder does not write. */
function simpleSigning({ name, digest, annotations = {} }: Claim): Uint8Array {
  const { critical } = JSON.parse(new TextDecoder().decode(encodeSimpleSigning({ dockerReference: name, digest }))) as { critical: object };
  return utf8(JSON.stringify({ critical, optional: Object.keys(annotations).length === 0 ? null : annotations }));
}

function statementOf({ name, digest, annotations = {}, attests }: Claim): Uint8Array {
  const sha256 = digest.replace('sha256:', '');
  if (attests !== undefined) return encodeStatement({ name, sha256, ...attests, version: 'v0.1' });
  return encodeStatement({ sha256, annotations: annotations as Record<string, string>, predicateType: SIGN_PREDICATE_TYPE, predicate: {}, version: 'v1' });
}

/** Stores it for `subject`, in `repository`, which need not be that of the image. */
export function store({ format, claim, payload, sample }: Signing, subject: Descriptor, content: RegistryContent, repository: string): void {
  const { bundle } = sample;
  if (format === 'bundle') {
    const predicateType = claim.attests?.predicateType ?? SIGN_PREDICATE_TYPE;
    putImage(content, repository, {
      artifactType: SIGSTORE_BUNDLE,
      config: { mediaType: OCI_EMPTY, bytes: utf8('{}') },
      layers: [{ mediaType: SIGSTORE_BUNDLE, bytes: utf8(JSON.stringify(bundle)) }],
      subject,
      annotations: { 'dev.sigstore.bundle.content': 'dsse-envelope', 'dev.sigstore.bundle.predicateType': predicateType },
    });
    return;
  }
  const { attests } = claim;
  if (attests === undefined) {
    const signature = bundle.messageSignature?.signature ?? '';
    putLayer({ content, repository, subject, suffix: 'sig' }, payload, SIMPLE_SIGNING, { [ANNOTATION.signature]: signature, ...partsOf(sample) });
  } else {
    const annotations = { [ANNOTATION.signature]: '', predicateType: attests.predicateType, ...partsOf(sample) };
    putLayer({ content, repository, subject, suffix: 'att' }, utf8(JSON.stringify(bundle.dsseEnvelope)), DSSE_ENVELOPE, annotations);
  }
}

/** What lies beside the signature. */
function partsOf(sample: Sample): Record<string, string> {
  const { certificate, timestampVerificationData } = sample.bundle.verificationMaterial;
  const { rekorBundle } = legacyBundleOf(sample);
  const [timestamp] = timestampVerificationData?.rfc3161Timestamps ?? [];
  return {
    [ANNOTATION.certificate]: encodePem('CERTIFICATE', decodeBase64(certificate?.rawBytes ?? '') as Uint8Array),
    [ANNOTATION.chain]: '',
    ...(rekorBundle !== undefined && { [ANNOTATION.bundle]: JSON.stringify(rekorBundle) }),
    ...(timestamp !== undefined && { [ANNOTATION.timestamp]: JSON.stringify({ SignedRFC3161Timestamp: timestamp.signedTimestamp }) }),
  };
}

interface Place {
  readonly content: RegistryContent;
  readonly repository: string;
  readonly subject: Descriptor;
  readonly suffix: AttachmentSuffix;
}

function putLayer({ content, repository, subject, suffix }: Place, bytes: Uint8Array, mediaType: string, annotations: Record<string, string>): void {
  const layer = { ...content.putBlob(repository, bytes, mediaType), annotations };
  const config = content.putBlob(
    repository,
    utf8(JSON.stringify({ architecture: '', os: '', rootfs: { type: 'layers', diff_ids: [layer.digest] } })),
    OCI_CONFIG,
  );
  content.putManifest(
    repository,
    { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] },
    { tag: attachmentTag(subject.digest as Digest, suffix) },
  );
}

/** An index over images for two platforms. */
export function putIndex(content: RegistryContent, repository: string, tag: string): { index: Descriptor; children: readonly Descriptor[] } {
  const children = ['amd64', 'arm64'].map((architecture) => {
    const bytes = utf8(JSON.stringify({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, config: {} }));
    return { ...putImage(content, repository, { config: { mediaType: OCI_CONFIG, bytes } }), platform: { architecture, os: 'linux' } };
  });
  const index = content.putManifest(repository, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: children }, { tag, mediaType: OCI_INDEX });
  return { index, children };
}

/** The shape of what helm pushes. */
export function putChart(content: RegistryContent, repository: string, tag: string): Descriptor {
  return putImage(content, repository, {
    tag,
    config: {
      mediaType: 'application/vnd.cncf.helm.config.v1+json',
      bytes: utf8(JSON.stringify({ name: repository.split('/').at(-1), version: tag, apiVersion: 'v2' })),
    },
    layers: [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', bytes: utf8('a chart') }],
  });
}

/** Other bytes under the same signature: a space behind what was signed, so that everything that can be read in it is the same. */
export function withChangedPayload(signing: Signing): Signing {
  const { payload, sample } = signing;
  const { dsseEnvelope } = sample.bundle;
  if (dsseEnvelope === undefined) return { ...signing, payload: concat(payload, utf8(' ')) };
  const changed = encodeBase64(concat(decodeBase64(dsseEnvelope.payload) as Uint8Array, utf8(' ')));
  return withBundle(signing, { dsseEnvelope: { ...dsseEnvelope, payload: changed } });
}

/** The certificate of another signing. */
export function withCertificateOf(signing: Signing, other: Signing): Signing {
  const { certificate } = other.sample.bundle.verificationMaterial;
  return withMaterial(signing, certificate === undefined ? {} : { certificate });
}

/** The log entry of another signing. */
export function withEntryOf(signing: Signing, other: Signing): Signing {
  return withMaterial(signing, { tlogEntries: other.sample.bundle.verificationMaterial.tlogEntries });
}

function withMaterial(signing: Signing, change: Partial<BundleJson['verificationMaterial']>): Signing {
  return withBundle(signing, { verificationMaterial: { ...signing.sample.bundle.verificationMaterial, ...change } });
}

function withBundle(signing: Signing, change: Partial<BundleJson>): Signing {
  const { sample } = signing;
  return { ...signing, sample: { ...sample, bundle: { ...sample.bundle, ...change } } };
}
