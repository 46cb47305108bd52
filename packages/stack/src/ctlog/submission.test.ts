/** What the log refuses, over HTTP: with a reason, and without logging anything. */
import { readdirSync } from 'node:fs';
import { concat, encodeBase64, utf8 } from '@assay/core';
import {
  type Authority,
  type AuthorityOptions,
  authority,
  basicConstraints,
  type CertificateFields,
  type Extension,
  encodeName,
  extendedKeyUsage,
  generateKey,
  intermediateFields,
  issueIntermediate,
  issueLeaf,
  issuePrecertificate,
  issueRoot,
  keyUsage,
  leafFields,
  nullValue,
  OID,
  octetString,
  precertificatePoison,
  signCertificate,
} from '@assay/make';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { asyncProperty } from '../../../core/test/random.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openDisk } from '../store/disk.ts';
import { openCtLog } from './ct-log.ts';

const NOW = new Date('2026-08-25T00:00:00Z');
const parts = (commonName: string): AuthorityOptions => ({
  name: { organization: 'stack.example', commonName },
  key: generateKey('p256'),
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2036-01-01T00:00:00Z'),
});
const root = issueRoot(parts('root'));
const intermediate = issueIntermediate(root, parts('intermediate'));
const stranger = issueRoot(parts('stranger'));
const issuers = [intermediate.certificate, root.certificate];

function fields(issuer: Authority = intermediate): CertificateFields {
  const san = { type: 'email', value: 'someone@stack.example' } as const;
  return leafFields(issuer, { spki: root.key.spki, san, fulcio: { issuer: 'https://accounts.stack.example' }, notBefore: NOW });
}

/** A certificate with other extensions at the end. */
function leafWith(...extensions: Extension[]): Uint8Array {
  const made = fields();
  return signCertificate({ ...made, extensions: [...made.extensions, ...extensions] }, intermediate);
}

/** An authority whose extensions are these alone. */
function oddAuthority(...extensions: Extension[]): Authority {
  const own = parts('odd');
  return authority({ ...intermediateFields(root, own), extensions }, own, root);
}

const precertificate = issuePrecertificate(fields(), intermediate);
const certificate = issueLeaf(fields(), intermediate);

