/**
 * Signing certificates, as Fulcio issues them (services.md section 3), and the precertificate flow.
 *
 *   fields ──► precertificate = fields + poison, signed ──► CT log ──► SCT
 *          └─► certificate    = fields + SCT list, signed          ◄──┘
 *
 * Both have the added extension in the same last place and share every other byte: the log signs the TBS without
 * either, and a verifier rebuilds that TBS from the certificate.
 */
import { utf8 } from '@assay/core';
import type { Authority } from './authority.ts';
import { type CertificateFields, encodeName, encodeTbs, keyIdentifier, randomSerial, signCertificate } from './certificate.ts';
import { utf8String } from './der-write.ts';
import {
  authorityKeyIdentifier,
  type Extension,
  extendedKeyUsage,
  keyUsage,
  precertificatePoison,
  type SubjectName,
  subjectAltName,
  subjectKeyIdentifier,
} from './extension.ts';
import { OID } from './oids.ts';
import { type Sct, sctListExtension } from './sct.ts';

/** Fulcio issues for ten minutes. */
export const LEAF_LIFETIME_MS = 10 * 60 * 1000;

export interface LeafOptions {
  readonly spki: Uint8Array;
  readonly san: SubjectName;
  readonly notBefore: Date;
  /** `notBefore` plus ten minutes when absent. */
  readonly notAfter?: Date;
  /** The 57264.1 extensions; at least the issuer and the token subject. */
  readonly fulcio: FulcioExtensions;
  /** Random when absent. */
  readonly serial?: Uint8Array;
}

export function leafFields(issuer: Authority, options: LeafOptions): CertificateFields {
  return {
    serial: options.serial ?? randomSerial(),
    issuer: issuer.subject,
    subject: encodeName(),
    notBefore: options.notBefore,
    notAfter: options.notAfter ?? new Date(options.notBefore.getTime() + LEAF_LIFETIME_MS),
    spki: options.spki,
    extensions: [
      keyUsage('digitalSignature'),
      extendedKeyUsage([OID.codeSigning]),
      subjectKeyIdentifier(keyIdentifier(options.spki)),
      authorityKeyIdentifier(keyIdentifier(issuer.key.spki)),
      subjectAltName([options.san]),
      ...fulcioExtensions(options.fulcio),
    ],
  };
}

/** What the CT log is asked to log. */
export function issuePrecertificate(fields: CertificateFields, issuer: Authority): Uint8Array {
  return signCertificate({ ...fields, extensions: [...fields.extensions, precertificatePoison()] }, issuer);
}

/** What the CT log signs: the TBS without poison and without SCTs. */
export function precertificateTbs(fields: CertificateFields, issuer: Authority): Uint8Array {
  return encodeTbs(fields, issuer);
}

/** The certificate with its SCTs embedded; without any when the list is empty. */
export function issueLeaf(fields: CertificateFields, issuer: Authority, scts: readonly Sct[] = []): Uint8Array {
  const extensions = scts.length === 0 ? fields.extensions : [...fields.extensions, sctListExtension(scts)];
  return signCertificate({ ...fields, extensions }, issuer);
}

/** Values of the extensions below 1.3.6.1.4.1.57264.1; absent and empty ones are not written. */
export interface FulcioExtensions {
  readonly issuer: string;
  readonly tokenSubject?: string;
  readonly trigger?: string;
  readonly sha?: string;
  readonly workflowName?: string;
  readonly repository?: string;
  readonly ref?: string;
  readonly buildSignerUri?: string;
  readonly buildSignerDigest?: string;
  readonly runnerEnvironment?: string;
  readonly sourceRepositoryUri?: string;
  readonly sourceDigest?: string;
  readonly sourceRef?: string;
  readonly sourceRepositoryId?: string;
  readonly sourceOwnerUri?: string;
  readonly sourceOwnerId?: string;
  readonly buildConfigUri?: string;
  readonly buildConfigDigest?: string;
  readonly buildTrigger?: string;
  readonly runInvocationUri?: string;
  readonly visibility?: string;
  readonly deploymentEnvironment?: string;
}

