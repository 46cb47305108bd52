import { statSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openDisk } from '../store/disk.ts';
import { addAccount, passwordMatches, readAccounts } from './accounts.ts';

const PASSWORD = 'correct horse';

describe('accounts', () => {
  test('are not there without the file', async () => {
    expect(await readAccounts(openDisk(temporaryFolder()))).toBeUndefined();
  });

  test('know their passwords, and no others', async () => {
    const disk = openDisk(temporaryFolder());
    await addAccount(disk, { email: 'Jane@Example.com', password: PASSWORD });
    const account = (await readAccounts(disk))?.get('jane@example.com');
    expect(account?.email).toBe('Jane@Example.com');
    expect(await passwordMatches(account, PASSWORD)).toBe(true);
    expect(await passwordMatches(account, `${PASSWORD} `)).toBe(false);
    expect(await passwordMatches(account, '')).toBe(false);
    expect(await passwordMatches(undefined, PASSWORD)).toBe(false);
  });

  test('know a password in another encoding of the same text', async () => {
    const disk = openDisk(temporaryFolder());
    await addAccount(disk, { email: 'jane@example.com', password: 'caf\u00e9 au lait' });
    expect(await passwordMatches((await readAccounts(disk))?.get('jane@example.com'), 'cafe\u0301 au lait')).toBe(true);
  });

  test('are kept in a file for the owner alone, without the password', async () => {
    const disk = openDisk(temporaryFolder());
    await addAccount(disk, { email: 'jane@example.com', password: PASSWORD });
    expect(statSync(join(disk.root, 'accounts.json')).mode & 0o777).toBe(0o600);
    expect(Buffer.from((await disk.read('accounts.json')) ?? []).toString()).not.toContain('horse');
  });

  test('get a new password under the same name, and stay beside others', async () => {
    const disk = openDisk(temporaryFolder());
    await addAccount(disk, { email: 'jane@example.com', password: PASSWORD });
    await addAccount(disk, { email: 'joe@example.com', password: 'something else' });
    await addAccount(disk, { email: 'JANE@example.com', password: 'changed since' });
    const accounts = await readAccounts(disk);
    expect([...(accounts?.keys() ?? [])]).toEqual(['jane@example.com', 'joe@example.com']);
    expect(await passwordMatches(accounts?.get('jane@example.com'), 'changed since')).toBe(true);
    expect(await passwordMatches(accounts?.get('jane@example.com'), PASSWORD)).toBe(false);
  });

  test.each([
    ['an address that is none', { email: 'jane', password: PASSWORD }],
    ['a short password', { email: 'jane@example.com', password: 'horse' }],
  ])('are not made with %s', async (_, account) => {
    const disk = openDisk(temporaryFolder());
    await expect(addAccount(disk, account)).rejects.toMatchObject({ code: 'USAGE' });
    expect(await readAccounts(disk)).toBeUndefined();
  });

  const entry = (password: string): string => JSON.stringify({ version: 1, accounts: [{ email: 'jane@example.com', password }] });
  const [salt, hash] = [Buffer.alloc(16).toString('base64'), Buffer.alloc(32).toString('base64')];
  test.each([
    ['is no JSON', 'accounts'],
    ['is of a newer version', '{"version":2,"accounts":[]}'],
    ['holds a password that is not hashed', entry(PASSWORD)],
    ['holds a hash that costs more than the machine has', entry(`$scrypt$ln=30,r=8,p=1$${salt}$${hash}`)],
    ['holds an empty hash', entry(`$scrypt$ln=15,r=8,p=1$${salt}$`)],
    ['holds a hash that is cut short', entry(`$scrypt$ln=15,r=8,p=1$${salt}$${hash.slice(0, 20)}`)],
  ])('are refused when the file %s', async (_, text) => {
    const disk = openDisk(temporaryFolder());
    await disk.write('accounts.json', utf8(text));
    await expect(readAccounts(disk)).rejects.toMatchObject({ code: 'STACK_DATA' });
  });
});