async function open() {
  const disk = openDisk(temporaryFolder());
  const options = { disk, clock: () => NOW, baseUrl: 'http://127.0.0.1:4100/ct', log: pino({ level: 'silent' }) };
  const ct = await openCtLog({ ...options, key: generateKey('p256'), roots: [root.certificate] });
  const post = async (path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
    ct.app.fetch(new Request(`http://127.0.0.1:4100/ct/v1/${path}`, { method: 'POST', body }));
  return { ct, disk, post };
}

const PRE = 'add-pre-chain';
const FINAL = 'add-chain';
const UNVERIFIED = 'failed to verify add-chain contents: chain failed to verify: ';
const impostor = { ...intermediate, key: generateKey('p256') };
const noCa = oddAuthority(keyUsage('keyCertSign'));
const noSigning = oddAuthority(basicConstraints({ ca: true }), keyUsage('digitalSignature'));
const unreadable = oddAuthority({ oid: OID.basicConstraints, critical: true, value: utf8('?') });
const presigner = oddAuthority(basicConstraints({ ca: true }), extendedKeyUsage([OID.precertificateSigning]));

describe('refused:', () => {
  test.each<[string, string, readonly Uint8Array[], string]>([
    ['an empty chain', PRE, [], `${UNVERIFIED}the chain is empty`],
    [
      'a certificate as a precertificate',
      PRE,
      [certificate, ...issuers],
      'cert / precert mismatch: a certificate without the poison extension is for add-chain',
    ],
    [
      'a precertificate as a certificate',
      FINAL,
      [precertificate, ...issuers],
      'cert / precert mismatch: a certificate with the poison extension is for add-pre-chain',
    ],
    [
      'a poison that is not critical',
      PRE,
      [leafWith({ ...precertificatePoison(), critical: false }), ...issuers],
      'precert test failed: the poison extension is not critical, or not NULL',
    ],
    ['a poison that is not NULL', PRE, [leafWith({ ...precertificatePoison(), value: octetString(nullValue()) }), ...issuers], 'precert test failed'],
    [
      'a poison with more than NULL',
      PRE,
      [leafWith({ ...precertificatePoison(), value: concat(nullValue(), nullValue()) }), ...issuers],
      'precert test failed',
    ],
    ['a faulty poison in a certificate', FINAL, [leafWith({ ...precertificatePoison(), critical: false }), ...issuers], 'precert test failed'],
    ['two poisons', PRE, [leafWith(precertificatePoison(), precertificatePoison()), ...issuers], `extension ${OID.precertificatePoison} appears twice`],
    ['an unknown root', PRE, [issuePrecertificate(fields(stranger), stranger), stranger.certificate], `${UNVERIFIED}certificate signed by unknown authority`],
    ['an unknown root that is left out', PRE, [issuePrecertificate(fields(stranger), stranger)], 'certificate signed by unknown authority'],
    ['a chain without its intermediate', PRE, [precertificate], 'certificate signed by unknown authority'],
    ['a chain that skips its intermediate', PRE, [precertificate, root.certificate], 'is not the issuer that it names'],
    ['a chain out of order', PRE, [precertificate, ...issuers.toReversed()], 'is not the issuer that it names'],
    ['a certificate twice', PRE, [precertificate, precertificate, ...issuers], 'is not the issuer that it names'],
    ['a root after the root', PRE, [precertificate, ...issuers, stranger.certificate], 'is not the issuer that it names'],
    ['the signature of an impostor', PRE, [issuePrecertificate(fields(), impostor), ...issuers], 'did not sign it'],
    ['an intermediate that another root of the same name signed', PRE, forgedIntermediate(), 'did not sign it'],
    ['the same without its root', PRE, forgedIntermediate().slice(0, 2), 'certificate signed by unknown authority'],
    [
      'an issuer that is no authority',
      PRE,
      [issuePrecertificate(fields(noCa), noCa), noCa.certificate, root.certificate],
      'is not an authority that may sign certificates',
    ],
    [
      'an issuer that may not sign',
      PRE,
      [issuePrecertificate(fields(noSigning), noSigning), noSigning.certificate],
      'is not an authority that may sign certificates',
    ],
    [
      'an issuer with unreadable constraints',
      PRE,
      [issuePrecertificate(fields(unreadable), unreadable), unreadable.certificate],
      'is not an authority that may sign certificates',
    ],
    ['a leaf as an issuer', FINAL, leafAsIssuer(), 'is not an authority that may sign certificates'],
    [
      'a precertificate signing certificate',
      PRE,
      [issuePrecertificate(fields(presigner), presigner), presigner.certificate],
      'precertificate signing certificates are not accepted',
    ],
    ['a root as a precertificate', PRE, [root.certificate], 'cert / precert mismatch'],
    [
      'a chain of eleven',
      PRE,
      [precertificate, ...issuers, ...Array<Uint8Array>(8).fill(root.certificate)],
      'failed to parse add-chain body: request: chain: 11 items, the cap is 10',
    ],
    ['what is no certificate', PRE, [utf8('certificate'), ...issuers], 'certificate is not well-formed'],
    ['what is no issuer', PRE, [precertificate, utf8('certificate')], 'certificate is not well-formed'],
    ['a byte after the certificate', PRE, [concat(precertificate, Uint8Array.of(0)), ...issuers], '1 bytes follow the value'],
    ['a certificate of nothing', PRE, [new Uint8Array(0), ...issuers], 'truncated'],
  ])('%s', async (_, path, chain, message) => {
    const { ct, disk, post } = await open();
    const response = await post(path, JSON.stringify({ chain: chain.map(encodeBase64) }));
    expect(await response.json()).toEqual({ code: 3, message: expect.stringContaining(message), details: [] });
    expect(response.status).toBe(400);
    expect(ct.stats?.()).toEqual({ tree_size: 0, pending: 0 });
    expect(readdirSync(disk.root)).toEqual(['checkpoint']);
  });

  test.each<[string, string]>([
    ['no JSON', 'chain'],
    ['an array', '[]'],
    ['a chain that is text', '{"chain":"AAAA"}'],
    ['a chain of numbers', '{"chain":[1]}'],
    ['a chain that is not base64', '{"chain":["*"]}'],
    ['base64 for URLs', '{"chain":["-_-_"]}'],
    ['a chain twice', '{"chain":[],"chain":[]}'],
    ['nothing', ''],
  ])('a body that is %s', async (_, body) => {
    const { post } = await open();
    const response = await post(PRE, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code: 3, message: expect.stringContaining('failed to parse add-chain body: request'), details: [] });
  });

  test('a body over the cap', async () => {
    const { post } = await open();
    const response = await post(PRE, JSON.stringify({ chain: [precertificate, ...issuers].map(encodeBase64), more: 'x'.repeat(256 * 1024) }));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(`more than ${256 * 1024} bytes`) });
  });

  test('every truncation and every changed byte of a precertificate', async () => {
    const { ct } = await open();
    for (let length = 0; length < precertificate.length; length += 7) {
      await expect(ct.addPrecertificate([precertificate.slice(0, length), ...issuers])).rejects.toMatchObject({ status: 400 });
    }
    for (let at = 0; at < precertificate.length; at++) {
      const changed = precertificate.map((byte, i) => (i === at ? byte ^ 0x01 : byte));
      await expect(ct.addPrecertificate([changed, ...issuers]), `byte ${at}`).rejects.toMatchObject({ status: 400 });
    }
    expect(ct.stats?.()).toEqual({ tree_size: 0, pending: 0 });
  });

  test('hostile bodies: never a failure of ours, and nothing logged', async () => {
    const { ct, post } = await open();
    const certificates = fc.oneof(fc.constantFrom(certificate, precertificate, ...issuers, stranger.certificate), fc.uint8Array({ maxLength: 60 }));
    const bodies = fc.oneof(
      fc.json(),
      fc.string(),
      fc.array(certificates, { maxLength: 4 }).map((chain) => JSON.stringify({ chain: [utf8('x'), ...chain].map(encodeBase64) })),
    );
    await asyncProperty(fc.tuple(fc.constantFrom(PRE, FINAL), bodies), async ([path, body]) => {
      expect((await post(path, body)).status).toBe(400);
    });
    expect(ct.stats?.()).toEqual({ tree_size: 0, pending: 0 });
  });
});

