/** Every named defect is refused for what is broken, and the same bundle without it is accepted. */

import { webCrypto } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { defects } from './defects/index.ts';
import { verifySample } from './verify-sample.ts';

describe('the table', () => {
  test('has a unique kebab-case name and a sentence for each row', () => {
    expect(new Set(defects.map(({ name }) => name)).size).toBe(defects.length);
    expect(defects.filter(({ name }) => !/^[a-z0-9][a-z0-9.-]*$/.test(name))).toEqual([]);
    expect(defects.filter(({ says }) => !says.endsWith('.'))).toEqual([]);
  });
});

describe('refuses', () => {
  test.each(defects)('$name ($code)', async (defect) => {
    const { ok, code, says } = await verifySample(defect.make(), nodeCrypto);
    expect({ ok, code }, says).toEqual({ ok: false, code: defect.code });
  });
});

describe('with Web Crypto', () => {
  test('gives the same codes', async () => {
    const differing: string[] = [];
    for (const defect of defects) {
      const { code, says } = await verifySample(defect.make(), webCrypto);
      if (code !== defect.code) differing.push(`${defect.name}: expected ${defect.code}, found ${code} (${says})`);
    }
    expect(differing).toEqual([]);
  });
});

describe('without the defect accepts', () => {
  test('every bundle', async () => {
    const refused: string[] = [];
    for (const defect of defects) {
      const { ok, code, says } = await verifySample(defect.baseline(), nodeCrypto);
      if (!ok) refused.push(`${defect.name}: ${code} (${says})`);
    }
    expect(refused).toEqual([]);
  });
});
