import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openDisk } from './disk.ts';
import { openKeys, type StoredKeyType, signingKeyOf } from './keys.ts';

describe('keys at rest', () => {
  test.each<StoredKeyType>(['p256', 'p384', 'ed25519'])('a %s key comes back as it was', async (type) => {
    const disk = openDisk(temporaryFolder());
    const made = await openKeys(disk).create('log-1', type);
    expect((await openKeys(disk).load('log-1')).equals(made)).toBe(true);
    expect(signingKeyOf(made).type).toBe(type);
  });

  test('a file is for its owner alone', async () => {
    const folder = temporaryFolder();
    await openKeys(openDisk(folder)).create('log-1', 'p256');
    expect(statSync(join(folder, 'log-1.pem')).mode & 0o777).toBe(0o600);
  });

  test('a key that is there is never made again', async () => {
    const keys = openKeys(openDisk(temporaryFolder()));
    const first = await keys.create('log-1', 'p256');
    expect((await keys.create('log-1', 'p256')).equals(first)).toBe(true);
  });

  test('with a passphrase the file is encrypted, and opens with that passphrase alone', async () => {
    const folder = temporaryFolder();
    const made = await openKeys(openDisk(folder), 'open sesame').create('ca-1', 'p384');
    expect(readFileSync(join(folder, 'ca-1.pem'), 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect((await openKeys(openDisk(folder), 'open sesame').load('ca-1')).equals(made)).toBe(true);
    await expect(openKeys(openDisk(folder), 'open barley').load('ca-1')).rejects.toMatchObject({
      code: 'STACK_DATA',
      message: expect.stringContaining('ca-1.pem'),
    });
    await expect(openKeys(openDisk(folder)).load('ca-1')).rejects.toMatchObject({ code: 'STACK_DATA', message: expect.stringContaining('encrypted') });
  });

  test('an encrypted key is not replaced when the passphrase is missing', async () => {
    const folder = temporaryFolder();
    await openKeys(openDisk(folder), 'open sesame').create('ca-1', 'p384');
    const before = readFileSync(join(folder, 'ca-1.pem'), 'utf8');
    await expect(openKeys(openDisk(folder)).create('ca-1', 'p384')).rejects.toMatchObject({ code: 'STACK_DATA' });
    expect(readFileSync(join(folder, 'ca-1.pem'), 'utf8')).toBe(before);
  });

  test('what is no key is refused by file name', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'tsa-1.pem'), 'not a key');
    chmodSync(join(folder, 'tsa-1.pem'), 0o600);
    await expect(openKeys(openDisk(folder)).load('tsa-1')).rejects.toMatchObject({ code: 'STACK_DATA', message: expect.stringContaining('tsa-1.pem') });
    await expect(openKeys(openDisk(folder)).load('none')).rejects.toMatchObject({ code: 'STACK_DATA', message: expect.stringContaining('none.pem') });
  });
});
