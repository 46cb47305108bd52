import { describe, expect, it } from 'vitest';
import { licensesOfCopyright } from './copyright.ts';

const FORMAT = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n';

describe('licensesOfCopyright', () => {
  it.each<[name: string, license: string, found: readonly string[]]>([
    ['Expat is the MIT licence', 'Expat', ['MIT']],
    ['a plus is any later version', 'GPL-2+', ['GPL-2.0-or-later']],
    ['no plus is that version alone', 'LGPL-2.1', ['LGPL-2.1-only']],
    ['a version may have a zero', 'GPL-3.0+', ['GPL-3.0-or-later']],
    ['BSD has its SPDX spelling', 'BSD-3-clause', ['BSD-3-Clause']],
    ['alternatives are an expression', 'GPL-1+ or Artistic', ['GPL-1.0-or-later OR Artistic']],
    ['both are an expression', 'Expat and Zlib', ['MIT AND Zlib']],
    ['an exception stays as it is', 'GPL-2+ with OpenSSL exception', ['GPL-2+ with OpenSSL exception']],
    ['a comma stays as it is', 'GPL-2+ or Artistic-2.0, and BSD-3-clause', ['GPL-2+ or Artistic-2.0, and BSD-3-clause']],
    ['other words stay as they are', 'some own words', ['some own words']],
    ['a short name that is not of the list stays', 'public-domain', ['public-domain']],
  ])('%s', (_, license, found) => {
    expect(licensesOfCopyright(Buffer.from(`${FORMAT}\nFiles: *\nLicense: ${license}\n`))).toEqual(found);
  });

  it('has each licence of all stanzas once, and nothing of their texts', () => {
    const text = `${FORMAT}\nFiles: *\nLicense: ISC\n\nFiles: debian/*\nLicense: Expat\n\nLicense: ISC\n See /usr/share/common-licenses/GPL-3.\n License: none\n`;
    expect(licensesOfCopyright(Buffer.from(text))).toEqual(['ISC', 'MIT']);
  });

  it('has the common licences that prose points to, in their own words: whether later versions do is not said', () => {
    const text = "On Debian systems, see `/usr/share/common-licenses/GPL-2' and\n/usr/share/common-licenses/LGPL-2.1. License: Expat\n";
    expect(licensesOfCopyright(Buffer.from(text))).toEqual(['GPL-2', 'LGPL-2.1']);
  });

  it('has none when there is nothing to tell', () => {
    expect(licensesOfCopyright(Buffer.from('Copyright (c) somebody. All rights reserved.\n'))).toEqual([]);
  });
});
