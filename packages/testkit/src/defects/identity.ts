/** Signers that are not the expected ones (verification.md section 12). */
import { generateKey } from '@assay/make';
import { DEFAULT_IDENTITY } from '../claims.ts';
import type { SamplePolicy } from '../sample.ts';
import type { Base, DefectRow } from './defect.ts';

const { san: SAN, issuer: ISSUER } = DEFAULT_IDENTITY;

const expect = (san: string, issuer: string = ISSUER): SamplePolicy => ({ identities: [{ san, issuer }] });

const MANAGED: Base = { sign: { key: generateKey('p256') } };
const EMAIL: Base = { sign: { identity: { type: 'email', value: 'release@testkit.example' } } };
const USERNAME: Base = { sign: { identity: { type: 'username', value: 'release!testkit.example' } } };
const EMAIL_ISSUER = 'https://accounts.testkit.example';

const rows: readonly Omit<DefectRow, 'section'>[] = [
  { name: 'identity-other', code: 'IDENTITY_MISMATCH', says: 'Another workflow signed.', policy: expect(SAN.replace('release.yml', 'test.yml')) },
  {
    name: 'identity-other-ref',
    code: 'IDENTITY_MISMATCH',
    says: 'The right workflow signed from another ref.',
    policy: expect(SAN.replace('v1.2.3', 'v1.2.4')),
  },
  {
    name: 'identity-prefix',
    code: 'IDENTITY_MISMATCH',
    says: 'The signer begins with the expected identity: a longer name was registered.',
    policy: expect(SAN.slice(0, -2)),
  },
  { name: 'identity-suffix', code: 'IDENTITY_MISMATCH', says: 'The signer ends with the expected identity.', policy: expect(SAN.slice('https://'.length)) },
  { name: 'identity-longer', code: 'IDENTITY_MISMATCH', says: 'The signer is only the beginning of the expected identity.', policy: expect(`${SAN}4`) },
  {
    name: 'identity-case',
    code: 'IDENTITY_MISMATCH',
    says: 'Upper and lower case differ: another owner on a case-sensitive provider.',
    policy: expect(SAN.replace('assay-testkit', 'Assay-Testkit')),
  },
  {
    name: 'identity-dot',
    code: 'IDENTITY_MISMATCH',
    says: 'The dot of the expected identity stands for itself, not for any character.',
    base: EMAIL,
    sign: { identity: { type: 'email', value: 'release@testkitxexample' } },
    policy: expect('release@testkit.example', EMAIL_ISSUER),
  },
  {
    name: 'identity-pattern-as-text',
    code: 'IDENTITY_MISMATCH',
    says: 'An exact identity is not a pattern, even when it looks like one.',
    policy: expect('.*'),
  },
  { name: 'identity-empty', code: 'IDENTITY_MISMATCH', says: 'An empty identity matches nobody.', policy: expect('') },
  {
    name: 'identity-nul',
    code: 'CERT_PARSE',
    says: 'The signer continues behind a NUL byte, where C readers stop: no such name is read.',
    base: EMAIL,
    sign: { identity: { type: 'email', value: 'release@testkit.example\0.evil.example' } },
    policy: expect('release@testkit.example', EMAIL_ISSUER),
  },
  {
    name: 'identity-not-ascii',
    code: 'CERT_PARSE',
    says: 'A URI is spelled with a Cyrillic letter, which an IA5String cannot hold.',
    base: EMAIL,
    sign: { identity: { type: 'uri', value: 'https://testkit.ex\u0430mple/release' } },
    policy: expect('https://testkit.example/release', EMAIL_ISSUER),
  },
  {
    name: 'identity-homograph',
    code: 'IDENTITY_MISMATCH',
    says: 'The user name is spelled with a Cyrillic letter.',
    base: USERNAME,
    sign: { identity: { type: 'username', value: 'rele\u0430se!testkit.example' } },
    policy: expect('release!testkit.example', EMAIL_ISSUER),
  },
  {
    name: 'identity-decomposed',
    code: 'IDENTITY_MISMATCH',
    says: 'The user name is the expected one in another Unicode normal form.',
    base: USERNAME,
    sign: { identity: { type: 'username', value: 'ju\u0308rgen!testkit.example' } },
    policy: expect('j\u00fcrgen!testkit.example', EMAIL_ISSUER),
  },
  {
    name: 'identity-trailing-space',
    code: 'IDENTITY_MISMATCH',
    says: 'The signer has a trailing space.',
    base: EMAIL,
    sign: { identity: { type: 'email', value: 'release@testkit.example ' } },
    policy: expect('release@testkit.example', EMAIL_ISSUER),
  },
  {
    name: 'identity-none-of-two',
    code: 'IDENTITY_MISMATCH',
    says: 'The signer is none of two expected identities; the parts of both would make it.',
    policy: {
      identities: [
        { san: SAN.slice(1), issuer: ISSUER },
        { san: SAN, issuer: 'https://accounts.google.com' },
      ],
    },
  },
  { name: 'issuer-other', code: 'IDENTITY_ISSUER', says: 'Another provider vouched for the same name.', policy: expect(SAN, 'https://accounts.google.com') },
  { name: 'issuer-trailing-slash', code: 'IDENTITY_ISSUER', says: 'The issuer differs by a slash.', policy: expect(SAN, `${ISSUER}/`) },
  {
    name: 'issuer-prefix',
    code: 'IDENTITY_ISSUER',
    says: 'The issuer of the certificate begins with the expected one.',
    sign: { oidcIssuer: `${ISSUER}.evil.example` },
    policy: expect(SAN),
  },
  { name: 'issuer-scheme', code: 'IDENTITY_ISSUER', says: 'The issuer has another scheme.', policy: expect(SAN, ISSUER.replace('https:', 'http:')) },
  {
    name: 'extension-other-repository',
    code: 'IDENTITY_EXTENSION',
    says: 'The workflow is the expected one, called from another repository.',
    policy: { identities: [{ san: SAN, issuer: ISSUER, extensions: { sourceRepositoryUri: 'https://github.com/other/widget' } }] },
  },
  {
    name: 'extension-not-stated',
    code: 'IDENTITY_EXTENSION',
    says: 'A demanded extension is not in the certificate.',
    base: EMAIL,
    policy: { identities: [{ san: 'release@testkit.example', issuer: EMAIL_ISSUER, extensions: { buildTrigger: 'push' } }] },
  },
  {
    name: 'key-bundle-with-identity',
    code: 'IDENTITY_MISSING',
    says: 'An identity is demanded; a self-managed key signed.',
    base: MANAGED,
    policy: expect(SAN),
  },
  {
    name: 'certificate-bundle-with-key',
    code: 'KEY_EXPECTED',
    says: 'A key is given; the bundle carries a certificate.',
    policy: { key: generateKey('p256').publicPem },
  },
];

export const identityDefects: readonly DefectRow[] = rows.map((row) => ({ section: 12, ...row }));
