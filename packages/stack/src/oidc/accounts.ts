/**
 * Who may log in, when not everybody may: addresses with their passwords, in a plain file.
 *
 *   accounts.json  { "version": 1, "accounts": [{ "email": "…", "password": "$scrypt$ln=15,r=8,p=3$SALT$HASH" }] }
 *
 * Passwords are hashed with scrypt (RFC 7914) and written as PHC strings, base64 with padding. The file is read at each login, so that an
 * account added to a running stack counts at once. Without the file the issuer believes any address; with an empty list it believes none.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { decodeBase64, encodeBase64, type Fields, parseFields, quote, TrustError } from '@assay/core';
import { jsonFile } from '../json-file.ts';
import type { Disk } from '../store/disk.ts';
import { isEmailAddress } from './email-address.ts';

export interface Account {
  readonly email: string;
  readonly password: PasswordHash;
}

export interface PasswordHash {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Adds an account, or gives it a new password. Errors: `USAGE` for a bad address or a short password, `STACK_DATA` for a damaged file. */
export async function addAccount(disk: Disk, { email, password }: { email: string; password: string }): Promise<void> {
  if (!isEmailAddress(email)) throw new TrustError('USAGE', `not an e-mail address: ${quote(email)}`);
  if (password.length < MIN_PASSWORD) throw new TrustError('USAGE', `a password has at least ${MIN_PASSWORD} characters`);
  const accounts = new Map(await readAccounts(disk));
  accounts.set(accountName(email), { email, password: await hashPassword(password) });
  const json = { version: 1, accounts: [...accounts.values()].map((account) => ({ email: account.email, password: encodeHash(account.password) })) };
  await disk.write(FILE, jsonFile(json), { mode: 0o600 });
}

/** By `accountName`; undefined when there is no such file. Errors: `STACK_DATA`. */
export async function readAccounts(disk: Disk): Promise<ReadonlyMap<string, Account> | undefined> {
  const bytes = await disk.read(FILE);
  if (bytes === undefined) return undefined;
  const fields = parseFields(bytes, { what: `${disk.root}/${FILE}`, parse: 'STACK_DATA', shape: 'STACK_DATA' });
  if (fields.int64('version') !== 1n) fields.refuse('version', 'only 1 is known; it was written by a newer release');
  const accounts = fields.objects('accounts', MAX_ACCOUNTS).map((item) => ({ email: item.string('email'), password: readHash(item) }));
  return new Map(accounts.map((account) => [accountName(account.email), account]));
}

/** Nobody has two mailboxes that differ in case alone. */
export function accountName(email: string): string {
  return email.toLowerCase();
}

/** Takes as long for an account that does not exist, so that time does not tell who has one. */
export async function passwordMatches(account: Account | undefined, password: string): Promise<boolean> {
  const expected = account?.password ?? NOBODY;
  const found = await derive(password, expected);
  return timingSafeEqual(found, expected.hash) && account !== undefined;
}

async function hashPassword(password: string): Promise<PasswordHash> {
  const parameters = { ...COST, salt: randomBytes(16) };
  return { ...parameters, hash: await derive(password, parameters) };
}

function derive(password: string, { logN, r, p, salt }: Omit<PasswordHash, 'hash'>): Promise<Buffer> {
  const N = 2 ** logN;
  // One text has several encodings, and keyboards differ in which they send.
  return deriveKey(password.normalize('NFC'), salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r });
}

function encodeHash({ logN, r, p, salt, hash }: PasswordHash): string {
  return `$scrypt$ln=${logN},r=${r},p=${p}$${encodeBase64(salt)}$${encodeBase64(hash)}`;
}

function readHash(item: Fields): PasswordHash {
  const parts = HASH.exec(item.string('password'))?.groups;
  const salt = decodeBase64(parts?.['salt'] ?? '');
  const hash = decodeBase64(parts?.['hash'] ?? '');
  const number = (name: string): number => Number(parts?.[name]);
  if (parts === undefined || salt === undefined || hash?.length !== HASH_BYTES) return item.refuse('password', 'expected $scrypt$ln=…,r=…,p=…$SALT$HASH');
  return { logN: number('ln'), r: number('r'), p: number('p'), salt, hash };
}

/** What one login costs: 32 MiB, and some tenths of a second of one core. */
const COST = { logN: 15, r: 8, p: 3 };
const HASH_BYTES = 32;
const NOBODY: PasswordHash = { ...COST, salt: randomBytes(16), hash: new Uint8Array(HASH_BYTES) };
/** Costs beyond these would let a damaged file stop the process. */
const HASH = /^\$scrypt\$ln=(?<ln>1[0-7]),r=(?<r>[1-9]|1[0-6]),p=(?<p>[1-9])\$(?<salt>[A-Za-z0-9+/=]+)\$(?<hash>[A-Za-z0-9+/=]+)$/;
const FILE = 'accounts.json';
const MIN_PASSWORD = 8;
const MAX_ACCOUNTS = 10_000;
const deriveKey: (password: string, salt: Uint8Array, bytes: number, options: ScryptOptions) => Promise<Buffer> = promisify(scrypt);
