/**
 * What a ClusterImagePolicy demands (admission.md sections 2.1 to 2.4): any of its authorities, and its own policy over what they have shown.
 *
 * Keys and policies stand inline by now. What could not be resolved, and what contradicts itself, is a demand that nothing satisfies. Evidence is looked for
 * in every place and format: what cosign 3 stores beside an image counts under the same rules as what cosign 2 did.
 */
import { encodePem, type HashName, isTrustError, type PublicKey, parsePem, parsePublicKeyPem } from '@assay/core';
import type { Circumstance, Condition, Demand, IdentityPattern, Places, RootReference, Rules, Signer, TextPattern } from '../model.ts';
import { hashOf } from './hash-algorithm.ts';
import { predicateTypeUri } from './payload.ts';
import type { Attestation, Authority, ClusterImagePolicySpec, Identity, PolicyReference } from './types.ts';

export function demandOf({ authorities, policy }: ClusterImagePolicySpec): Demand {
  const any: Demand = { kind: 'any', of: authorities.map(authorityDemand) };
  if (policy === undefined) return any;
  const condition = conditionOf(policy, POLICY_NAME);
  if (condition === undefined) return { kind: 'never', says: 'the policy of the whole could not be resolved' };
  return { kind: 'shown', of: any, condition, needs: circumstancesOf(policy) };
}

/** As messages call the policy of the whole. */
const POLICY_NAME = 'ClusterImagePolicy';

function circumstancesOf(policy: PolicyReference): Circumstance[] {
  const wanted: readonly (readonly [boolean | undefined, Circumstance])[] = [
    [policy.fetchConfigFile, 'config'],
    [policy.includeSpec, 'spec'],
    [policy.includeObjectMeta, 'metadata'],
    [policy.includeTypeMeta, 'typemeta'],
  ];
  return wanted.flatMap(([wish, which]) => (wish === true ? [which] : []));
}

function authorityDemand(authority: Authority): Demand {
  const { name, static: answer, attestations } = authority;
  if (answer !== undefined) return { kind: 'static', name, admits: answer.action === 'pass', message: answer.message ?? '' };
  const refused = contradictionOf(authority);
  if (refused !== undefined) return { kind: 'never', name, says: refused };
  const keys = authority.key === undefined ? undefined : keysOf(authority.key.data);
  if (keys !== undefined && keys.length === 0) return { kind: 'never', name, says: NO_KEYS };
  const signer = (key: readonly PublicKey[] | undefined): Signer => ({ who: whoOf(authority, key), rules: rulesOf(authority) });
  const from = placesOf(authority);
  if (attestations.length === 0) return { kind: 'signed', name, by: signer(keys), from };
  const wanted = attestations.map((attestation) => attestationDemand(attestation, signer(keys), from));
  // Every key must have signed some attestation; which one signs what is demanded is all the same.
  const each = keys !== undefined && keys.length > 1 ? keys.map((key): Demand => anyAttestation(signer([key]), from)) : [];
  return { kind: 'all', name, of: [...each, ...wanted] };
}

/** In policy-controller's words, up to the name of the authority. */
export const NO_KEYS = 'there are no public keys';
export const NO_URL = 'no Keyless URL specified';

/** Combinations that policy-controller refuses when it verifies. */
function contradictionOf({ keyless, key, signatureFormat, rfc3161timestamp, ctlog }: Authority): string | undefined {
  if (key === undefined && keyless === undefined) return 'authority has neither key, keyless, or static specified';
  if (key !== undefined && hashOf(key.hashAlgorithm) === 'sha224') return 'sha224 signatures are not supported; supported are sha256, sha384 and sha512';
  if (signatureFormat === 'bundle') {
    const other = (reference: { readonly trustRootRef?: string } | undefined) =>
      reference !== undefined && (reference.trustRootRef ?? '') !== (keyless?.trustRootRef ?? '');
    if (keyless === undefined) return 'when using the new bundle format, the authority must be keyless';
    if (other(rfc3161timestamp)) return sameRoot('TSA');
    if (other(ctlog)) return sameRoot('TLog');
  }
  return keyless !== undefined && key === undefined && keyless.url === undefined ? NO_URL : undefined;
}

function sameRoot(what: string): string {
  return `when using the new bundle format, the trustRootRef for the ${what} must be the same as the trustRootRef for the Keyless authority`;
}

