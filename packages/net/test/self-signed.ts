/** A self-signed TLS certificate for 127.0.0.1 and localhost, made anew for every run: no key lies in the repository. */

import { generateKeyPairSync, sign } from 'node:crypto';
import { encodeDer, encodePem, utf8 } from '@assay/core';

export function selfSigned(): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = sequence(encodeDer(0x31, sequence(COMMON_NAME, encodeDer(0x0c, utf8('loopback')))));
  const algorithm = sequence(ECDSA_WITH_SHA256);
  const altNames = sequence(encodeDer(0x82, utf8('localhost')), encodeDer(0x87, Uint8Array.of(127, 0, 0, 1)));
  const toBeSigned = sequence(
    encodeDer(0xa0, encodeDer(0x02, Uint8Array.of(2))),
    encodeDer(0x02, Uint8Array.of(1)),
    algorithm,
    name,
    sequence(encodeDer(0x17, utf8('200101000000Z')), encodeDer(0x17, utf8('491231235959Z'))),
    name,
    new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    encodeDer(0xa3, sequence(sequence(SUBJECT_ALT_NAME, encodeDer(0x04, altNames)))),
  );
  const signature = new Uint8Array(sign('sha256', toBeSigned, privateKey));
  const certificate = sequence(toBeSigned, algorithm, encodeDer(0x03, Uint8Array.of(0), signature));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, cert: encodePem('CERTIFICATE', certificate) };
}

function sequence(...contents: readonly Uint8Array[]): Uint8Array {
  return encodeDer(0x30, ...contents);
}

// Object identifiers, encoded: 2.5.4.3, 1.2.840.10045.4.3.2, 2.5.29.17.
const COMMON_NAME = Uint8Array.of(0x06, 3, 0x55, 0x04, 0x03);
const ECDSA_WITH_SHA256 = Uint8Array.of(0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02);
const SUBJECT_ALT_NAME = Uint8Array.of(0x06, 3, 0x55, 0x1d, 0x11);
