/** `@assay/stack`: a private Sigstore in one process. Everything public, by name. */
export { type Backup, backUp } from './backup.ts';
export { type FulcioConfig, parseFulcioConfig } from './ca/index.ts';
export { type CheckOptions, checkStack } from './check/check-stack.ts';
export type { Finding, Severity } from './check/finding.ts';
export type { CheckProgress } from './check/scene.ts';
export { createLog, LOG_LEVELS, type Logger, type LogLevel } from './create-log.ts';
export type { Endpoints } from './documents.ts';
export type { Elsewhere } from './elsewhere.ts';
export { type IssueTokenOptions, issueToken } from './issue-token.ts';
export { SERVICE_NAMES, type ServiceName } from './names.ts';
export type { Identity } from './oidc/index.ts';
export { ROTATABLE, type Rotatable, rotate } from './rotate.ts';
export { setPassword } from './set-password.ts';
export { type Stack, type StackOptions, startStack } from './stack.ts';
export { type GenerationStatus, type LogStatus, readStatus, type StackStatus, type TufRoleStatus, type Warning } from './status.ts';
export { holdingProcess, isFolderLocked } from './store/lock.ts';
