/**
 * The rules of the validating webhook for TrustRoots (admission.md 3). Upstream keeps only what it found last among the keys; here everything is told.
 */
import { decodeUtf8, isJsonObject, isTrustError, JsonError, parseJson } from '@assay/core';
import { type FieldErrors, invalidValue, missingField, missingOneOf, multipleOneOf, viaField, viaIndex } from '../field-errors.ts';
import { certificatesOf } from './chain.ts';
import { openPacked, type TufOptions } from './tuf.ts';
import type { CertificateAuthority, PackedRepository, RemoteRepository, SigstoreKeys, TransparencyLog, TrustRoot } from './types.ts';

/** None means valid. Of a TrustRoot with defaults. A packed repository is unpacked and verified at `now`; nothing is asked of the network. */
export async function validateTrustRoot({ spec }: TrustRoot, options: TufOptions): Promise<FieldErrors> {
  const { remote, repository, sigstoreKeys } = spec;
  const ways = [remote, repository, sigstoreKeys].filter((way) => way !== undefined).length;
  if (ways !== 1) return viaField('spec', ways === 0 ? missingOneOf(...WAYS) : multipleOneOf(...WAYS));
  if (remote !== undefined) return viaField('spec.remote', remoteErrors(remote));
  if (repository !== undefined) return viaField('spec.repository', await repositoryErrors(repository, options));
  return sigstoreKeys === undefined ? [] : viaField('spec.sigstoreKeys', keysErrors(sigstoreKeys));
}

function remoteErrors({ mirror, root }: RemoteRepository): FieldErrors {
  return [...(mirror === '' ? missingField('mirror') : []), ...rootErrors(root)];
}

async function repositoryErrors(repository: PackedRepository, options: TufOptions): Promise<FieldErrors> {
  const { targets, root, mirrorFS } = repository;
  const errors = [...(targets === undefined ? missingField('targets') : []), ...rootErrors(root)];
  // The name of the field really is another one here.
  if (mirrorFS === undefined || mirrorFS.length === 0) return [...errors, ...missingField('repository')];
  if (errors.length > 0) return errors;
  try {
    const client = await openPacked(repository, options);
    await client.close();
    return [];
  } catch (error) {
    if (isTrustError(error)) return invalidValue('failed to construct a TUF client', 'mirrorFS', error.message);
    throw error;
  }
}

function rootErrors(root: Uint8Array | undefined): FieldErrors {
  if (root === undefined) return missingField('root');
  const problem = jsonProblem(root);
  if (problem !== undefined) return invalidValue('failed to unmarshal', 'root', problem);
  const json = parseJson(root);
  const signatures = isJsonObject(json) ? (json['signatures'] ?? null) : null;
  return signatures === null ? invalidValue('missing signatures in root.json', 'root', 'no signatures') : [];
}

/** As Go says it, as far as the first character decides. */
function jsonProblem(bytes: Uint8Array): string | undefined {
  const start = decodeUtf8(bytes)?.trimStart();
  if (start === undefined) return 'invalid UTF-8';
  if (start === '') return 'unexpected end of JSON input';
  if (!/^[[{"\-\dtfn]/.test(start)) return `invalid character '${[...start][0]}' looking for beginning of value`;
  try {
    const json = parseJson(bytes);
    if (json === null || isJsonObject(json)) return undefined;
    const kind = Array.isArray(json) ? 'array' : typeof json === 'boolean' ? 'bool' : typeof json;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch (error) {
    if (error instanceof JsonError) return error.message;
    throw error;
  }
}

function keysErrors({ certificateAuthorities, timestampAuthorities, ctLogs, tLogs }: SigstoreKeys): FieldErrors {
  const hasNone = certificateAuthorities.length === 0 && timestampAuthorities.length === 0;
  return [
    ...(hasNone ? missingOneOf('certificateAuthority', 'timestampAuthorities') : []),
    ...certificateAuthorities.flatMap((authority, i) => viaIndex('certificateAuthority', i, authorityErrors(authority))),
    ...timestampAuthorities.flatMap((authority, i) => viaIndex('timestampAuthorities', i, [...authorityErrors(authority), ...stampErrors(authority)])),
    ...ctLogs.flatMap((log, i) => viaIndex('ctLogs', i, logErrors(log))),
    ...tLogs.flatMap((log, i) => viaIndex('tLogs', i, logErrors(log))),
  ];
}

function authorityErrors({ subject, uri, certChain }: CertificateAuthority): FieldErrors {
  const isEmpty = {
    'subject.organization': subject.organization === '',
    'subject.commonName': subject.commonName === '',
    uri: uri === '',
    certchain: !certChain?.length,
  };
  return missingOf(isEmpty);
}

function stampErrors({ certChain = new Uint8Array() }: CertificateAuthority): FieldErrors {
  try {
    const leaves = certificatesOf(certChain).filter((certificate) => !certificate.isCa);
    return leaves.length > 1 ? invalidValue('certificate chain must contain at most one TSA certificate', 'certChain') : [];
  } catch (error) {
    if (isTrustError(error)) return invalidValue('error splitting the certificates', 'certChain', error.message);
    throw error;
  }
}

function logErrors({ baseURL, hashAlgorithm, publicKey }: TransparencyLog): FieldErrors {
  return missingOf({ baseURL: baseURL === '', hashAlgorithm: hashAlgorithm === '', publicKey: !publicKey?.length });
}

function missingOf(isEmpty: Readonly<Record<string, boolean>>): FieldErrors {
  return Object.entries(isEmpty).flatMap(([field, empty]) => (empty ? missingField(field) : []));
}

const WAYS = ['repository', 'remote', 'sigstoreKeys'];
