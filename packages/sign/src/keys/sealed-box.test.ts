import { fromHex, toHex, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { sealBox } from './sealed-box.ts';

// Made with golang.org/x/crypto/nacl/box: the recipient's secret key is 01 02 … 20, the ephemeral one 42 42 … 42.
const RECIPIENT = fromHex('07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c');
const SEALED = '132c442be010fbd57e72603328aa76e71fccc1503aae219327d14d9c9993f472a59a6354a4a5a651dbd3e12d4d72cbca6d5074e11e7ece5846ded7bb15cda4e181e03e7127';

describe('a sealed box', () => {
  test('is byte for byte that of another implementation', () => {
    const sealed = sealBox(utf8('a secret of the field'), RECIPIENT, new Uint8Array(32).fill(0x42));
    // The ephemeral key and the tag in front, then as many bytes as the message has.
    expect(sealed.length).toBe(32 + 16 + 21);
    expect(toHex(sealed)).toBe(SEALED);
  });

  test('is another one every time', () => {
    expect(toHex(sealBox(utf8('a'), RECIPIENT))).not.toBe(toHex(sealBox(utf8('a'), RECIPIENT)));
  });
});
