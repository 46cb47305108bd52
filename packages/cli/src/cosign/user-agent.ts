/** How registries and services see us in cosign's place. */
export const USER_AGENT = 'cosign/3.1.3 (assay)';
