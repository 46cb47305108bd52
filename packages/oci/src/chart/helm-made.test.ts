/** A chart that helm 3.22.0 packaged, signed and pushed: we read it, verify it, and would push the same bytes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey, readPrivateKey, revokeKey } from 'openpgp';
import { afterAll, describe, expect, test } from 'vitest';
import { digestOf } from '../digest.ts';
import { Layout } from '../layout.ts';
import { parseChart } from './chart.ts';
import { metadataYaml } from './metadata.ts';
import { signProvenance, verifyProvenance } from './provenance.ts';
import { pullChart, resolveChartVersion } from './pull.ts';
import { pushChart } from './push.ts';

const FILE_NAME = 'demo-1.2.3+build.4.tgz';
const CREATED = '2026-08-02T03:04:05Z';
/** After the signature below was made. */
const NOW = new Date('2027-01-01T00:00:00Z');

const ARCHIVE = Buffer.from(
  'H4sIFAAAAAAA/ykAK2FIUjBjSE02THk5NWIzVjBkUzVpWlM5Nk9WVjZNV2xqYW5keVRRbz1IZWxtAOySz0oDMRDG95ynGPbgRcwm6WoxiAg+guB93A5NYPOHZNrat5etVKR4k0WE/V1m' +
    'kkzm+0JmQyF1zw4LyyOGsZkDpZS66/tTVEpdRtX3q0bfrpQya7Oe6rTRxjSgZnFzwa4ylkb9Wuvycf8EjDExsk+xWgHQ3rcWoo805Vq1FpiiAEhlK1OmOKTI6COVKn3ALUn2PJKFmBjY' +
    '+Sow+1cq1adoYW8E5vy1bLXUrdhQHYrPfNp6celQ4cGlwyNcwcEdhUuBLDjmXG3X0TuGPJIcUhAB/VnbihuggH6c7GF4+l4GEHFqMR2Iz3SacVHTrgx0uvpD966WQezPTrU0cnX9tvPj' +
    'Rvbir79oYWFhYRY+AgAA//9xS4zmAAgAAA==',
  'base64',
);

const PROVENANCE = Buffer.from(`-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

annotations:
  "9": nine
  "10": ten
  org.opencontainers.image.title: not this
apiVersion: v2
appVersion: "1.1"
description: Shows <how> & why
home: https://example.com
maintainers:
- - email: team@example.com
  name: team
name: demo
sources:
- - https://example.com/src
version: 1.2.3+build.4

...
files:
  demo-1.2.3+build.4.tgz: sha256:b0cc8f63c369eca8715646036497b19f1b8f284fdbd7f1533a835a67ac53cb23

-----BEGIN PGP SIGNATURE-----

wrsEARYKAG0FgmsBdeMJENMFUAOkBqQFRRQAAAAAABwAIHNhbHRAbm90YXRpb25z
Lm9wZW5wZ3Bqcy5vcmfrcR6m3kU26g1B5kkvaw2Xsn4kQjPw+0RNJ/D+/7AnvRYh
BDJ0aiB1AlLlM7lICNMFUAOkBqQFAAArWwEAg0cJOYfX4LW2KY4XjAOYussnnKKu
HKv0nZDI0flWMPkA/RMq9INfZbHmKW+9KPvytj6hYxelQV+lE/sWxas/YfoE
-----END PGP SIGNATURE-----`);

const PUBLIC_KEY = Buffer.from(`-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEam03ABYJKwYBBAHaRw8BAQdAedQ8vlak45HoerrIa9H37aZ3uHPcXQ8uQv21
Eeb7aie0JmNoYXJ0IHNpZ25pbmcga2V5IDxjaGFydHNAZXhhbXBsZS5jb20+iJAE
ExYIADgWIQQydGogdQJS5TO5SAjTBVADpAakBQUCam03AAIbAwULCQgHAgYVCgkI
CwIEFgIDAQIeAQIXgAAKCRDTBVADpAakBZqrAQC6TI2trgfuB5ygxn88G0tVgkHP
QptM91FDjZF9mjyp8wEA0mL5M4leS9icFDENxV6uQCeICDIbiZvRc3/NLDlufgI=
=x51S
-----END PGP PUBLIC KEY BLOCK-----
`);

