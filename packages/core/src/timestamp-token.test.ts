/** RFC 3161 responses: every truncation and changed byte of one, read alone and as part of a verification. */
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance } from '@assay/testkit';
import { expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { decodeBase64 } from './base64.ts';
import { concat, utf8 } from './bytes.ts';
import { failures } from './check.ts';
import { isTrustError } from './errors.ts';
import { checkTimestamps } from './timestamp.ts';
import { parseTimestampResponse } from './timestamp-token.ts';
import { parseTrustedRoot } from './trusted-root.ts';

const instance = createInstance();
const sample = instance.sign(utf8('x'), { log: 'v2' });
const RESPONSE = decodeBase64(sample.bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps[0]?.signedTimestamp ?? '') as Uint8Array;
const { timestampAuthorities } = parseTrustedRoot(sample.trustedRootBytes);
const judge = (timestamps: readonly Uint8Array[], threshold = 1) =>
  checkTimestamps(timestamps, sample.expected.signature, timestampAuthorities, threshold, sample.now, nodeCrypto);

test('a response is read to the last field', () => {
  const token = parseTimestampResponse(RESPONSE);
  expect([token.imprint.algorithm, token.genTime.getTime() / 1000, token.digestAlgorithm, token.attributes.size >= 3, token.certificates.length]).toEqual([
    'sha256',
    sample.expected.timestamp,
    'sha256',
    true,
    0,
  ]);
  expect([token.signedAttributes[0], token.signer.kind]).toEqual([0x31, 'serial']);
});

test('every truncation, and a byte too many, is malformed', () => {
  for (let length = 0; length < RESPONSE.length; length++) expect(codeOf(() => parseTimestampResponse(RESPONSE.subarray(0, length)))).toBe('TSA_PARSE');
  expect(codeOf(() => parseTimestampResponse(concat(RESPONSE, Uint8Array.of(0))))).toBe('TSA_PARSE');
  expect(codeOf(() => parseTimestampResponse(new Uint8Array(300_000)))).toBe('TSA_PARSE');
});

test('every changed byte is refused with a code of timestamps, or changes nothing that is signed', async () => {
  const accepted: string[] = [];
  for (let at = 0; at < RESPONSE.length; at++) {
    for (const mask of [0x01, 0x80]) {
      const changed = RESPONSE.with(at, (RESPONSE[at] as number) ^ mask) as Uint8Array;
      const { check, timestamps } = await judge([changed]);
      if (check.status === 'pass') accepted.push(`${at} ^ ${mask}: ${timestamps.map(({ time }) => time.toISOString())}`);
      else expect(failures(check).every(({ code = '' }) => code.startsWith('TSA_'))).toBe(true);
      // Read alone, only our own error may come out.
      try {
        parseTimestampResponse(changed);
      } catch (error) {
        if (!isTrustError(error)) throw error;
      }
    }
  }
  // Granted and granted-with-changes are both accepted, and the version of a SignerInfo and the set of digests named up front are not covered.
  const time = new Date((sample.expected.timestamp ?? 0) * 1000).toISOString();
  expect(accepted.filter((one) => !one.endsWith(time))).toEqual([]);
  expect(accepted.length).toBeLessThan(60);
});

test('the response verifies, and is about no other signature', async () => {
  expect((await judge([RESPONSE])).timestamps).toHaveLength(1);
  const other = await checkTimestamps([RESPONSE], utf8('another signature'), timestampAuthorities, 1, sample.now, nodeCrypto);
  expect(failures(other.check).map(({ code }) => code)).toEqual(['TSA_IMPRINT']);
});

test('windows and the present are closed: equality passes', async () => {
  const [authority] = timestampAuthorities;
  if (authority === undefined) throw new Error('no authority');
  const time = parseTimestampResponse(RESPONSE).genTime;
  const withWindow = (start: number, end: number) =>
    checkTimestamps(
      [RESPONSE],
      sample.expected.signature,
      [{ ...authority, window: { start: new Date(start), end: new Date(end) } }],
      1,
      sample.now,
      nodeCrypto,
    );
  const t = time.getTime();
  expect([(await withWindow(t, t)).check.status, (await withWindow(t + 1, t + 2)).check.status, (await withWindow(t - 2, t - 1)).check.status]).toEqual([
    'pass',
    'fail',
    'fail',
  ]);
  const at = (now: number) => checkTimestamps([RESPONSE], sample.expected.signature, timestampAuthorities, 1, new Date(now), nodeCrypto);
  expect([(await at(t)).check.status, (await at(t - 60_000)).check.status, (await at(t - 60_001)).check.status]).toEqual(['pass', 'pass', 'fail']);
});

test('the same timestamp twice is refused; without any authority timestamps are ignored unless demanded', async () => {
  expect(failures((await judge([RESPONSE, RESPONSE])).check).map(({ code }) => code)).toContain('TSA_DUPLICATE');
  const nobody = (threshold: number) => checkTimestamps([RESPONSE], sample.expected.signature, [], threshold, sample.now, nodeCrypto);
  expect([(await nobody(0)).check.optional, (await nobody(0)).timestamps, (await nobody(1)).check.status]).toEqual([true, [], 'fail']);
  expect((await judge([], 0)).check).toMatchObject({ status: 'skip', optional: true });
});
