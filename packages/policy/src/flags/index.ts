/** `@assay/policy/flags`: command lines of the field's tools, read as policies. */
export { readFlags } from './read-flags.ts';
export { shellWords } from './words.ts';
