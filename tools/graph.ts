/** `npm run graph`: the arrows between packages point where ARCHITECTURE.md says. */
import { ROOT } from './bundle.ts';
import { checkGraph } from './graph/check.ts';

const offences = await checkGraph(ROOT);
for (const offence of offences) console.log(offence);
console.log(offences.length === 0 ? 'package graph: in order' : `package graph: ${offences.length} offences`);
process.exitCode = offences.length === 0 ? 0 : 1;
