/** Every mutation of every second passing vector: the other half is in mutations-2.test.ts, for the other core. */
import { describeMutations } from '../test/mutation-suite.ts';

describeMutations(0, 2);
