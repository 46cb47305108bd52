/**
 * A certificate authority with issuers of every kind, in memory: tokens are signed here, issuers are asked here, and everything that reaches
 * the CT log is kept, so that a test can say that nothing did.
 */
import { type Certificate, decodeBase64, encodePem, utf8 } from '@assay/core';
import {
  type Authority,
  bitString,
  encodeName,
  generateKey,
  integer,
  issueIntermediate,
  issueRoot,
  type KeyType,
  OID,
  precertEntry,
  removePoison,
  type Sct,
  type SigningKey,
  sequence,
  signatureAlgorithm,
  signSct,
} from '@assay/make';
import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose';
import { pino } from 'pino';
import { keyRequest, leafOf } from '../../../test/certificate-request.ts';
import type { Service } from '../../service.ts';
import { openDisk } from '../../store/disk.ts';
import { openCa } from '../ca.ts';
import { parseFulcioConfig } from '../issuer-config.ts';
import type { FetchIssuer } from '../issuer-keys.ts';

export const NOW = new Date('2026-08-25T12:00:00Z');

/** Issuers of all kinds; the CI services as Fulcio's own configuration describes them. */
export const CONFIG = `
define:
  - &github "github-workflow"
  - &gitlab "gitlab-pipeline"
  - &circleci "circleci-job"
oidc-issuers:
  https://people.example: { issuer-url: https://people.example, client-id: sigstore, type: email }
  https://trusting.example: { client-id: sigstore, type: email, skip-email-verification: true }
  https://dex.example/auth: { client-id: sigstore, type: email, issuer-claim: $.federated_claims.connector_id }
  https://token.actions.example: { client-id: sigstore, type: github-workflow }
  https://gitlab.example: { client-id: sigstore, type: gitlab-pipeline }
  https://spire.example: { client-id: sigstore, type: spiffe, spiffe-trust-domain: prod.example }
  https://accounts.shop.example: { client-id: sigstore, type: uri, subject-domain: https://users.shop.example }
  https://login.forge.example: { client-id: sigstore, type: username, subject-domain: forge.example }
  https://agent.buildkite.example: { client-id: sigstore, type: buildkite-job }
  https://oidc.codefresh.example: { client-id: sigstore, type: codefresh-workflow }
  https://issuer.chainguard.example: { client-id: sigstore, type: chainguard-identity }
  https://ci.github.example: { client-id: sigstore, type: ci-provider, ci-provider: *github }
  https://ci.gitlab.example: { client-id: sigstore, type: ci-provider, ci-provider: *gitlab }
  https://challenge.example: { client-id: assay, type: uri, subject-domain: https://challenge.example, challenge-claim: nickname }
meta-issuers:
  https://oidc.eks.*.amazonaws.example/id/*: { client-id: sigstore, type: kubernetes }
  https://oidc.circleci.example/org/*: { client-id: sigstore, type: ci-provider, ci-provider: *circleci }
ci-issuer-metadata:
  *github:
    default-template-values: { url: "https://github.com", environment: "" }
    extension-templates:
      github-workflow-trigger: "event_name"
      github-workflow-sha: "sha"
      github-workflow-name: "workflow"
      github-workflow-repository: "repository"
      github-workflow-ref: "ref"
      build-signer-uri: "{{ .url }}/{{ .job_workflow_ref }}"
      build-signer-digest: "job_workflow_sha"
      runner-environment: "runner_environment"
      source-repository-uri: "{{ .url }}/{{ .repository }}"
      source-repository-digest: "sha"
      source-repository-ref: "ref"
      source-repository-identifier: "repository_id"
      source-repository-owner-uri: "{{ .url }}/{{ .repository_owner }}"
      source-repository-owner-identifier: "repository_owner_id"
      build-config-uri: "{{ .url }}/{{ .workflow_ref }}"
      build-config-digest: "workflow_sha"
      build-trigger: "event_name"
      run-invocation-uri: "{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}"
      source-repository-visibility-at-signing: "repository_visibility"
      deployment-environment: "environment"
    subject-alternative-name-template: "{{ .url }}/{{ .job_workflow_ref }}"
  *gitlab:
    default-template-values: { url: "https://gitlab.com", environment: "" }
    extension-templates:
      build-signer-uri: "https://{{ .ci_config_ref_uri }}"
      build-signer-digest: "ci_config_sha"
      source-repository-ref: refs/{{if eq .ref_type "branch"}}heads/{{ else }}tags/{{end}}{{ .ref }}
      source-repository-identifier: "project_id"
      deployment-environment: "environment"
    subject-alternative-name-template: "https://{{ .ci_config_ref_uri }}"
  *circleci:
    default-template-values: { api_url: "https://circleci.com/api/v2" }
    extension-templates:
      build-config-uri: '{{.api_url}}/pipeline/{{(index . "oidc.circleci.com/pipeline-id")}}/config'
      runner-environment: '{{if eq (index . "oidc.circleci.com/ssh-rerun") "true"}}ssh-rerun{{ else }}""{{end}}'
      source-repository-ref: '{{index . "oidc.circleci.com/vcs-ref"}}'
    subject-alternative-name-template: '{{.api_url}}/projects/{{(index . "oidc.circleci.com/project-id")}}'
`;

