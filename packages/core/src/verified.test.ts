/** A verified value cannot be made outside `verify`: not by the types, not by name, and not by tricks. */
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import * as core from './index.ts';
import { isVerified, mint, VerifiedDigest, VerifiedIdentity } from './verified.ts';

const IDENTITY = { san: { kind: 'uri', value: 'https://real' }, oidcIssuer: 'https://issuer', extensions: {} } as const;
const real = mint.identity(IDENTITY);

test('the package exports neither a way to make one nor the classes', () => {
  expect(Object.keys(core).filter((name) => /mint|Verified(?:Digest|Identity|Statement)/.test(name))).toEqual([]);
});

test('the package lets nobody import the module that makes them', () => {
  const deep = '@assay/core/src/verified.ts';
  expect(() => createRequire(import.meta.filename).resolve(deep)).toThrow(/exports/);
});

describe('is refused', () => {
  const Constructor = real.constructor as new (mint: symbol, ...rest: unknown[]) => unknown;

  test.each([
    ['another symbol of the same description', Symbol('assay.verified')],
    ['a registered symbol', Symbol.for('assay.verified')],
    ['no symbol', undefined as unknown as symbol],
  ])('a constructor called with %s', (_, symbol) => {
    expect(() => new Constructor(symbol, IDENTITY)).toThrow(TypeError);
  });

  test('a subclass', () => {
    class Forged extends VerifiedIdentity {
      override get san(): string {
        return 'https://forged';
      }
    }
    expect(() => new Forged(Symbol(), IDENTITY)).toThrow(TypeError);
  });
});

describe('is not believed', () => {
  test.each<[string, unknown]>([
    ['an object of the same shape', { san: 'x', oidcIssuer: 'y' }],
    ['an object with the prototype', Object.create(Object.getPrototypeOf(real))],
    ['an object with the prototype and its own name', Object.create(Object.getPrototypeOf(real), { san: { value: 'https://forged' } })],
    ['an object whose prototype is a real one', Object.create(real, { san: { value: 'https://forged' } })],
    ['a proxy around a real one', new Proxy(real, { get: () => 'https://forged' })],
    ['null', null],
    ['text', 'https://real'],
  ])('%s', (_, forged) => {
    expect(isVerified(forged)).toBe(false);
  });
});

test('a real one is believed, frozen, and keeps what was verified', () => {
  const digest = mint.digest('sha256', 'ab');
  expect([isVerified(real), isVerified(digest)]).toEqual([true, true]);
  expect([real.san, real.sanKind, real.oidcIssuer, String(digest)]).toEqual(['https://real', 'uri', 'https://issuer', 'sha256:ab']);
  expect(() => Object.assign(real, { san: 'https://forged' })).toThrow(TypeError);
  expect(() => Object.defineProperty(real, 'san', { value: 'https://forged' })).toThrow(TypeError);
  expect(digest).toBeInstanceOf(VerifiedDigest);
});