const MANIFEST =
  '{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:ad013b0201a4bbdfaad277444439e' +
  '7ea0279bab84d331a7be75f71ec2a093f39","size":335},"layers":[{"mediaType":"application/vnd.cncf.helm.chart.provenance.v1.prov","dige' +
  'st":"sha256:ad8c8773101b8262a0e33945f70a04ecec8d9fca551cfb752d54a63c9aea5411","size":769},{"mediaType":"application/vnd.cncf.helm.' +
  'chart.content.v1.tar+gzip","digest":"sha256:b0cc8f63c369eca8715646036497b19f1b8f284fdbd7f1533a835a67ac53cb23","size":340}],"annota' +
  'tions":{"10":"ten","9":"nine","org.opencontainers.image.authors":"team ' +
  '(team@example.com)","org.opencontainers.image.created":"2026-08-02T03:04:05Z","org.opencontainers.image.description":"Shows ' +
  '\\u003chow\\u003e \\u0026 why","org.opencontainers.image.source":"https://example.com/src","org.opencontainers.image.title":"demo","o' +
  'rg.opencontainers.image.url":"https://example.com","org.opencontainers.image.version":"1.2.3+build.4"}}';

const folder = mkdtempSync(join(tmpdir(), 'assay-helm-made-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const subject = { fileName: FILE_NAME, archive: ARCHIVE, provenance: PROVENANCE };

describe('registries', () => {
  const layout = Layout.openOrCreate(join(folder, 'layout'));

  test('the manifest that we push is that of helm, byte for byte', async () => {
    const { metadata } = await parseChart(ARCHIVE);
    const { tag, digest } = await pushChart({ archive: ARCHIVE, metadata, provenance: PROVENANCE, created: CREATED }, layout);
    expect(tag).toBe('1.2.3_build.4');
    expect(Buffer.from((await layout.manifest(digest))?.bytes ?? []).toString()).toBe(MANIFEST);
  });

  test('what was pushed is pulled', async () => {
    expect(await resolveChartVersion(layout, '^1.0')).toBe('1.2.3+build.4');
    const pulled = await pullChart(layout, '1.2.3_build.4', 'demo');
    expect(pulled.digest).toBe(digestOf(Buffer.from(MANIFEST)));
    expect(pulled.archive).toEqual(ARCHIVE);
    expect(await pulled.provenance()).toEqual(PROVENANCE);
  });

  test('the highest release that meets the constraint is meant', async () => {
    const tags = async () => ['1.0.0', '2.0.0-rc.1', '1.10.0', 'latest', '1.9.0', 'sha256-abc.sig', '1.2.3_b'];
    const from = { ...layout, name: 'r/demo', tags } as unknown as Layout;
    expect(await resolveChartVersion(from, '')).toBe('1.10.0');
    expect(await resolveChartVersion(from, '>0.0.0-0')).toBe('2.0.0-rc.1');
    expect(await resolveChartVersion(from, '~1.2.0')).toBe('1.2.3+b');
    expect(await resolveChartVersion(from, '7.7.7')).toBe('7.7.7');
    await expect(resolveChartVersion(from, '^3')).rejects.toMatchObject({ code: 'CHART_VERSION' });
    await expect(resolveChartVersion({ ...from, tags: async () => ['latest'] } as unknown as Layout, '')).rejects.toMatchObject({ code: 'CHART_VERSION' });
  });

  const chartLayer = { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest: digestOf(ARCHIVE), size: ARCHIVE.length };
  const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 };

  test.each([
    [
      'an image',
      { config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' }, layers: [] },
      'minimum number of descriptors (2), descriptors found: 1',
    ],
    ['no chart', { config, layers: [] }, 'does not contain a layer with mediatype application/vnd.cncf.helm.chart.content'],
    ['no configuration of a chart', { config: { ...config, mediaType: 'a/b' }, layers: [chartLayer] }, 'could not load config with mediatype'],
    ['two charts', { config, layers: [chartLayer, { ...chartLayer, digest: digestOf(Buffer.from('x')) }] }, 'two layers of type'],
  ])('refuses a manifest with %s', async (_, content, message) => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }));
    const digest = await layout.putManifest({ bytes, mediaType: 'application/vnd.oci.image.manifest.v1+json' });
    await expect(pullChart(layout, digest, 'demo')).rejects.toMatchObject({ code: 'CHART_MANIFEST', message: expect.stringContaining(message) });
  });

  test('the media type of before there was one is still read', async () => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [{ ...chartLayer, mediaType: 'application/tar+gzip' }] }));
    const digest = await layout.putManifest({ bytes, mediaType: 'application/vnd.oci.image.manifest.v1+json' });
    expect(await pullChart(layout, digest, 'demo')).toMatchObject({ isLegacy: true, archive: ARCHIVE });
  });

  test('refuses a layer beyond the cap, before it is fetched', async () => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [{ ...chartLayer, size: 2 ** 40 }] }));
    const digest = await layout.putManifest({ bytes, mediaType: 'application/vnd.oci.image.manifest.v1+json' });
    await expect(pullChart(layout, digest, 'demo')).rejects.toMatchObject({ code: 'CHART_TOO_LARGE' });
  });
});