/** Empty when the key is not there, or is none. */
function keysOf(data: string | undefined): PublicKey[] {
  if (data === undefined) return [];
  try {
    return parsePem(data).blocks.map(({ label, der }) => parsePublicKeyPem(encodePem(label, der)));
  } catch (error) {
    if (isTrustError(error)) return [];
    throw error;
  }
}

function whoOf({ key, keyless }: Authority, keys: readonly PublicKey[] | undefined): Signer['who'] {
  if (keys !== undefined) return { kind: 'keys', keys, hashes: [verifiableHash(key?.hashAlgorithm)] };
  return { kind: 'identities', identities: (keyless?.identities ?? []).map(identityPattern) };
}

/** Nobody signs with SHA-224, and it is not verified: `contradictionOf` has refused it. */
function verifiableHash(name: string | undefined): HashName {
  const hash = hashOf(name);
  return hash === 'sha224' ? 'sha256' : hash;
}

function identityPattern({ issuer, subject, issuerRegExp, subjectRegExp }: Identity): IdentityPattern {
  return { issuer: textPattern(issuer, issuerRegExp), subject: textPattern(subject, subjectRegExp) };
}

/** Without either form nothing matches: validation demands one. Patterns are searched for, as cosign does. */
function textPattern(exact: string | undefined, pattern: string | undefined): TextPattern {
  const forms: TextPattern[] = [];
  if (exact !== undefined) forms.push({ kind: 'exact', text: exact });
  if (pattern !== undefined) forms.push({ kind: 'regexp', pattern, mode: 'search' });
  return forms.length === 1 ? (forms[0] as TextPattern) : { kind: 'both', of: forms };
}

function rulesOf({ keyless, ctlog, rfc3161timestamp, signatureFormat }: Authority): Rules {
  const own = rootNamed(keyless?.trustRootRef);
  const bundle = signatureFormat === 'bundle';
  const timestamps = rfc3161timestamp?.trustRootRef;
  const stamped = bundle ? rfc3161timestamp !== undefined : timestamps !== undefined;
  const sct = keyless?.insecureIgnoreSCT === true ? 'ignored' : 'required';
  const timestamp = stamped ? 'required' : 'optional';
  const base = { authorities: own, ctLogs: own, timestamps: timestamps === undefined ? own : rootNamed(timestamps), sct, timestamp } as const;
  // A signed timestamp stands for the log.
  if (stamped) return { ...base, logs: own, log: 'ignored' };
  if (bundle) return { ...base, logs: own, log: 'required' };
  if (ctlog?.trustRootRef !== undefined) {
    return { ...base, logs: { name: ctlog.trustRootRef }, log: 'required', searchLog: { ofRoot: true, url: ctlog.url } };
  }
  if (ctlog?.url !== undefined) return { ...base, logs: 'default', log: 'required', searchLog: { url: ctlog.url } };
  const publicLog = keyless !== undefined && keyless.trustRootRef === undefined && ctlog === undefined;
  return { ...base, logs: own, log: publicLog ? 'required' : 'ignored' };
}

function rootNamed(name: string | undefined): RootReference {
  return name === undefined ? 'default' : { name };
}

function placesOf({ source: [source], signatureFormat }: Authority): Places {
  const secrets = source?.signaturePullSecrets.map(({ name }) => name) ?? [];
  return {
    ...(source?.oci !== undefined && { repository: source.oci }),
    ...(source?.tagPrefix !== undefined && { tagPrefix: source.tagPrefix }),
    ...(secrets.length > 0 && { pullSecrets: secrets }),
    ...(signatureFormat === 'bundle' && { only: 'bundles' as const }),
  };
}

function attestationDemand({ name, predicateType, policy }: Attestation, by: Signer, from: Places): Demand {
  const condition = policy === undefined ? undefined : conditionOf(policy, name);
  if (policy !== undefined && policy.type !== '' && condition === undefined)
    return { kind: 'never', name, says: `the policy of ${name} could not be resolved` };
  const conditions = condition === undefined ? [] : [condition];
  return { kind: 'attested', name, predicateType: predicateTypeUri(predicateType), typeAsWritten: predicateType, by, from, which: 'some', conditions };
}

function anyAttestation(by: Signer, from: Places): Demand {
  return { kind: 'attested', predicateType: undefined, by, from, which: 'some', conditions: [] };
}

/** Undefined: the text is not there, or is in no language that is known. */
function conditionOf({ type, data }: PolicyReference, name: string): Condition | undefined {
  if (data === undefined || (type !== 'cue' && type !== 'rego')) return undefined;
  return { language: type, text: data, name };
}
