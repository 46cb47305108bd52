/** The interop matrix with cosign 3.1.3. */
import { declareMatrix } from './interop-matrix.ts';

declareMatrix('3.1.3');
