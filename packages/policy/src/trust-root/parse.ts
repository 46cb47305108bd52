/** Reading one TrustRoot, and its defaults. */
import { isJsonObject, type Json, type JsonObject, TrustError } from '@assay/core';
import { policyObject } from '../cluster-image-policy/decoders.ts';
import { bytes, type Decoder, decodeGo, list, optionalText, pointer, struct, text, url } from '../cluster-image-policy/go/json-decode.ts';
import { onlyDocument, type ParseOptions, POLICY_GROUP, typeText } from '../cluster-image-policy/parse.ts';
import type { CertificateAuthority, PackedRepository, RemoteRepository, SigstoreKeys, TransparencyLog, TrustRoot, TrustRootSpec } from './types.ts';

/**
 * @param input YAML or JSON with one document, or what was decoded already
 * @throws TrustError POLICY_PARSE, e.g. `json: unknown field "x"`
 */
export function parseTrustRoot(input: string | Uint8Array | JsonObject, { metadata = 'strict' }: ParseOptions = {}): TrustRoot {
  const json: Json = typeof input === 'string' || input instanceof Uint8Array ? onlyDocument(input) : input;
  if (!isTrustRoot(json)) throw new TrustError('POLICY_PARSE', `unknown type: ${typeText(json)}`);
  const decoder = metadata === 'strict' ? strictObject : lenientObject;
  const { metadata: meta, spec, status } = decodeGo(decoder, json, { goPackage: 'v1alpha1', unknownFields: 'refuse' });
  return { metadata: meta, spec, ...(status !== undefined && { status }) };
}

export function isTrustRoot(json: Json): boolean {
  return isJsonObject(json) && json['kind'] === 'TrustRoot' && json['apiVersion'] === `${POLICY_GROUP}/v1alpha1`;
}

/** The folder of targets, where none is named. */
export function trustRootWithDefaults(trustRoot: TrustRoot): TrustRoot {
  const { remote, repository } = trustRoot.spec;
  return {
    ...trustRoot,
    spec: {
      ...trustRoot.spec,
      ...(remote !== undefined && { remote: { targets: DEFAULT_TARGETS, ...remote } }),
      ...(repository !== undefined && { repository: { targets: DEFAULT_TARGETS, ...repository } }),
    },
  };
}

/** Of which absent means empty. */
const plainUrl: Decoder<string> = { goType: url.goType, decode: (value, at) => url.decode(value, at) ?? '' };

const remote = struct<RemoteRepository>('~.Remote', { root: bytes, mirror: plainUrl, targets: optionalText, trustedRootTarget: optionalText });

const repository = struct<PackedRepository>('~.Repository', { root: bytes, mirrorFS: bytes, targets: optionalText, trustedRootTarget: optionalText });

const subject = struct<CertificateAuthority['subject']>('~.DistinguishedName', { organization: text, commonName: text });

const authority = struct<CertificateAuthority>('~.CertificateAuthority', { subject, uri: plainUrl, certChain: bytes });

const log = struct<TransparencyLog>('~.TransparencyLogInstance', { baseURL: plainUrl, hashAlgorithm: text, publicKey: bytes });

const sigstoreKeys = struct<SigstoreKeys>('~.SigstoreKeys', {
  certificateAuthorities: list(authority),
  tLogs: list(log),
  ctLogs: list(log),
  timestampAuthorities: list(authority),
});

const specification = struct<TrustRootSpec>('~.TrustRootSpec', {
  remote: pointer(remote),
  repository: pointer(repository),
  sigstoreKeys: pointer(sigstoreKeys),
});

export const DEFAULT_TARGETS = 'targets';
const strictObject = policyObject('~.TrustRoot', specification, 'strict');
const lenientObject = policyObject('~.TrustRoot', specification, 'lenient');
