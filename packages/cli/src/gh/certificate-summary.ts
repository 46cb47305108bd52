/** What a signing certificate says, with the member names of Go's sigstore client. What is empty is left out. */
import { type Certificate, type CertificateIdentity, type FulcioExtension, identityOf } from '@assay/core';
import { nameInGo, readName } from '../cosign/distinguished-name.ts';

/** Errors: `CERT_…`. */
export function certificateSummary(certificate: Certificate): Readonly<Record<string, string>> {
  const identity = identityOf(certificate);
  return {
    certificateIssuer: nameInGo(readName(certificate.issuer)),
    subjectAlternativeName: identity.san.value,
    ...stated({ issuer: identity.oidcIssuer }),
    ...extensionMembers(identity.extensions),
  };
}

/** In the order of the extensions' numbers. */
function extensionMembers(extensions: CertificateIdentity['extensions']): Readonly<Record<string, string>> {
  return stated(Object.fromEntries(MEMBERS.map(([member, extension]) => [member, extensions[extension]])));
}

function stated(members: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

const MEMBERS: readonly (readonly [string, FulcioExtension])[] = [
  ['githubWorkflowTrigger', 'githubWorkflowTrigger'],
  ['githubWorkflowSHA', 'githubWorkflowSha'],
  ['githubWorkflowName', 'githubWorkflowName'],
  ['githubWorkflowRepository', 'githubWorkflowRepository'],
  ['githubWorkflowRef', 'githubWorkflowRef'],
  ['buildSignerURI', 'buildSignerUri'],
  ['buildSignerDigest', 'buildSignerDigest'],
  ['runnerEnvironment', 'runnerEnvironment'],
  ['sourceRepositoryURI', 'sourceRepositoryUri'],
  ['sourceRepositoryDigest', 'sourceRepositoryDigest'],
  ['sourceRepositoryRef', 'sourceRepositoryRef'],
  ['sourceRepositoryIdentifier', 'sourceRepositoryIdentifier'],
  ['sourceRepositoryOwnerURI', 'sourceRepositoryOwnerUri'],
  ['sourceRepositoryOwnerIdentifier', 'sourceRepositoryOwnerIdentifier'],
  ['buildConfigURI', 'buildConfigUri'],
  ['buildConfigDigest', 'buildConfigDigest'],
  ['buildTrigger', 'buildTrigger'],
  ['runInvocationURI', 'runInvocationUri'],
  ['sourceRepositoryVisibilityAtSigning', 'sourceRepositoryVisibility'],
];
