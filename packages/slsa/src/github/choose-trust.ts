/**
 * Which root and which demands judge an attestation: the organization that issued its certificate decides (slsa.md section 3.3). The name only chooses;
 * whether the certificate is really theirs is what verification finds out.
 */
import { TrustError, type TrustedRoot, type VerifyOptions } from '@assay/core';
import { issuerOrganizations } from './issuer-organization.ts';

export interface TrustSources {
  /** Called for certificates of public Sigstore alone. */
  readonly publicGood: () => Promise<TrustedRoot>;
  /** Called for certificates of GitHub's own instance alone. */
  readonly github: () => Promise<TrustedRoot>;
  /** Instead of both: the first whose authority has the organization's name. */
  readonly custom?: readonly TrustedRoot[] | undefined;
  readonly refusePublicGood?: boolean;
}

export interface ChosenTrust {
  readonly trustedRoot: TrustedRoot;
  readonly demands: Pick<VerifyOptions, 'logThreshold' | 'ctLogThreshold' | 'timestampThreshold' | 'timeThreshold'>;
  /** Log entries prove nothing under this root, and are left out. */
  readonly ignoresLog: boolean;
}

/** Errors: `ATTESTATION_ISSUER`, and those of the sources. */
export async function chooseTrust(organization: string, sources: TrustSources): Promise<ChosenTrust> {
  const { custom } = sources;
  if (custom === undefined) return chooseKnown(organization, sources);
  const trustedRoot = custom.find((root) => root.certificateAuthorities.some((authority) => isFor(authority, organization)));
  if (trustedRoot === undefined) throw refused('unable to use provided trusted roots', organization);
  if (organization === PUBLIC_GOOD && sources.refusePublicGood === true) throw refused(NOT_PUBLIC_GOOD, organization);
  return { trustedRoot, ...(DEMANDS[organization] ?? guessed(trustedRoot)) };
}

async function chooseKnown(organization: string, sources: TrustSources): Promise<ChosenTrust> {
  if (organization === PUBLIC_GOOD) {
    if (sources.refusePublicGood === true) throw refused(NOT_PUBLIC_GOOD, organization);
    return { trustedRoot: await sources.publicGood(), ...publicGood };
  }
  if (organization === GITHUB_INSTANCE) return { trustedRoot: await sources.github(), ...github };
  throw refused('leaf certificate issuer is not recognized', organization);
}

/** Its lowest certificate, which issues the leaves, is the authority's first. */
function isFor({ certificates }: TrustedRoot['certificateAuthorities'][number], organization: string): boolean {
  const [lowest] = certificates;
  return lowest !== undefined && issuerOrganizations(lowest)[0] === organization;
}

/** Of somebody else's instance: a time is always wanted, a log where there is one. */
function guessed({ logs }: TrustedRoot): Omit<ChosenTrust, 'trustedRoot'> {
  const hasLog = logs.length > 0;
  return { demands: { logThreshold: hasLog ? 1 : 0, ctLogThreshold: 0, timeThreshold: 1 }, ignoresLog: !hasLog };
}

function refused(message: string, organization: string): TrustError {
  return new TrustError('ATTESTATION_ISSUER', message, { found: organization });
}

export const PUBLIC_GOOD = 'sigstore.dev';
export const GITHUB_INSTANCE = 'GitHub, Inc.';
const NOT_PUBLIC_GOOD = 'detected public good instance but requested verification without public good instance';

const publicGood = { demands: { logThreshold: 1, ctLogThreshold: 1, timeThreshold: 1 }, ignoresLog: false } as const;
/** Private repositories are on no public record: a timestamp stands for the log. */
const github = { demands: { logThreshold: 0, ctLogThreshold: 0, timestampThreshold: 1, timeThreshold: 1 }, ignoresLog: true } as const;
const DEMANDS: Readonly<Record<string, Omit<ChosenTrust, 'trustedRoot'>>> = Object.assign(Object.create(null), {
  [PUBLIC_GOOD]: publicGood,
  [GITHUB_INSTANCE]: github,
});
