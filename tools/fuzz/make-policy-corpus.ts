/** `node tools/fuzz/make-policy-corpus.ts`: the first inputs of the targets for policies, by hand. */
import { encodeBase64, utf8 } from '@assay/core';
import { write } from './corpus.ts';

const yaml = (target: string, name: string, text: string): void => void write(target, name, utf8(text));
const CIP = `apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: p, labels: {a: b}}
spec:
  mode: warn
  images: [{glob: "ghcr.io/**"}]
  match: [{group: apps, version: v1, resource: deployments, selector: {matchLabels: {a: b}}}]
  authorities:
  - {key: {data: x, hashAlgorithm: sha512}, ctlog: {url: "https://rekor.example"}}
  - keyless: {url: "https://fulcio.example", identities: [{issuerRegExp: ".*", subject: a}], trustRootRef: r}
    source: [{oci: "ghcr.io/a/b", tagPrefix: p, signaturePullSecrets: [{name: s}]}]
    attestations: [{name: a, predicateType: "https://cyclonedx.org/bom", policy: {type: cue, data: "x: 1"}}]
  - static: {action: fail, message: no}
  policy: {type: rego, data: "package sigstore", includeSpec: true}
`;
yaml('policy-document', 'cip', CIP);
yaml('policy-document', 'two', `${CIP}---\n${CIP.replace('v1beta1', 'v1alpha1')}`);
yaml('cip', 'all', CIP);
yaml(
  'trust-root',
  'remote',
  'apiVersion: policy.sigstore.dev/v1alpha1\nkind: TrustRoot\nmetadata: {name: r}\nspec: {remote: {root: e30=, mirror: "https://tuf.example"}}\n',
);
yaml(
  'kyverno-policy',
  'cluster-policy',
  `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p, annotations: {pod-policies.kyverno.io/autogen-controllers: none}}
spec:
  validationFailureAction: Enforce
  rules:
  - name: r
    match: {any: [{resources: {kinds: [Pod], names: ["a*"]}}]}
    context: [{name: v, variable: {value: "{{ request.object.metadata.name }}"}}]
    verifyImages:
    - imageReferences: ["ghcr.io/*"]
      attestors: [{count: 1, entries: [{keys: {publicKeys: x, rekor: {ignoreTlog: true}}}, {keyless: {issuer: a, subject: "b*"}}]}]
      attestations: [{type: "https://cyclonedx.org/bom", conditions: [{all: [{key: "{{ a.b }}", operator: Equals, value: c}]}]}]
`,
);
yaml(
  'kyverno-policy',
  'image-validating',
  `apiVersion: policies.kyverno.io/v1beta1
kind: ImageValidatingPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  matchImageReferences: [{glob: "ghcr.io/*"}]
  attestors: [{name: a, cosign: {key: {data: x}, ctlog: {insecureIgnoreTlog: true}}}]
  validations: [{expression: "images.containers.map(i, verifyImageSignatures(i, [attestors.a])).all(e, e > 0)", message: m}]
`,
);
yaml(
  'native-policy',
  'all',
  `apiVersion: assay.dev/v1alpha1
kind: ImagePolicy
metadata: {name: p}
spec:
  images: [ghcr.io/acme/**]
  signers: [{github: acme/app, workflow: release.yml, tag: 'v{tag}'}, {issuer: a, subject: b}]
  attestations: [{type: cyclonedx, maxAge: 7d, where: [{path: predicate.specVersion, equals: '1.6'}], cue: 'x: 1'}]
  exceptions: [{images: [ghcr.io/acme/old], until: 2027-01-01, reason: r}]
  mode: warn
`,
);
yaml('policy-flags', 'cosign', "cosign verify --key cosign.pub -a stage=prod 'ghcr.io/a/b:1'");
yaml('policy-flags', 'slsa', 'slsa-verifier verify-image ghcr.io/a/b@sha256:00 --source-uri github.com/a/b --source-tag v1');
yaml('policy-flags', 'gh', 'gh attestation verify oci://ghcr.io/a/b --owner a --predicate-type https://spdx.dev/Document');
const statement =
  '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://cosign.sigstore.dev/attestation/v1","subject":[{"name":"a","digest":{"sha256":"ab"}}],"predicate":{"Data":"x","Timestamp":"t"}}';
yaml(
  'attestation-input',
  'custom',
  JSON.stringify({ payloadType: 'application/vnd.in-toto+json', payload: encodeBase64(utf8(statement)), signatures: [{ sig: 'AQID' }] }),
);
for (const [i, pair] of ['**/a*\nghcr.io/x/a:1', '*/*\nindex.docker.io/a/b', '[\nx', 'a?c\nabc'].entries()) yaml('policy-glob', `hand-${i}`, pair);
for (const [i, expression] of ['object.a.b == 1 && [1,2].exists(x, x > 1)', '"a".matches("^a+$") ? 1 : 2u', 'has(a.b) || size({"a": [1]}) == 1'].entries())
  yaml('cel', `hand-${i}`, expression);
const kind = { group: '', version: 'v1', kind: 'Pod' };
const object = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  spec: { containers: [{ name: 'a', image: 'a:1' }], volumes: [{ image: { reference: 'b' } }] },
};
const request = {
  uid: 'u',
  kind,
  resource: { group: '', version: 'v1', resource: 'pods' },
  name: 'a',
  namespace: 'n',
  operation: 'CREATE',
  object,
  dryRun: false,
};
yaml('admission-review', 'pod', JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }));
