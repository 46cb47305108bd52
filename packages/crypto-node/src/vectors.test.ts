/** The conformance vectors with `node:crypto`: the same codes and facts as with Web Crypto. */
import { describeVectors } from '../../core/test/vector-suite.ts';
import { nodeCrypto } from './index.ts';

describeVectors(nodeCrypto);
