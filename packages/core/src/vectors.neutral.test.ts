/** The conformance vectors with Web Crypto, in Node and in Chromium. */
import { describeVectors } from '../test/vector-suite.ts';
import { webCrypto } from './webcrypto.ts';

describeVectors(webCrypto);
