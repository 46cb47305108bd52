/** `@assay/stack`: a private Sigstore in one process. Everything public, by name. */
export { type Backup, backUp } from './backup.ts';
export { createLog, LOG_LEVELS, type Logger, type LogLevel } from './create-log.ts';
export type { Endpoints } from './documents.ts';
export { SERVICE_NAMES, type ServiceName } from './names.ts';
export { type Stack, type StackOptions, startStack } from './stack.ts';
