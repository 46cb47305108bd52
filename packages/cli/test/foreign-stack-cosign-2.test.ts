/** Keyless signing with cosign 2.6.5. */
import { declareStackTests } from './foreign-stack-cosign.ts';

await declareStackTests('2.6.5');