describe('accepted, since a log shows what authorities do:', () => {
  test.each<[string, string, () => readonly Uint8Array[]]>([
    ['a certificate that expired', FINAL, () => [issueLeaf({ ...fields(), notAfter: NOW, notBefore: new Date(0) }, intermediate), ...issuers]],
    ['a certificate for another purpose', FINAL, () => [leafForServers(), ...issuers]],
    ['a certificate of an authority deeper than its parent allows', FINAL, deeper],
    ['a subject with control characters', FINAL, () => [issueLeaf({ ...fields(), subject: encodeName({ commonName: '\u0007\n' }) }, intermediate), ...issuers]],
  ])('%s', async (_, path, chain) => {
    const { ct, post } = await open();
    const response = await post(path, JSON.stringify({ chain: chain().map(encodeBase64) }));
    expect(response.status, await response.clone().text()).toBe(200);
    expect(ct.stats?.()).toEqual({ tree_size: 1, pending: 0 });
  });
});

function forgedIntermediate(): Uint8Array[] {
  const falseRoot: Authority = { ...root, key: generateKey('p256') };
  const forged = issueIntermediate(falseRoot, parts('intermediate'));
  return [issuePrecertificate(fields(forged), forged), forged.certificate, root.certificate];
}

function leafAsIssuer(): Uint8Array[] {
  const key = generateKey('p256');
  const made = { ...fields(), spki: key.spki, subject: encodeName({ commonName: 'leaf' }) };
  const leaf: Authority = { certificate: issueLeaf(made, intermediate), subject: made.subject, key };
  return [issueLeaf(fields(leaf), leaf), leaf.certificate, ...issuers];
}

function leafForServers(): Uint8Array {
  const made = fields();
  const extensions = made.extensions.map((one) => (one.oid === OID.extendedKeyUsage ? extendedKeyUsage([OID.serverAuth]) : one));
  return signCertificate({ ...made, extensions }, intermediate);
}

function deeper(): Uint8Array[] {
  const below = issueIntermediate(intermediate, parts('below')); // intermediates of make allow none below them
  return [issueLeaf(fields(below), below), below.certificate, ...issuers];
}
