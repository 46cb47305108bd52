/** Keyless signing with cosign 3.1.3. */
import { declareStackTests } from './foreign-stack-cosign.ts';

await declareStackTests('3.1.3');
