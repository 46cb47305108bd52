/** Whose identity tokens the certificate authority takes: those of the instance's own issuer, and of those that the operator names. */
import type { FulcioConfig } from './ca/index.ts';

/**
 * `own` is the base URL of our issuer, with the emulated ones below it; `elsewhere` that of the one which stands for it.
 * The operator's come first, so that he may say something else of a URL that is ours.
 */
export function fulcioIssuers(operators: FulcioConfig | undefined, { own, elsewhere }: { own: string; elsewhere: string | undefined }): FulcioConfig {
  const standard = elsewhere === undefined ? ownIssuers(own) : { issuers: [emailIssuer(elsewhere)] };
  return { issuers: [...(operators?.issuers ?? []), ...standard.issuers] };
}

function ownIssuers(url: string): FulcioConfig {
  return {
    issuers: [
      emailIssuer(url),
      { ...COMMON, url: `${url}/github`, kind: 'github-workflow' },
      { ...COMMON, url: `${url}/gitlab`, kind: 'gitlab-pipeline' },
      { ...COMMON, url: `${url}/spiffe`, kind: 'spiffe', trustDomain: 'assay.local' },
    ],
  };
}

function emailIssuer(url: string): FulcioConfig['issuers'][number] {
  return { ...COMMON, url, kind: 'email', skipEmailVerification: false };
}

const COMMON = { match: 'exact', clientId: 'sigstore' } as const;
