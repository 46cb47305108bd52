/**
 * The verify rows of the acceptance table (cosign.md section 6) as data: what lies in the registry, who signed it, and the command line of the guide it comes
 * from.
 */
import type { JsonValue } from '@assay/core';
import type { Descriptor, RegistryContent, SignOptions } from '@assay/testkit';
import { type Claim, putChart, putIndex } from './acceptance-evidence.ts';

export interface VerifyRow {
  /** Of the table. */
  readonly row: string;
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
  readonly shape: 'index' | 'chart';
  readonly signer: SignOptions;
  readonly annotations?: Readonly<Record<string, JsonValue>>;
  readonly attests?: Claim['attests'];
  /** Repository of the same registry that holds the evidence. */
  readonly side?: string;
  /** As the guide has it. `$IMAGE` is `HOST/REPOSITORY:TAG`, `$DIGEST` its digest. */
  readonly line: string;
}

/** What stands in `line` for the variables of the guides. */
export function valuesOf({ host, repository, tag }: VerifyRow, digest: string): Readonly<Record<string, string>> {
  const image = `${host}/${repository}:${tag}`;
  return {
    IMAGE: image,
    PINNED: `${image}@${digest}`,
    IMAGE_DIGEST: digest,
    CHART_DIGEST: digest,
    IMAGE_SEMVER_EXPECTED: SEMVER,
    CHART_SEMVER_EXPECTED: SEMVER,
  };
}

/** The image or chart of a row, not signed. */
export function putSubject({ repository, tag, shape }: VerifyRow, content: RegistryContent): { subject: Descriptor; children: readonly Descriptor[] } {
  if (shape === 'chart') return { subject: putChart(content, repository, tag), children: [] };
  const { index, children } = putIndex(content, repository, tag);
  return { subject: index, children };
}

function workflow(owner: string, name: string, file: string, ref: string): SignOptions {
  const repository = `${owner}/${name}`;
  const path = `${repository}/.github/workflows/${file}@${ref}`;
  return {
    githubClaims: {
      repository,
      repository_owner: owner,
      job_workflow_ref: path,
      workflow_ref: path,
      ref,
      sub: `repo:${repository}:ref:${ref}`,
      workflow: file,
    },
  };
}

const SEMVER = 'v1.2.3';
const GITHUB = 'https://token.actions.githubusercontent.com';
const GOOGLE = 'https://accounts.google.com';

export const ENIX_FLAGS = `--certificate-identity-regexp '^https://github\\.com/enix/x509-certificate-exporter/' --certificate-oidc-issuer ${GITHUB}`;
const ENIX = {
  repository: 'enix/x509-certificate-exporter',
  tag: '4.0.0',
  shape: 'index',
  signer: workflow('enix', 'x509-certificate-exporter', 'release.yaml', 'refs/tags/v4.0.0'),
} as const;
export const SBOM = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  components: [
    { type: 'library', name: 'k8s.io/client-go', version: 'v0.34.1' },
    { type: 'library', name: 'k8s.io/apimachinery', version: 'v0.34.1' },
  ],
};
export const CYCLONEDX = 'https://cyclonedx.org/bom';

