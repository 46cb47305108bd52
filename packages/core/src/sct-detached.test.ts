/** Detached SCTs, as old authorities handed them out beside the certificate: over the final certificate, entry type 0. */
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance, verifySample } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { Artifact } from './artifact.ts';
import { encodeBase64 } from './base64.ts';
import { concat, uint, utf8 } from './bytes.ts';
import { failures } from './check.ts';
import { exactly } from './identity.ts';
import { parseTrustedRoot } from './trusted-root.ts';
import { verify } from './verify.ts';

const instance = createInstance();
const sample = instance.sign(utf8('x'), { alter: { scts: () => [] } });
const leaf = sample.expected.certificate as Uint8Array;
const TIME = sample.now.getTime() - 3_600_000;

/** RFC 6962 section 3.2, for an X.509 entry. */
function response(changes: Record<string, unknown> = {}, signedTime = TIME): Uint8Array {
  const signed = concat(Uint8Array.of(0, 0), uint(signedTime, 8), Uint8Array.of(0, 0), uint(leaf.length, 3), leaf, Uint8Array.of(0, 0));
  const signature = instance.ctLog.key.sign(signed, 'sha256');
  const encoded = concat(Uint8Array.of(4, 3), uint(signature.length, 2), signature);
  return utf8(
    JSON.stringify({ sct_version: 0, id: encodeBase64(instance.ctLog.logId), timestamp: TIME, extensions: '', signature: encodeBase64(encoded), ...changes }),
  );
}

async function codes(detachedSct: Uint8Array): Promise<(string | undefined)[]> {
  const identities = (sample.policy.identities ?? []).map(({ san, issuer }) => ({ san: exactly(san), issuer: exactly(issuer) }));
  const options = { signer: { identities }, trustedRoot: parseTrustedRoot(sample.trustedRootBytes), crypto: nodeCrypto, now: sample.now, detachedSct };
  return failures((await verify(sample.bundleBytes, Artifact.fromBytes(utf8('x')), options)).root).map(({ code }) => code);
}

test('stands for the embedded one, which is missing here', async () => {
  expect(await verifySample(sample, nodeCrypto)).toMatchObject({ ok: false, code: 'SCT_MISSING' });
  expect(await codes(response())).toEqual([]);
});

describe('is refused', () => {
  test.each<[string, Uint8Array, string]>([
    ['for another time than was signed', response({}, TIME + 1), 'SCT_SIGNATURE'],
    ['of an unknown log', response({ id: encodeBase64(new Uint8Array(32)) }), 'SCT_UNKNOWN_LOG'],
    ['of version 1', response({ sct_version: 1 }), 'SCT_PARSE'],
    ['of version 256, which is 0 in one byte', response({ sct_version: 256 }), 'SCT_PARSE'],
    ['with a log id of 31 bytes', response({ id: encodeBase64(instance.ctLog.logId.subarray(1)) }), 'SCT_PARSE'],
    ['with extensions that do not fit', response({ extensions: encodeBase64(new Uint8Array(70_000)) }), 'SCT_PARSE'],
    ['with a negative time', response({ timestamp: -1 }), 'SCT_PARSE'],
    ['without a signature', response({ signature: undefined }), 'SCT_PARSE'],
    ['that is no JSON', utf8('{'), 'SCT_PARSE'],
  ])('%s', async (_, detached, code) => {
    expect(await codes(detached)).toEqual([code]);
  });
});
