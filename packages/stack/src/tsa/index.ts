/** The timestamp authority. */
export { openTsa, type TsaOptions } from './tsa.ts';