export const VERIFY_ROWS: readonly VerifyRow[] = [
  { row: '1, ghcr.io', host: 'ghcr.io', ...ENIX, line: `cosign verify ghcr.io/enix/x509-certificate-exporter:4.0.0 ${ENIX_FLAGS}` },
  { row: '1, quay.io', host: 'quay.io', ...ENIX, line: `cosign verify quay.io/enix/x509-certificate-exporter:4.0.0 ${ENIX_FLAGS}` },
  { row: '1, Docker Hub', host: 'index.docker.io', ...ENIX, line: `cosign verify enix/x509-certificate-exporter:4.0.0 ${ENIX_FLAGS}` },
  {
    row: '2',
    host: 'quay.io',
    ...ENIX,
    attests: { predicateType: CYCLONEDX, predicate: SBOM },
    line: `cosign verify-attestation quay.io/enix/x509-certificate-exporter:4.0.0 --type cyclonedx ${ENIX_FLAGS}`,
  },
  {
    row: '5',
    host: 'quay.io',
    ...ENIX,
    repository: 'enix/charts/x509-certificate-exporter',
    shape: 'chart',
    line: `cosign verify quay.io/enix/charts/x509-certificate-exporter:4.0.0 ${ENIX_FLAGS}`,
  },
  {
    row: '9',
    host: 'quay.io',
    ...ENIX,
    line: `cosign verify quay.io/enix/x509-certificate-exporter:4.0.0 --certificate-identity 'https://github.com/enix/x509-certificate-exporter/.github/workflows/release.yaml@refs/tags/v4.0.0' --certificate-oidc-issuer ${GITHUB}`,
  },
  {
    row: '20',
    host: 'index.docker.io',
    repository: 'knabben/netshoot',
    tag: 'latest',
    shape: 'index',
    signer: { identity: { type: 'email', value: 'user@gmail.com' }, oidcIssuer: GOOGLE },
    annotations: { real: 'true' },
    line: 'cosign verify knabben/netshoot --certificate-identity=user@gmail.com --certificate-oidc-issuer=https://accounts.google.com',
  },
  {
    row: '29',
    host: 'gcr.io',
    repository: 'distroless/static-debian11',
    tag: 'latest',
    shape: 'index',
    signer: { identity: { type: 'email', value: 'keyless@distroless.iam.gserviceaccount.com' }, oidcIssuer: GOOGLE },
    line: 'cosign verify gcr.io/distroless/static-debian11:latest --certificate-oidc-issuer https://accounts.google.com --certificate-identity keyless@distroless.iam.gserviceaccount.com',
  },
  {
    row: '30',
    host: 'ghcr.io',
    repository: 'michaelvl/cosign-oci-poc',
    tag: SEMVER,
    shape: 'index',
    signer: workflow('michaelvl', 'cosign-oci-poc', 'build.yaml', `refs/tags/${SEMVER}`),
    annotations: { imageRef: `refs/tags/${SEMVER}`, commit: '0123abc' },
    line: `cosign verify --certificate-identity-regexp https://github.com/michaelvl/cosign-oci-poc/.github/workflows/build.yaml@refs/.* --certificate-oidc-issuer ${GITHUB} -a "imageRef=refs/tags/$IMAGE_SEMVER_EXPECTED" ghcr.io/michaelvl/cosign-oci-poc@$IMAGE_DIGEST`,
  },
  {
    row: '31',
    host: 'ghcr.io',
    repository: 'michaelvl/cosign-oci-poc-helm',
    tag: SEMVER,
    shape: 'chart',
    signer: workflow('michaelvl', 'cosign-oci-poc', 'helm-release.yaml', `refs/tags/${SEMVER}`),
    annotations: { chartVersion: SEMVER },
    line: `cosign verify --certificate-identity-regexp https://github.com/michaelvl/cosign-oci-poc/.github/workflows/helm-release.yaml@refs/.* --certificate-oidc-issuer ${GITHUB} -a "chartVersion=$CHART_SEMVER_EXPECTED" ghcr.io/michaelvl/cosign-oci-poc-helm@$CHART_DIGEST`,
  },
  {
    // The host is as the guide prints it, and is not github.com.
    row: '38',
    host: 'ghcr.io',
    repository: 'natrontech/pbs-exporter',
    tag: 'v0.6.0',
    shape: 'index',
    signer: {
      identity: { type: 'uri', value: 'https://github.aaakk.us.kg/natrontech/pbs-exporter/.github/workflows/release.yml@refs/tags/v0.6.0' },
      oidcIssuer: GITHUB,
    },
    side: 'natrontech/signatures',
    line: `COSIGN_REPOSITORY=ghcr.io/natrontech/signatures cosign verify --certificate-oidc-issuer ${GITHUB} --certificate-identity-regexp '^https://github.aaakk.us.kg/natrontech/pbs-exporter/.github/workflows/release.yml@refs/tags/v[0-9]+.[0-9]+.[0-9]+(-rc.[0-9]+)?$' $PINNED`,
  },
];
