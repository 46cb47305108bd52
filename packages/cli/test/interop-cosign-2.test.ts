/** The interop matrix with cosign 2.6.5. */
import { declareMatrix } from './interop-matrix.ts';

declareMatrix('2.6.5');