describe('provenance', () => {
  test('helm signed it, and we accept it', async () => {
    expect(await verifyProvenance(subject, { keyring: PUBLIC_KEY, now: NOW })).toEqual({
      signers: ['chart signing key <charts@example.com>'],
      fingerprint: '32746A20750252E533B94808D3055003A406A405',
      digest: digestOf(ARCHIVE),
    });
  });

  test('every byte of what is signed is signed', async () => {
    const start = PROVENANCE.indexOf('annotations:');
    const end = PROVENANCE.indexOf('\n\n-----BEGIN PGP SIGNATURE');
    for (let at = start; at < end; at += 1) {
      const changed = Buffer.from(PROVENANCE);
      changed[at] = (changed[at] as number) ^ 0x01;
      await expect(verifyProvenance({ ...subject, provenance: changed }, { keyring: PUBLIC_KEY, now: NOW })).rejects.toMatchObject({
        code: 'CHART_PROVENANCE',
      });
    }
  });

  test.each([
    ['another archive', { archive: Buffer.from('x') }, 'sha256 sum does not match for demo-1.2.3+build.4.tgz'],
    ['another name', { fileName: 'other-1.0.0.tgz' }, 'provenance does not contain a SHA for a file named "other-1.0.0.tgz"'],
    ['no signature', { provenance: Buffer.from('files: {}') }, 'signature block not found'],
    ['half a signature', { provenance: PROVENANCE.subarray(0, -100) }, 'openpgp: invalid signature'],
  ])('refuses %s', async (_, change, message) => {
    await expect(verifyProvenance({ ...subject, ...change }, { keyring: PUBLIC_KEY, now: NOW })).rejects.toMatchObject({
      code: 'CHART_PROVENANCE',
      message: expect.stringContaining(message),
    });
  });

  test('refuses a signature from before its key, or from the future', async () => {
    await expect(verifyProvenance(subject, { keyring: PUBLIC_KEY, now: new Date('2026-09-01') })).rejects.toMatchObject({ code: 'CHART_PROVENANCE' });
  });

  test.each([
    ['a text', Buffer.from('text')],
    ['a broken armor', PUBLIC_KEY.subarray(0, 200)],
  ])("a keyring that is %s is the keyring's fault", async (_, keyring) => {
    await expect(verifyProvenance(subject, { keyring, now: NOW })).rejects.toMatchObject({ code: 'CHART_KEYRING' });
  });
});

