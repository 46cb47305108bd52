/** What is carried over an air gap in tests: an index of two platforms with a signature, an attestation and an SBOM, a chart, and a file with its bundle. */
import { encodeBase64, encodeSimpleSigning, utf8 } from '@assay/core';
import {
  DEFAULT_CLAIMS,
  DEFAULT_IDENTITY,
  type Descriptor,
  type Instance,
  OCI_INDEX,
  OCI_MANIFEST,
  putBundle,
  putImage,
  type TestRegistry,
} from '@assay/testkit';
import { certificatePemOf, legacyBundleOf } from './material.ts';
import type { Scratch } from './run-cli.ts';

export interface KitScene {
  readonly index: Descriptor;
  readonly platforms: readonly Descriptor[];
  readonly chart: Descriptor;
  readonly file: string;
  readonly policy: string;
}

export const CYCLONEDX = 'https://cyclonedx.org/bom';

export function putKitScene(instance: Instance, registry: TestRegistry, scratch: Scratch): KitScene {
  const { content } = registry;
  const platforms = ['amd64', 'arm64'].map((architecture) => {
    const config = {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      bytes: utf8(JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } })),
    };
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8(`layer for ${architecture}`) };
    return { ...putImage(content, 'acme/app', { config, layers: [layer] }), platform: { os: 'linux', architecture } };
  });
  const index = content.putManifest('acme/app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: platforms }, { tag: '1.0', mediaType: OCI_INDEX });
  attest(instance, registry, 'acme/app', index, 'https://sigstore.dev/cosign/sign/v1', {});
  attest(instance, registry, 'acme/app', index, CYCLONEDX, { bomFormat: 'CycloneDX' });
  putImage(content, 'acme/app', {
    artifactType: 'application/spdx+json',
    layers: [{ mediaType: 'application/spdx+json', bytes: utf8('{"spdxVersion":"SPDX-2.3"}') }],
    subject: index,
  });
  putOldSignature(instance, registry, 'acme/app', index);
  const chart = putChart(registry);
  attest(instance, registry, 'acme/charts/app', chart, 'https://sigstore.dev/cosign/sign/v1', {});
  const file = scratch.write('app.tar.gz', 'a release\n');
  scratch.write('app.tar.gz.sigstore.json', instance.sign(utf8('a release\n')).bundleBytes);
  scratch.write('root.json', instance.trustedRoot());
  const signer = `{ issuer: '${DEFAULT_CLAIMS.iss}', subject: '${DEFAULT_IDENTITY.san}', trust: { file: ../root.json } }`;
  const head = 'apiVersion: assay.dev/v1alpha1\nkind: ImagePolicy\nmetadata: { name: release }\nspec:';
  const policy = scratch.write('policies/release.yaml', `${head}\n  signers: [${signer}]\n`);
  return { index, platforms, chart, file, policy };
}

function putChart({ content }: TestRegistry): Descriptor {
  const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json', bytes: utf8('{"name":"app","version":"1.0.0","apiVersion":"v2"}') };
  return putImage(content, 'acme/charts/app', {
    tag: '1.0.0',
    config,
    layers: [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', bytes: utf8('a chart') }],
  });
}

/** As a bundle that refers to its subject. */
export function attest(instance: Instance, { content }: TestRegistry, repository: string, subject: Descriptor, predicateType: string, predicate: object): void {
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject: [{ digest: { sha256: subject.digest.slice(7) } }], predicateType, predicate };
  putBundle(content, repository, subject, instance.sign(utf8('unused'), { content: 'dsse', payload: utf8(JSON.stringify(statement)) }).bundleBytes);
}

/** As a layer under the tag that cosign 2 looks at. */
export function putOldSignature(instance: Instance, { content }: TestRegistry, repository: string, { digest }: Descriptor): Descriptor {
  const payload = encodeSimpleSigning({ dockerReference: 'anything', digest: digest as `sha256:${string}` });
  const sample = instance.sign(payload);
  const annotations = {
    'dev.cosignproject.cosign/signature': encodeBase64(sample.expected.signature),
    'dev.sigstore.cosign/certificate': certificatePemOf(sample),
    'dev.sigstore.cosign/bundle': JSON.stringify(legacyBundleOf(sample).rekorBundle),
  };
  const layer = { ...content.putBlob(repository, payload, 'application/vnd.dev.cosign.simplesigning.v1+json'), annotations };
  const config = content.putBlob(repository, utf8('{}'), 'application/vnd.oci.image.config.v1+json');
  return content.putManifest(repository, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] }, { tag: `${digest.replace(':', '-')}.sig` });
}

/** A policy by its spec, as YAML that is JSON. */
export function nativePolicy(spec: object): object {
  return { apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name: 'release' }, spec };
}
