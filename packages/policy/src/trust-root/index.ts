/**
 * `@assay/policy/trust-root`: policy-controller's TrustRoots.
 *
 *     parseTrustRoot ─► trustRootWithDefaults ─► validateTrustRoot ─► compileTrustRoot
 */
export { type CompiledTrustRoot, type CompileOptions, compileTrustRoot, parseCompiledTrustRoot, readCompiledTrustRoots } from './compile.ts';
export { isTrustRoot, parseTrustRoot, trustRootWithDefaults } from './parse.ts';
export type { TufOptions } from './tuf.ts';
export type { CertificateAuthority, PackedRepository, RemoteRepository, SigstoreKeys, TransparencyLog, TrustRoot, TrustRootSpec } from './types.ts';
export { validateTrustRoot } from './validate.ts';
