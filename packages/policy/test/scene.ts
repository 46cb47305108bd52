/** Images in a registry of the testkit, with whatever evidence a test wants beside them in either of cosign's formats, and the subject that policies judge. */
import { encodeBase64, encodePem, encodeSimpleSigning, fromHex, type Json, parseTrustedRoot, type TrustedRoot, utf8 } from '@assay/core';
import { encodeStatement, generateKey, type SigningKey } from '@assay/make';
import { createHttpClient } from '@assay/net';
import { attachmentTag, type Descriptor, type Digest, openRegistries } from '@assay/oci';
import {
  createInstance,
  type Instance,
  OCI_MANIFEST,
  putBundle,
  putImage,
  type Sample,
  type SignOptions,
  serveRegistry,
  type TestRegistry,
} from '@assay/testkit';
import { rekorBundleOf } from '../../cli/test/material.ts';
import { namedImage, type PolicyEngines, type Subject, type SubjectOptions, subjectOf } from '../src/index.ts';

export interface Scene {
  readonly instance: Instance;
  readonly registry: TestRegistry;
  readonly root: TrustedRoot;
  /** A new image, `app-N:1` unless it is named. */
  image(named?: { readonly repository: string; readonly tag: string }): SceneImage;
  subject(text: string, options?: Partial<SubjectOptions>): Subject;
  close(): Promise<void>;
}

export interface SceneImage {
  /** `HOST/app-N`. */
  readonly name: string;
  readonly repository: string;
  readonly digest: Digest;
  /** `NAME@DIGEST`. */
  readonly reference: string;
  /** In cosign's older format, or as a bundle. */
  sign(options?: StoredSigning): void;
  attest(predicateType: string, predicate: Json, options?: StoredSigning): void;
}

export interface StoredSigning extends SignOptions {
  /** Default: bundle. */
  readonly format?: 'bundle' | 'older';
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: that of the image. */
  readonly repository?: string;
  readonly tagPrefix?: string;
  /** What is signed names another image. */
  readonly of?: Digest;
}

/** Closed by whoever opened it. */
export async function openScene(): Promise<Scene> {
  const instance = createInstance();
  const registry = await serveRegistry();
  const root = parseTrustedRoot(utf8(JSON.stringify(instance.trustedRoot())));
  const http = createHttpClient({});
  const registries = openRegistries({ http });
  let images = 0;
  return {
    instance,
    registry,
    root,
    image: ({ repository, tag } = { repository: `app-${++images}`, tag: '1' }) => sceneImage(repository, tag, registry, instance),
    subject: (text, options = {}) =>
      subjectOf(namedImage(text), { registries, defaultRoot: async () => root, engines: NO_ENGINES, now: instance.now, ...options }),
    async close() {
      http.close();
      await registry.close();
    },
  };
}

function sceneImage(repository: string, tag: string, { content, host }: TestRegistry, instance: Instance): SceneImage {
  const descriptor = putImage(content, repository, { tag, layers: [{ mediaType: 'text/plain', bytes: utf8(`${repository}:${tag}`) }] }) as Descriptor;
  const { digest } = descriptor;
  const name = `${host}/${repository}`;
  const older = new Map<string, object[]>();
  const putOlder = (
    suffix: 'sig' | 'att',
    mediaType: string,
    bytes: Uint8Array,
    annotations: object,
    { repository: where = repository, tagPrefix = '' }: StoredSigning,
  ): void => {
    const tag = `${tagPrefix}${attachmentTag(digest, suffix)}`;
    const layers = older.get(`${where} ${tag}`) ?? [];
    layers.push({ ...content.putBlob(where, bytes, mediaType), annotations });
    older.set(`${where} ${tag}`, layers);
    const config = content.putBlob(where, utf8('{}'), 'application/vnd.oci.image.config.v1+json');
    content.putManifest(where, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }, { tag });
  };
  const statement = (predicateType: string, predicate: Json, of: Digest = digest): Uint8Array =>
    encodeStatement({ subjects: [{ name, digests: { sha256: fromHex(of.slice('sha256:'.length)) } }], predicateType, predicate });
  return {
    name,
    repository,
    digest,
    reference: `${name}@${digest}`,
    sign({ format = 'bundle', annotations = {}, ...options } = {}) {
      if (format === 'bundle') {
        const payload = statement('https://sigstore.dev/cosign/sign/v1', {}, options.of);
        putBundle(content, options.repository ?? repository, descriptor, instance.sign(utf8(''), { content: 'dsse', payload, ...options }).bundleBytes);
        return;
      }
      const payload = encodeSimpleSigning({ dockerReference: name, digest: options.of ?? digest, annotations });
      const sample = instance.sign(payload, options);
      const signature = encodeBase64(sample.expected.signature);
      putOlder('sig', SIMPLE_SIGNING, payload, olderAnnotations(sample, signature), options);
    },
    attest(predicateType, predicate, { format = 'bundle', ...options } = {}) {
      const sample = instance.sign(utf8(''), { content: 'dsse', payload: statement(predicateType, predicate, options.of), ...options });
      if (format === 'bundle') return void putBundle(content, options.repository ?? repository, descriptor, sample.bundleBytes);
      putOlder('att', DSSE_ENVELOPE, utf8(JSON.stringify(sample.bundle.dsseEnvelope)), olderAnnotations(sample, ''), options);
    },
  };
}

/** As cosign 2 stores them beside what is signed. */
function olderAnnotations({ bundle, expected }: Sample, signature: string): Record<string, string> {
  const [entry] = bundle.verificationMaterial.tlogEntries;
  const [timestamp] = bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
  return {
    'dev.cosignproject.cosign/signature': signature,
    ...(expected.certificate !== undefined && { 'dev.sigstore.cosign/certificate': encodePem('CERTIFICATE', expected.certificate) }),
    ...(entry !== undefined && { 'dev.sigstore.cosign/bundle': JSON.stringify(rekorBundleOf(entry)) }),
    ...(timestamp !== undefined && { 'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({ SignedRFC3161Timestamp: timestamp.signedTimestamp }) }),
  };
}

export function newKey(): SigningKey {
  return generateKey('p256');
}

/** For tests that evaluate nothing. */
const NO_ENGINES: PolicyEngines = {
  async evaluate() {
    throw new TypeError('no engine was asked for');
  },
};

const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const DSSE_ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