/** Number below the arc, member, and whether the value is raw bytes (the first six) or a DER UTF8String. */
const FULCIO_TABLE: readonly (readonly [number, keyof FulcioExtensions, 'raw' | 'der'])[] = [
  [1, 'issuer', 'raw'],
  [2, 'trigger', 'raw'],
  [3, 'sha', 'raw'],
  [4, 'workflowName', 'raw'],
  [5, 'repository', 'raw'],
  [6, 'ref', 'raw'],
  [8, 'issuer', 'der'],
  [9, 'buildSignerUri', 'der'],
  [10, 'buildSignerDigest', 'der'],
  [11, 'runnerEnvironment', 'der'],
  [12, 'sourceRepositoryUri', 'der'],
  [13, 'sourceDigest', 'der'],
  [14, 'sourceRef', 'der'],
  [15, 'sourceRepositoryId', 'der'],
  [16, 'sourceOwnerUri', 'der'],
  [17, 'sourceOwnerId', 'der'],
  [18, 'buildConfigUri', 'der'],
  [19, 'buildConfigDigest', 'der'],
  [20, 'buildTrigger', 'der'],
  [21, 'runInvocationUri', 'der'],
  [22, 'visibility', 'der'],
  [23, 'deploymentEnvironment', 'der'],
  [24, 'tokenSubject', 'der'],
];

export function fulcioExtensions(values: FulcioExtensions): Extension[] {
  return FULCIO_TABLE.flatMap(([number, member, form]) => {
    const value = values[member];
    if (value === undefined || value === '') return [];
    return [{ oid: `${OID.fulcio}.${number}`, critical: false, value: form === 'raw' ? utf8(value) : utf8String(value) }];
  });
}

/** The claims of a GitHub Actions token that end up in the certificate; all strings, all mandatory but `environment`. */
export interface GithubClaims {
  readonly iss: string;
  readonly sub: string;
  readonly job_workflow_ref: string;
  readonly job_workflow_sha: string;
  readonly sha: string;
  readonly ref: string;
  readonly event_name: string;
  readonly repository: string;
  readonly repository_id: string;
  readonly repository_owner: string;
  readonly repository_owner_id: string;
  readonly repository_visibility: string;
  readonly workflow: string;
  readonly workflow_ref: string;
  readonly workflow_sha: string;
  readonly run_id: string;
  readonly run_attempt: string;
  readonly runner_environment: string;
  readonly environment?: string;
}

const GITHUB = 'https://github.com/';

/** SAN and extensions of a GitHub Actions certificate (services.md section 3, issuer kind `github-workflow`). */
export function githubIdentity(claims: GithubClaims): { san: SubjectName; fulcio: FulcioExtensions } {
  const repository = GITHUB + claims.repository;
  const signer = GITHUB + claims.job_workflow_ref;
  return {
    san: { type: 'uri', value: signer },
    fulcio: {
      issuer: claims.iss,
      tokenSubject: claims.sub,
      trigger: claims.event_name,
      sha: claims.sha,
      workflowName: claims.workflow,
      repository: claims.repository,
      ref: claims.ref,
      buildSignerUri: signer,
      buildSignerDigest: claims.job_workflow_sha,
      runnerEnvironment: claims.runner_environment,
      sourceRepositoryUri: repository,
      sourceDigest: claims.sha,
      sourceRef: claims.ref,
      sourceRepositoryId: claims.repository_id,
      sourceOwnerUri: GITHUB + claims.repository_owner,
      sourceOwnerId: claims.repository_owner_id,
      buildConfigUri: GITHUB + claims.workflow_ref,
      buildConfigDigest: claims.workflow_sha,
      buildTrigger: claims.event_name,
      runInvocationUri: `${repository}/actions/runs/${claims.run_id}/attempts/${claims.run_attempt}`,
      visibility: claims.repository_visibility,
      ...(claims.environment !== undefined && { deploymentEnvironment: claims.environment }),
    },
  };
}
