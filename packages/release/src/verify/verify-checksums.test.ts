import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Artifact, exactly, failures, notVerified, parseTrustedRoot, pass, utf8, type Verification, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance } from '@assay/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyChecksums } from './verify-checksums.ts';

const A = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'; // of `a`
const WRONG = '0'.repeat(64);
const instance = createInstance();
const signature = await signed();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-checksums-'));
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'outside'), 'a');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Of a checksum file in `in/`, beside files with these contents. */
function verifyText(text: string, files: Readonly<Record<string, string>>): Verification {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'in', name), content);
  const file = join(folder, 'in', 'checksums.txt');
  writeFileSync(file, text);
  return verifyChecksums(file, { signature });
}

const codesOf = ({ root }: Verification): (string | undefined)[] => failures(root).map(({ code }) => code);

describe('a signed checksum file', () => {
  test.each([
    ['one file that is as listed', `${A}  app\n`, { app: 'a' }],
    ['one that is, and one that is not there', `${A}  app\n${WRONG}  other\n`, { app: 'a' }],
    ['odd names', `${A}  a b\n\\${A}  new\\nline\n${A}  -x\n${A}  ünï\n`, { 'a b': 'a', 'new\nline': 'a', '-x': 'a', ünï: 'a' }],
    ['CR LF', `${A}  app\r\n${A} *other\r\n`, { app: 'a', other: 'a' }],
    ['a line twice', `${A}  app\n${A}  app\n`, { app: 'a' }],
    ['names below', `${A}  ./app\n`, { app: 'a' }],
  ])('holds with %s', (_, text, files) => {
    expect(verifyText(text, files as Readonly<Record<string, string>>)).toMatchObject({ ok: true });
  });

  test.each([
    ['a file that is not as listed', `${WRONG}  app\n`, ['CHECKSUMS_MISMATCH']],
    ['one of two', `${A}  other\n${WRONG}  app\n`, ['CHECKSUMS_MISMATCH']],
    ['a file elsewhere', `${A}  ../outside\n${A}  app\n`, ['CHECKSUMS_PARSE']],
    ['a file elsewhere, as Windows writes it', `${A}  ..\\outside\n${A}  app\n`, ['CHECKSUMS_PARSE']],
    ['an absolute name', `${A}  /etc/hostname\n${A}  app\n`, ['CHECKSUMS_PARSE']],
    ['nothing that is there', `${A}  absent\n`, ['RELEASE_MISSING']],
    ['a folder', `${A}  folder\n`, ['CHECKSUMS_MISMATCH']],
    ['a link to a file elsewhere', `${A}  link\n`, ['CHECKSUMS_MISMATCH']],
  ])('does not hold with %s', (_, text, codes) => {
    mkdirSync(join(folder, 'in/folder'));
    symlinkSync('../outside', join(folder, 'in/link'));
    const verification = verifyText(text, { app: 'a', other: 'a' });
    expect([verification.ok, verification.verified, codesOf(verification)]).toEqual([false, undefined, codes]);
  });

  test.each([
    ['two lines that differ', `${A}  app\n${WRONG}  app\n`],
    ['a line that is none', `${A}  app\nsomething\n`],
  ])('cannot be read with %s', (_, text) => {
    expect(() => verifyText(text, { app: 'a' })).toThrow(expect.objectContaining({ code: 'CHECKSUMS_PARSE' }));
  });

  test('that nobody signed lists nothing', () => {
    writeFileSync(join(folder, 'in/checksums.txt'), 'not even read');
    const unsigned = notVerified([pass('x', 'x')]);
    expect(verifyChecksums(join(folder, 'in/checksums.txt'), { signature: unsigned })).toBe(unsigned);
  });
});

async function signed(): Promise<Verification> {
  const { bundleBytes, artifact, trustedRootBytes, policy, now } = instance.sign(utf8('checksums'));
  const identities = (policy.identities ?? []).map(({ san, issuer }) => ({ san: exactly(String(san)), issuer: exactly(String(issuer)) }));
  return verify(bundleBytes, Artifact.fromBytes(artifact), {
    signer: { identities },
    trustedRoot: parseTrustedRoot(trustedRootBytes),
    crypto: nodeCrypto,
    now,
  });
}
