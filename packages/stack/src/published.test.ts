import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTrustedRoot, utf8 } from '@assay/core';
import { noteKeyHash, sha256 } from '@assay/make';
import { parseClientTrustConfig, parseSigningConfig, selectServices } from '@assay/trust';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateAuthority, timestampAuthority } from './authorities.ts';
import { clientTrustConfigJson, type Published, signingConfigJson, trustedRootJson } from './published.ts';
import { openDisk } from './store/disk.ts';
import { openKeys, signingKeyOf } from './store/keys.ts';

const START = new Date('2026-03-01T10:00:00Z');
const ROTATED = new Date('2026-06-01T10:00:00Z');
const NOW = new Date('2026-07-01T10:00:00Z');
const ORIGIN = 'http://127.0.0.1:4100';

let published: Published;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-stack-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const disk = openDisk(folder);
  const keys = openKeys(disk.at('keys'));
  const chain = async (number: number): Promise<readonly Uint8Array[]> =>
    (await certificateAuthority({ disk: disk.at('ca'), keys, number }, START)).certificates;
  const tsa = await timestampAuthority({ disk: disk.at('tsa'), keys, number: 1 }, START);
  const p256 = signingKeyOf(await keys.create('rekor-v1-1', 'p256'));
  const ed25519 = signingKeyOf(await keys.create('rekor-v2-1', 'ed25519'));
  const secondEd25519 = signingKeyOf(await keys.create('rekor-v2-2', 'ed25519'));
  published = {
    certificateAuthorities: [
      { url: ORIGIN, start: START, end: ROTATED, chain: await chain(1) },
      { url: ORIGIN, start: ROTATED, chain: await chain(2) },
    ],
    issuers: [{ url: `${ORIGIN}/oidc`, start: START }],
    ctLogs: [{ url: `${ORIGIN}/ct/1`, start: START, key: p256, logId: sha256(p256.spki) }],
    rekorV1: [{ url: ORIGIN, start: START, key: p256, logId: sha256(p256.spki) }],
    rekorV2: [
      { url: `${ORIGIN}/rekor/1`, start: START, end: ROTATED, key: ed25519, logId: noteKeyHash('127.0.0.1', ed25519) },
      { url: `${ORIGIN}/rekor/2`, start: ROTATED, key: secondEd25519, logId: noteKeyHash('127.0.0.1', secondEd25519) },
    ],
    timestampAuthorities: [{ url: `${ORIGIN}/api/v1/timestamp`, start: START, chain: tsa.certificates }],
  };
});

describe('the trusted root', () => {
  test('is one that the verifier reads, with every generation in it', () => {
    const root = parseTrustedRoot(utf8(JSON.stringify(trustedRootJson(published))));
    expect(root.certificateAuthorities.map(({ window }) => window.end)).toEqual([ROTATED, undefined]);
    expect(root.timestampAuthorities).toHaveLength(1);
    expect(root.ctLogs).toHaveLength(1);
    expect(root.logs).toHaveLength(3);
  });

  test('trusts a log that was ended for what it logged before, for ever', () => {
    const { tlogs } = trustedRootJson(published);
    expect(tlogs.map(({ publicKey }) => publicKey.validFor.end)).toEqual([undefined, undefined, undefined]);
  });

  test('names authorities as their root certificate does', () => {
    expect(trustedRootJson(published).certificateAuthorities[1]?.subject).toEqual({ organization: 'assay', commonName: 'Assay certificate authority root 2' });
  });
});

describe('the signing configuration', () => {
  test('leads today to the newest shard of Rekor v2', () => {
    const { logs, logSelection } = parseSigningConfig(JSON.stringify(signingConfigJson(published)));
    expect(selectServices(logs, logSelection, [1, 2], NOW).map(({ url }) => url)).toEqual([`${ORIGIN}/rekor/2`]);
    expect(selectServices(logs, logSelection, [1], NOW).map(({ url }) => url)).toEqual([ORIGIN]);
  });

  test('led before the rotation to the shard of that time', () => {
    const { logs, logSelection } = parseSigningConfig(JSON.stringify(signingConfigJson(published)));
    expect(selectServices(logs, logSelection, [2], new Date('2026-04-01T00:00:00Z')).map(({ url }) => url)).toEqual([`${ORIGIN}/rekor/1`]);
  });

  test('lists a URL behind which keys changed once, as it is now', () => {
    expect(signingConfigJson(published).caUrls).toEqual([
      { url: ORIGIN, majorApiVersion: 1, validFor: { start: ROTATED.toISOString() }, operator: '127.0.0.1' },
    ]);
  });

  test('is in the client trust configuration beside the root', () => {
    const { signingConfig, trustedRoot } = parseClientTrustConfig(JSON.stringify(clientTrustConfigJson(published)));
    expect(signingConfig.timestampAuthorities.map(({ url }) => url)).toEqual([`${ORIGIN}/api/v1/timestamp`]);
    expect(parseTrustedRoot(trustedRoot).logs).toHaveLength(3);
  });
});
