/**
 * Hostile by construction: a flipped bit anywhere in what is signed is refused. `STRIDE=1` tries every byte (half a minute);
 * otherwise a sample, which moves with each run's fresh keys and serial numbers.
 */
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { type Alterations, ARTIFACT, createInstance, flip, type SignOptions, verifySample } from './index.ts';

const STRIDE = Number(process.env['STRIDE'] ?? 23);

interface Sweep {
  readonly name: string;
  readonly sign?: SignOptions;
  readonly at: (offset: number, note: (length: number) => void) => Alterations;
}

/** Flips the byte at `offset`, if there is one, and tells how many there are. */
function flipAt(offset: number, note: (length: number) => void): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    note(bytes.length);
    return offset < bytes.length ? flip(bytes, offset) : bytes;
  };
}

const text = new TextEncoder();

/** SEQUENCE header of four bytes, INTEGER 1 of three: the version is not signed, and nothing hangs on it. */
const SIGNER_VERSION_END = 7;

const sweeps: readonly Sweep[] = [
  { name: 'the certificate', at: (offset, note) => ({ certificate: flipAt(offset, note) }) },
  { name: 'the body of a Rekor v2 entry', sign: { log: 'v2' }, at: (offset, note) => ({ body: flipAt(offset, note) }) },
  {
    name: 'the SignerInfo of a timestamp, behind its version',
    sign: { log: 'v2' },
    at: (offset, note) => ({ timestamp: { signerInfo: flipAt(offset + SIGNER_VERSION_END, (length) => note(length - SIGNER_VERSION_END)) } }),
  },
  { name: 'the signature', at: (offset, note) => ({ signature: flipAt(offset, note) }) },
  { name: 'the text of a DSSE bundle', sign: { content: 'dsse' }, at: (offset, note) => ({ bundleText: (json) => flipAt(offset, note)(text.encode(json)) }) },
];

describe('a flipped bit is refused in', () => {
  test.each(sweeps)('$name', async ({ sign, at }) => {
    let length = 1;
    for (let offset = 0; offset < length; offset += STRIDE) {
      const instance = createInstance({ fillers: { before: 1, after: 0 } });
      const sample = instance.sign(ARTIFACT, { ...sign, alter: at(offset, (found) => (length = found)) });
      const { ok } = offset < length ? await verifySample(sample, nodeCrypto) : { ok: false };
      expect(ok, `offset ${offset} of ${length}`).toBe(false);
    }
  });
});
