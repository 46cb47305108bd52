import { parsePublicKeyPem } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { expect, test } from 'vitest';
import { sshFingerprint } from './key-id.ts';

/** Made by OpenSSL; the fingerprints are what Go's `ssh.FingerprintSHA256` says of them. */
const KEYS: readonly (readonly [name: string, fingerprint: string, spki: string])[] = [
  [
    'p256',
    'SHA256:+J9DrWKNgoisGryfMgh0MrweN2PtxSfxLqw0XYDOOjw',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyo/EMApNYX01F38jrn+h5ALfwJ8jyB2uq6NsTad7ub0SDhbktdS84wJV48Lg/MviZvyL9g/qsXtDeoVoZKs+AA==',
  ],
  [
    'p384',
    'SHA256:SWyCq4GEV3WPhQNoK7O1Y6eXmalSRvEfo3bLs5KKBgo',
    'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEg5SsmWBMvGe+iwb3m9l3lQIzHs1RhyhXMVG2pITW8e2L/954AmW/Ff7GrEa18qEem78pqGfbWtcDWD1bM8yjujPwrnFP2zHVLp/xywB9CUTKufzZYBlydyxsTfBL6dDL',
  ],
  [
    'p521',
    'SHA256:PgUfBzCoFFQIeW084j898a84nL6MgtKIE/izU4Do43U',
    'MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBNwwHN1baZ6Om+QleGsBanA561cmJWsKO43igSSbbkGkw2jcPnFmrO+YtniUXjWYLtNBgAucZW/K+Ndlq1CeDX70BAzyTcydMJXE7Zwcr/TzgoAo9X28bxoe1IV9MhqZe/HTJNraJ4FDbJK2782ypn7VEk2b17A+6gIOcSLvSyVMfCuA=',
  ],
  [
    'rsa',
    'SHA256:klAQxHX02xudtzR9zj99bWtMfs492DiIC3vmpkbFW6Y',
    'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq8+n6pa69UBtx6dl5P0b/AjlFaXAs6c49ha/RonDki3po53uiSzO+O9X2hGYIA43PQffjH6XqEervYudWu2Z8V83pF7KyEmXBp5/5sO+vaeQP/l+yzg7jVIGFlmEx0IQXMC7MbxwtW6UtkkBtUUZ0vG0+Hl2Ih1pgKSHn7Bb7JIl2JQ0y1rL93uhiubK/XSIDeXV4NnqpIjub58vEeDtMRmH2ekvmQ71nWukRxFl2mQhEw4lvZxs6uVnTQtTN5GRuDIELhJaiDPwO1j/QhYJ0VTLDqFXjIxEmt07JtV3dxohHDxkdrHZx/h5uAstKdBb8rCWOjA6EwFAoiTOSxY1twIDAQAB',
  ],
  ['ed25519', 'SHA256:Rq50ewj2VHHBYka7eyDk+UqpMiWrkOsKu2xIxuwSrU0', 'MCowBQYDK2VwAyEABH8LKKq85TCRzB+gKY4Naq1OG/GGecCb16XT5738NOE='],
];

test.each(KEYS)('the fingerprint of a %s key', async (_, fingerprint, spki) => {
  const key = parsePublicKeyPem(`-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`);
  expect(await sshFingerprint(key, nodeCrypto)).toBe(fingerprint);
});
