/** The command line, from its sources: apart from the launcher, since an older Node cannot read them. */
export { commandOf, main } from '../src/main.ts';
