/** The command line, from its sources: apart from the launcher, since an older Node cannot read them. */
export { main } from '../src/main.ts';
