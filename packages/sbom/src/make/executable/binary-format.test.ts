import { describe, expect, it } from 'vitest';
import { runCataloger } from '../system/test/run-cataloger.ts';
import { looksExecutable, readExecutables } from './binary-format.ts';
import { EXECUTABLE_CATALOGERS } from './index.ts';
import { elf, fat, goBuildInfo, machO, olderGoBuildInfo, pe, versionResource } from './test/executables.ts';

const INFO = goBuildInfo('go1.20', ['path\ta', 'mod\ta\tv1\t', 'dep\tb\tv1\th1:x']);
const SAMPLES: readonly [format: string, content: Buffer][] = [
  [
    'ELF',
    elf([
      { name: '.go.buildinfo', content: INFO },
      { name: '.note.package', content: '{"name":"a","version":"1"}' },
    ]),
  ],
  [
    'big-endian ELF of 32 bits',
    elf([{ name: '.go.buildinfo', content: olderGoBuildInfo('go1.20', ['path\ta'], 0x400000, { bits: 32, endian: 'BE' }) }], { bits: 32, endian: 'BE' }),
  ],
  ['Mach-O', machO([{ name: '__go_buildinfo', content: INFO }])],
  [
    'PE',
    pe([
      { name: '.data', content: INFO },
      { name: '.rsrc', content: Buffer.concat([Buffer.alloc(8), versionResource({ ProductName: 'P', ProductVersion: '1' })]) },
    ]),
  ],
];

describe.each(SAMPLES)('%s', (_, content) => {
  it('is one, with sections that can be read', () => {
    expect(looksExecutable(content)).toBe(true);
    const [executable] = readExecutables(content);
    expect(executable?.sections.every((section) => (executable?.bytes(section).length ?? 0) <= content.length)).toBe(true);
  });

  it('ends in packages and reports when it is cut anywhere, or any byte is another', () => {
    const run = (bytes: Buffer): void => {
      for (const cataloger of EXECUTABLE_CATALOGERS) runCataloger(cataloger, [{ path: '/a.exe', content: bytes }]);
    };
    for (let at = 0; at < content.length; at++) {
      if (at % 5 === 0) run(content.subarray(0, at));
      for (const value of [0, 0x80, 0xff]) {
        const changed = Buffer.from(content);
        changed[at] = value;
        run(changed);
      }
    }
  });
});

describe('what is no executable', () => {
  it.each<[string, Uint8Array]>([
    ['nothing', Buffer.alloc(0)],
    ['a class of Java, which begins like a fat Mach-O', Buffer.concat([Buffer.from('cafebabe00000041', 'hex'), Buffer.alloc(64)])],
    ['a script', Buffer.from(`#!/bin/sh\n${'x'.repeat(64)}`)],
    ['a short one', Buffer.from('7f454c46', 'hex')],
  ])('%s has none', (_, content) => {
    expect([looksExecutable(content), readExecutables(content)]).toEqual([false, []]);
  });

  it('is a program of DOS', () => {
    expect(readExecutables(Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]))).toEqual([]);
  });
});

it('a fat file that contains itself is read once', () => {
  const part = machO([{ name: '__go_buildinfo', content: INFO }]);
  const file = fat([part, part]);
  file.writeUInt32BE(0, 8 + 20 + 8);
  file.writeUInt32BE(file.length, 8 + 20 + 12);
  expect(readExecutables(file)).toHaveLength(1);
});

it('more sections than the cap are refused before they are read', () => {
  const file = elf([{ name: '.a', content: 'x' }]);
  file.writeUInt16LE(0, 60);
  file.writeBigUInt64LE(1n << 40n, Number(file.readBigUInt64LE(40)) + 32);
  expect(() => readExecutables(file)).toThrow(/1099511627776 sections, the cap is 100000/);
});
