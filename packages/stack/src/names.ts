/** The services, by the names that flags, metrics and logs have for them. */
export const SERVICE_NAMES = ['oidc', 'fulcio', 'ctlog', 'rekor', 'rekor-v2', 'tsa', 'tuf', 'registry'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Where each is, relative to the origin (services.md section 11: some clients drop the path of a base URL, so most have none). */
export const PATHS = { oidc: '/oidc', ctlog: '/ct', rekorV2: '/rekor', tuf: '/tuf', timestamp: '/api/v1/timestamp' } as const;
