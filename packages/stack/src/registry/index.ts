/** The OCI registry. */
export { openRegistry, type RegistryOptions } from './registry.ts';
