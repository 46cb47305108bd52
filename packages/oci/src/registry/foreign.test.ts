/** Our client against the registries of the field: everything that is written is read again, by the paths that each of them has. */
import { utf8 } from '@assay/core';
import type { Credential } from '@assay/net';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { drained, openClient } from '../../test/open-registry.ts';
import { REAL_REGISTRIES, startRegistry } from '../../test/real-registries.ts';
import { attachBundle } from '../attach/bundle.ts';
import { appendAttestation, appendSignature } from '../attach/evidence.ts';
import { copyImage } from '../copy.ts';
import { type Digest, digestOf } from '../digest.ts';
import { encodeImage, encodeIndex } from '../encode.ts';
import { attachmentTag, findEvidence } from '../evidence/find.ts';
import type { Descriptor } from '../manifest.ts';
import { DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../media-types.ts';
import { sourceOf } from '../store.ts';
import { deleteTag } from './referrers.ts';
import type { RepositoryClient } from './repository.ts';

const MIB = 1024 * 1024;
const NOWHERE: Digest = `sha256:${'0'.repeat(64)}`;
const CREATED = new Date('2026-08-25T00:00:00Z');

function descriptorOf(bytes: Uint8Array, mediaType = OCI_LAYER): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

async function putBytes(client: RepositoryClient, bytes: Uint8Array, mediaType?: string): Promise<Descriptor> {
  const descriptor = descriptorOf(bytes, mediaType);
  await client.putBlob(descriptor, sourceOf(bytes));
  return descriptor;
}

async function putImage(client: RepositoryClient, note: string, tag?: string, docker = ''): Promise<Descriptor> {
  const config = await putBytes(client, utf8('{"architecture":"amd64","os":"linux"}'), docker === '' ? OCI_CONFIG : DOCKER_CONFIG);
  const layer = await putBytes(client, utf8(note), docker === '' ? OCI_LAYER : DOCKER_LAYER_GZIP);
  const mediaType = docker === '' ? OCI_MANIFEST : DOCKER_MANIFEST;
  const bytes = encodeImage({ mediaType, config, layers: [layer] });
  await client.putManifest({ bytes, mediaType, tag });
  return descriptorOf(bytes, mediaType);
}

for (const real of Object.values(REAL_REGISTRIES)) {
  if (real.path === '') console.warn(`tests against ${real.name} are skipped: it is neither in ASSAY_TESTBED nor on PATH`);

  describe.skipIf(real.path === '')(real.name, () => {
    async function open() {
      const host = await startRegistry(real);
      const { registries } = openClient();
      return { host, repository: (repository = 'team/app') => registries.repository({ registry: host, repository }) };
    }

    test('blobs: small, empty, large, and there or not', async () => {
      const client = (await open()).repository();
      const large = new Uint8Array(9 * MIB).map((_, i) => i % 251);
      for (const bytes of [utf8('small'), new Uint8Array(0), large]) {
        expect(await client.hasBlob(descriptorOf(bytes))).toBe(false);
        const blob = await putBytes(client, bytes);
        expect(await client.hasBlob(blob)).toBe(true);
        expect(Buffer.compare(await client.readBlob(blob, 10 * MIB), bytes)).toBe(0);
        expect(Buffer.compare(await drained(client.blob(blob)), bytes)).toBe(0);
      }
      expect((await caught(client.readBlob({ mediaType: 'x', digest: NOWHERE, size: 1 }, 10))).code).toBe('OCI_NOT_FOUND');
    });

    test('a blob that is another than it says is refused, and is not there', async () => {
      const client = (await open()).repository();
      await putBytes(client, utf8('x'));
      const claimed = descriptorOf(utf8('claimed'));
      expect((await caught(client.putBlob(claimed, sourceOf(utf8('another'))))).code).toMatch(/^OCI_/);
      expect(await client.hasBlob(claimed)).toBe(false);
    });

    test('manifests: by tag and by digest, of OCI and of Docker, and there or not', async () => {
      const client = (await open()).repository();
      for (const docker of ['', 'docker']) {
        const image = await putImage(client, 'a layer', `v1${docker}`, docker);
        for (const target of [`v1${docker}`, image.digest]) {
          expect(await client.resolve(target)).toEqual(image);
          expect((await client.requireManifest(target)).descriptor).toEqual(image);
        }
      }
      for (const target of ['none', NOWHERE]) {
        expect([await client.manifest(target), await client.resolve(target)]).toEqual([undefined, undefined]);
        expect(await caught(client.requireManifest(target))).toMatchObject({ code: 'OCI_NOT_FOUND', message: expect.stringContaining('MANIFEST_UNKNOWN') });
      }
    });

    test('tags, and a repository that is not there', async () => {
      const { repository } = await open();
      for (const tag of ['b', 'a', 'c']) await putImage(repository(), tag, tag);
      expect((await repository().tags()).toSorted()).toEqual(['a', 'b', 'c']);
      expect((await caught(repository('none').tags())).code).toBe('OCI_NOT_FOUND');
    });

    test('an index is copied, blobs mounted or not', async () => {
      const { repository } = await open();
      const from = repository('from/here');
      const children = [await putImage(from, 'one'), await putImage(from, 'two')];
      const bytes = encodeIndex({ mediaType: OCI_INDEX, manifests: children });
      const index = await from.putManifest({ bytes, mediaType: OCI_INDEX, tag: 'v1' });
      for (const mountFrom of [undefined, 'from/here']) {
        const to = repository(`to/${mountFrom ?? 'there'}`);
        expect(await copyImage(await from.requireManifest('v1'), 'v2', { from, to, mountFrom })).toBe(index);
        expect([await to.tags(), (await to.resolve('v2'))?.digest]).toEqual([['v2'], index]);
        for (const { digest } of children) expect((await to.requireManifest(digest)).descriptor.digest).toBe(digest);
      }
    });

    test('bundles are attached, and found again with every other kind of evidence', async () => {
      const client = (await open()).repository();
      const image = await putImage(client, 'signed', 'v1');
      for (const note of ['one', 'two']) {
        await attachBundle(client, {
          subject: image,
          bundle: utf8(`bundle ${note}`),
          content: 'dsse-envelope',
          predicateType: 'https://example.com/p',
          created: CREATED,
        });
      }
      const sig = attachmentTag(image.digest, 'sig');
      for (const note of ['one', 'two']) await appendSignature(client, { tag: sig, payload: utf8(`payload ${note}`), signature: utf8('s'), parts: {} });
      await appendAttestation(client, { tag: attachmentTag(image.digest, 'att'), envelope: utf8('envelope'), predicateType: 'p', parts: {} });
      const texts: string[] = [];
      const says: string[] = [];
      for await (const event of findEvidence({ image: client, digest: image.digest, want: ['signatures', 'attestations'] })) {
        if (event.kind === 'answer') says.push(event.answer.says);
        else texts.push(event.evidence.format === undefined ? event.evidence.problem.message : Buffer.from(event.evidence.content).toString());
      }
      expect(texts.toSorted()).toEqual(['bundle one', 'bundle two', 'envelope', 'payload one', 'payload two']);
      expect(says).toEqual(['not supported (HTTP 404)', '2 referrers, 2 with evidence', '2 signatures', '1 attestation']);
    });

    test('tags and manifests are deleted', async () => {
      const client = (await open()).repository();
      const image = await putImage(client, 'one', 'v1');
      await putImage(client, 'two', 'v2');
      await deleteTag(client, 'v1');
      expect(await client.resolve('v1')).toBeUndefined();
      await client.deleteManifest(image.digest);
      expect([await client.resolve(image.digest), await client.tags()]).toEqual([undefined, ['v2']]);
      await client.deleteManifest(NOWHERE);
    });
  });
}

const { distribution } = REAL_REGISTRIES;
describe.skipIf(distribution.path === '')("Debian's docker-registry with a login", () => {
  const LOGIN: Credential = { kind: 'basic', username: 'someone', password: 'secret' };
  /** bcrypt of that password. */
  const LINE = 'someone:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW';

  test('knows who logs in, and refuses everybody else', async () => {
    const host = await startRegistry(distribution, { login: LINE });
    const as = (credential?: Credential) => openClient({ credential }).registries.repository({ registry: host, repository: 'app' });
    const image = await putImage(as(LOGIN), 'one', 'v1');
    expect((await as(LOGIN).requireManifest('v1')).descriptor).toEqual(image);
    for (const credential of [undefined, { ...LOGIN, password: 'wrong' }]) {
      expect((await caught(as(credential).requireManifest('v1'))).code).toBe('OCI_UNAUTHORIZED');
      expect((await caught(putImage(as(credential), 'two', 'v2'))).code).toBe('OCI_UNAUTHORIZED');
    }
  });
});