export const PERSON = { iss: 'https://people.example', sub: 'CgVhbGljZQ', email: 'alice@people.example', email_verified: true };

export interface SceneOptions {
  readonly config?: string;
  readonly caKey?: KeyType;
  /** `none`: certificates come without SCTs. */
  readonly ctLog?: 'works' | 'fails' | 'none';
  /** In place of the issuers of the scene. */
  readonly fetchIssuer?: FetchIssuer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export type Algorithm = 'RS256' | 'ES256' | 'HS256' | 'none';

export interface Scene {
  readonly service: Service;
  readonly authority: Authority;
  readonly chain: readonly Uint8Array[];
  readonly ctKey: SigningKey;
  /** What was sent to the CT log. */
  readonly logged: (readonly Uint8Array[])[];
  /** Addresses that were fetched from issuers. */
  readonly fetched: string[];
  now: Date;
  /** What the issuer answers at this address. */
  published(url: string): object;
  /** A token of an issuer in the configuration, valid now. */
  token(claims: object, options?: { algorithm?: Algorithm; kid?: string; signer?: 'issuer' | 'stranger' }): Promise<string>;
  send(path: string, init?: RequestInit): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The certificate for `claims` and a fresh key. Throws with the answer when there is none. */
  certify(claims: object, challenge: string): Promise<Certificate>;
}

export async function makeScene(options: SceneOptions = {}): Promise<Scene> {
  const { ctLog = 'works' } = options;
  const { authority, chain } = makeAuthority(options.caKey ?? 'p384');
  const ctKey = generateKey('p256');
  const logged: (readonly Uint8Array[])[] = [];
  const fetched: string[] = [];
  const keys = await issuerKeys();
  const clock = (): Date => scene.now;

  const logPrecertificate = async (submitted: readonly Uint8Array[]): Promise<Sct> => {
    logged.push(submitted);
    if (ctLog === 'fails') throw new Error('the log is full');
    const entry = precertEntry(authority.key.spki, removePoison(submitted[0] as Uint8Array));
    return signSct(ctKey, { entry, timestampMs: scene.now.getTime() });
  };
  const service = await openCa({
    disk: openDisk('/nowhere'),
    clock,
    baseUrl: 'http://127.0.0.1:4100',
    log: pino({ level: 'silent' }),
    authority,
    chain,
    config: parseFulcioConfig(options.config ?? CONFIG, 'issuers.yaml'),
    ...(ctLog !== 'none' && { logPrecertificate }),
    fetchIssuer: async (url, limits) => {
      fetched.push(url);
      return options.fetchIssuer === undefined ? utf8(JSON.stringify(issuerDocument(url, keys.jwks))) : options.fetchIssuer(url, limits);
    },
  });

  const scene: Scene = {
    service,
    authority,
    chain,
    ctKey,
    logged,
    fetched,
    now: NOW,
    published: (url) => issuerDocument(url, keys.jwks),
    token: async (claims, { algorithm = 'RS256', kid = algorithm, signer = 'issuer' } = {}) => {
      const seconds = Math.floor(scene.now.getTime() / 1000);
      const payload = utf8(JSON.stringify({ aud: 'sigstore', iat: seconds, nbf: seconds, exp: seconds + 600, ...claims }));
      return signToken(payload, { alg: algorithm, kid }, signer === 'issuer' ? keys : await issuerKeys('stranger'));
    },
    send: async (path, init) => {
      const response = await service.app.fetch(new Request(`http://127.0.0.1:4100${path}`, init));
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    post: (path, body, headers = {}) =>
      scene.send(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    certify: async (claims, challenge) => {
      const answer = await scene.post('/api/v2/signingCert', keyRequest(await scene.token(claims), challenge));
      return leafOf(answer);
    },
  };
  return scene;
}

export function makeAuthority(type: KeyType): { authority: Authority; chain: Uint8Array[] } {
  const life = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2036-01-01T00:00:00Z') };
  const root = issueRoot({ name: { organization: 'assay', commonName: 'root' }, key: generateKey('p384'), ...life });
  const name = { organization: 'assay', commonName: 'intermediate' };
  const authority = issueIntermediate(root, { name, key: generateKey(type), purposes: [OID.codeSigning], ...life });
  return { authority, chain: [authority.certificate, root.certificate] };
}

/** RFC 2986, as sigstore-python makes it: no subject, and an extension request that is of no concern to the authority. */
export function makeCsr(key: SigningKey, { signer = key, hash = key.hash, label = 'CERTIFICATE REQUEST' } = {}): string {
  const info = sequence(integer(0), encodeName(), key.spki, EXTENSION_REQUEST);
  const der = sequence(info, signatureAlgorithm(signer, hash), bitString(signer.sign(info, hash)));
  return encodePem(label, der);
}

// [0] { SEQUENCE { OID extensionRequest, SET { SEQUENCE { basicConstraints, critical, CA:FALSE } } } }
const EXTENSION_REQUEST = decodeBase64('oB8wHQYJKoZIhvcNAQkOMRAwDjAMBgNVHRMBAf8EAjAA') as Uint8Array;

interface IssuerKeySet {
  readonly jwks: { keys: JWK[] };
  readonly private: Readonly<Record<string, CryptoKey | Uint8Array>>;
}

const keySets = new Map<string, Promise<IssuerKeySet>>();

/** RSA keys take long to make: one set for all scenes of a process. */
function issuerKeys(owner = 'issuer'): Promise<IssuerKeySet> {
  const known = keySets.get(owner) ?? makeIssuerKeys();
  keySets.set(owner, known);
  return known;
}

async function makeIssuerKeys(): Promise<IssuerKeySet> {
  const [rsa, ec] = await Promise.all([generateKeyPair('RS256', { extractable: true }), generateKeyPair('ES256', { extractable: true })]);
  const jwk = async (alg: string, key: CryptoKey): Promise<JWK> => ({ ...(await exportJWK(key)), kid: alg, alg, use: 'sig' });
  const jwks = { keys: [await jwk('RS256', rsa.publicKey), await jwk('ES256', ec.publicKey)] };
  // The oldest trick: the public key as a shared secret.
  return { jwks, private: { RS256: rsa.privateKey, ES256: ec.privateKey, HS256: utf8(JSON.stringify(jwks.keys[0])) } };
}

export async function signToken(payload: Uint8Array, header: { alg: string; kid?: string }, keys?: IssuerKeySet): Promise<string> {
  const part = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  if (header.alg === 'none') return `${part(utf8(JSON.stringify(header)))}.${part(payload)}.`;
  const { private: own } = keys ?? (await issuerKeys());
  return new CompactSign(payload).setProtectedHeader(header).sign(own[header.alg] as CryptoKey);
}

/** Whatever is asked for is there: which issuers are configured is what is tested. */
function issuerDocument(url: string, jwks: object): object {
  if (url.endsWith('/keys')) return jwks;
  const issuer = url.replace('/.well-known/openid-configuration', '');
  return { issuer, jwks_uri: `${issuer}/keys`, id_token_signing_alg_values_supported: ['RS256', 'ES256'] };
}
