/** The certificate transparency log. */
export { type CtLog, type CtLogOptions, openCtLog } from './ct-log.ts';