describe('signing', async () => {
  const made = new Date('2026-01-01T00:00:00Z');
  const now = new Date('2026-06-01T00:00:00Z');
  const keyFor = async (name: string, options: { readonly passphrase?: string; readonly keyExpirationTime?: number } = {}) =>
    generateKey({ userIDs: [{ name }], date: made, format: 'armored', ...options });
  const one = await keyFor('charts one');
  const passphrase = async () => 'secret';
  const sign = (keyring: string, keyName: string) =>
    signProvenance({ fileName: FILE_NAME, archive: ARCHIVE }, { keyring: Buffer.from(keyring), keyName, passphrase, now });
  const verify = (provenance: string, keyring: string, at = now) =>
    verifyProvenance({ ...subject, provenance: Buffer.from(provenance) }, { keyring: Buffer.from(keyring), now: at });

  test('what we sign is what helm signs', async () => {
    const text = await sign(one.privateKey, 'charts one');
    const { metadata } = await parseChart(ARCHIVE);
    const body = (armored: string) => armored.slice(0, armored.indexOf('-----BEGIN PGP SIGNATURE'));
    expect(body(text)).toBe(body(PROVENANCE.toString()));
    expect(text).toContain(metadataYaml(metadata).split('\n')[0]);
    expect((await verify(text, one.publicKey)).signers).toEqual(['charts one']);
  });

  test('a locked key opens with its passphrase, and with no other', async () => {
    const locked = await keyFor('charts locked', { passphrase: 'secret' });
    await expect(sign(locked.privateKey, 'charts')).resolves.toContain('BEGIN PGP SIGNED MESSAGE');
    const other = await keyFor('charts locked', { passphrase: 'other' });
    await expect(sign(other.privateKey, 'charts')).rejects.toMatchObject({ code: 'CHART_KEYRING', message: expect.stringContaining('does not unlock') });
  });

  test('refuses a name that no key has, and a key without its private part', async () => {
    await expect(sign(one.privateKey, 'two')).rejects.toMatchObject({ code: 'CHART_KEYRING', message: 'private key not found' });
    await expect(sign(one.publicKey, 'one')).rejects.toMatchObject({ code: 'CHART_KEYRING', message: expect.stringContaining('not a private key') });
  });

  test('refuses a signature of a key that is not in the keyring', async () => {
    const two = await keyFor('charts two');
    await expect(verify(await sign(one.privateKey, 'one'), two.publicKey)).rejects.toMatchObject({
      code: 'CHART_PROVENANCE',
      message: 'openpgp: signature made by unknown entity',
    });
  });

  test('refuses a key that has expired since, or was revoked', async () => {
    const brief = await keyFor('charts brief', { keyExpirationTime: 365 * 86400 });
    const signed = await sign(brief.privateKey, 'brief');
    await expect(verify(signed, brief.publicKey)).resolves.toBeDefined();
    await expect(verify(signed, brief.publicKey, new Date('2027-06-01'))).rejects.toMatchObject({ code: 'CHART_PROVENANCE' });
    const key = await readPrivateKey({ armoredKey: brief.privateKey });
    const revoked = await revokeKey({ key, date: now, format: 'armored' });
    await expect(verify(signed, revoked.publicKey)).rejects.toMatchObject({ code: 'CHART_PROVENANCE' });
  });

  test('a name that the key did not certify is not printed', async () => {
    const { PublicKey, readKey, UserIDPacket } = await import('openpgp');
    const key = await readKey({ armoredKey: one.publicKey });
    const packets = key.toPacketList();
    packets.splice(1, 0, UserIDPacket.fromObject({ name: 'somebody else' } as never));
    const padded = new PublicKey(packets as never).armor();
    expect((await readKey({ armoredKey: padded })).getUserIDs()).toContain('somebody else');
    expect((await verify(await sign(one.privateKey, 'one'), padded)).signers).toEqual(['charts one']);
  });
});
