/** What is said whenever SBOMs are handled as attachments. */
export const SBOM_NOTICE =
  'WARNING: SBOM attachments are deprecated and support will be removed in a Cosign release soon after 2024-02-22 (see https://github.com/sigstore/cosign/issues/2755). Instead, please use SBOM attestations.\n';
