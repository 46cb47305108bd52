/** Signatures and attestations in the older format: what is written, what is kept, and what two writers at once do to each other. */
import { decodeBase64, encodeBase64, utf8 } from '@assay/core';
import { type Lie, OCI_INDEX, putImage, type RegistryContent, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { temporaryFolder } from '../../../net/test/temporary-folder.ts';
import { openRegistry } from '../../test/open-registry.ts';
import { putLayers } from '../../test/put-evidence.ts';
import { digestOf } from '../digest.ts';
import { encodeImage, encodeIndex } from '../encode.ts';
import { attachmentTag, findEvidence } from '../evidence/find.ts';
import { ANNOTATION } from '../evidence/loose.ts';
import { Layout } from '../layout.ts';
import { type Descriptor, type ImageManifest, readManifest } from '../manifest.ts';
import { DOCKER_CONFIG, DOCKER_MANIFEST, DSSE_ENVELOPE, OCI_CONFIG, OCI_MANIFEST, SIMPLE_SIGNING } from '../media-types.ts';
import type { RepositoryClient } from '../registry/repository.ts';
import type { ContentReader, ContentWriter } from '../store.ts';
import { appendAttestation, appendSignature, type SignatureToAppend } from './evidence.ts';

const PAYLOAD = utf8('{"critical":{}}');

async function open(serveOptions: RegistryOptions = {}) {
  const opened = await openRegistry(serveOptions);
  const image = putImage(opened.content, 'app', { tag: 'v1' }) as Descriptor;
  const client = opened.repository();
  await client.resolve('v1');
  opened.forget();
  const tag = attachmentTag(image.digest, 'sig');
  const sign = (signature: string, more: Partial<SignatureToAppend> = {}, to: ContentReader & ContentWriter = client) =>
    appendSignature(to, { tag, payload: PAYLOAD, signature: utf8(signature), parts: {}, ...more });
  return { ...opened, image, client, tag, sign, signatures: () => signaturesIn(opened.content, tag) };
}

function layersIn(content: RegistryContent, tag: string): readonly Descriptor[] {
  const stored = content.getManifest('app', tag);
  return stored === undefined ? [] : (readManifest(stored.bytes, stored.mediaType, tag).manifest as ImageManifest).layers;
}

function signaturesIn(content: RegistryContent, tag: string): string[] {
  return layersIn(content, tag).map(({ annotations }) => Buffer.from(annotations?.[ANNOTATION.signature] ?? '', 'base64').toString());
}

const text = (content: RegistryContent, reference: string): string =>
  Buffer.from(content.getManifest('app', reference)?.bytes ?? content.getBlob('app', reference) ?? []).toString();

describe('a signature', () => {
  test('is what cosign writes', async () => {
    const { sign, content, tag } = await open();
    const { digest, outcome, replaced } = await sign('signed');
    expect([outcome, replaced, content.getManifest('app', tag)?.digest]).toEqual(['appended', 0, digest]);
    const layer = digestOf(PAYLOAD);
    const config = `{"architecture":"","created":"0001-01-01T00:00:00Z","history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers","diff_ids":["${layer}"]},"config":{}}`;
    expect(text(content, tag)).toBe(
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":{"mediaType":"${OCI_CONFIG}","size":${config.length},"digest":"${digestOf(utf8(config))}"},` +
        `"layers":[{"mediaType":"${SIMPLE_SIGNING}","size":${PAYLOAD.length},"digest":"${layer}","annotations":{"${ANNOTATION.signature}":"${encodeBase64(utf8('signed'))}"}}]}`,
    );
    expect(text(content, digestOf(utf8(config)))).toBe(config);
  });

  test('has its parts in annotations, and an empty chain beside a certificate', async () => {
    const { sign, content, tag } = await open();
    await sign('signed', { parts: { certificate: 'PEM', rekorBundle: '{"a":1}', timestamp: '{"b":2}' } });
    expect(layersIn(content, tag)[0]?.annotations).toEqual({
      [ANNOTATION.signature]: encodeBase64(utf8('signed')),
      [ANNOTATION.certificate]: 'PEM',
      [ANNOTATION.chain]: '',
      [ANNOTATION.bundle]: '{"a":1}',
      [ANNOTATION.timestamp]: '{"b":2}',
    });
  });

  test('is found again', async () => {
    const { sign, client, image } = await open();
    await sign('signed');
    const found = [];
    for await (const event of findEvidence({ image: client, digest: image.digest, want: ['signatures'], only: 'tags' })) found.push(event);
    expect(found).toMatchObject([
      { kind: 'evidence', evidence: { format: 'payload', content: PAYLOAD } },
      { kind: 'answer', answer: { says: '1 signature' } },
    ]);
  });

  test('comes behind those that are there, which stay as they were', async () => {
    const { sign, signatures, content, tag } = await open();
    await sign('one', { parts: { certificate: 'A' } });
    const [first] = layersIn(content, tag);
    await sign('two', { parts: { certificate: 'B' } });
    await sign('three');
    expect([signatures(), layersIn(content, tag)[0]]).toEqual([['one', 'two', 'three'], first]);
  });

  test('takes no request more than it needs', async () => {
    const { sign, steps, forget } = await open();
    const sig = 'app/manifests/sha256-HEX.sig';
    const blob = ['HEAD app/blobs/DIGEST', 'POST app/blobs/uploads/', 'PUT app/blobs/uploads/ID'];
    await sign('one');
    expect(steps()).toEqual([`GET ${sig}`, ...blob, ...blob, `HEAD ${sig}`, `PUT ${sig}`, `GET ${sig}`]);
    forget();
    await sign('two');
    // The payload is there.
    expect(steps()).toEqual([`GET ${sig}`, 'GET app/blobs/DIGEST', 'HEAD app/blobs/DIGEST', ...blob, `HEAD ${sig}`, `PUT ${sig}`, `GET ${sig}`]);
  });
});

describe('a signature that is there', () => {
  const verifies = async (signature: Uint8Array): Promise<boolean> => String(Buffer.from(signature)) === 'mine';

  test('and verifies with the key at hand is not made again', async () => {
    const { sign, signatures, steps, forget } = await open();
    const { digest } = await sign('mine', { verifies });
    forget();
    expect(await sign('mine, made anew', { verifies })).toEqual({ outcome: 'present', digest, replaced: 0 });
    expect([signatures(), steps().some((step) => step.startsWith('PUT'))]).toEqual([['mine'], false]);
  });

  test.each<[string, Partial<SignatureToAppend>]>([
    ['by another key', { verifies: async () => false }],
    ['over another payload', { verifies, payload: utf8('{"critical":{"x":1}}') }],
    ['with another certificate', { verifies, parts: { certificate: 'B' } }],
    ['and nobody asks', {}],
  ])('%s does not keep the new one out', async (_, more) => {
    const { sign, signatures } = await open();
    await sign('mine', { parts: { certificate: 'A' } });
    expect((await sign('new', more)).outcome).toBe('appended');
    expect(signatures()).toEqual(['mine', 'new']);
  });

  test('and is not base64 is no signature', async () => {
    const { sign, content, image, client } = await open();
    putLayers(content, image.digest, 'sig', [{ content: PAYLOAD, annotations: { [ANNOTATION.signature]: '!' } }]);
    expect((await sign('new', { verifies: async () => true })).outcome).toBe('appended');
    expect(client.name).toContain('app');
  });
});

describe('an attestation', () => {
  const ENVELOPE = utf8('{"payload":""}');
  async function openAttested(serveOptions: RegistryOptions = {}) {
    const scene = await open(serveOptions);
    const tag = attachmentTag(scene.image.digest, 'att');
    const attest = (note: string, predicateType: string, replace?: boolean) =>
      appendAttestation(scene.client, {
        tag,
        envelope: utf8(`{"payload":"${note}"}`),
        predicateType,
        parts: {},
        ...(replace !== undefined && { replace }),
      });
    const types = () => layersIn(scene.content, tag).map(({ annotations }) => annotations?.['predicateType']);
    return { ...scene, tag, attest, types };
  }

  test('has an empty signature, and its predicate type', async () => {
    const { client, content, tag } = await openAttested();
    await appendAttestation(client, { tag, envelope: ENVELOPE, predicateType: 'https://spdx.dev/Document', parts: {} });
    expect(layersIn(content, tag)).toEqual([
      {
        mediaType: DSSE_ENVELOPE,
        digest: digestOf(ENVELOPE),
        size: ENVELOPE.length,
        annotations: { [ANNOTATION.signature]: '', predicateType: 'https://spdx.dev/Document' },
      },
    ]);
    expect(content.getBlob('app', digestOf(ENVELOPE))).toEqual(Buffer.from(ENVELOPE));
  });

  test('replaces those of its type, when that is asked for, and no others', async () => {
    const { attest, types } = await openAttested();
    for (const [note, type] of [
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'a'],
    ] as const)
      await attest(note, type);
    expect(await attest('4', 'a', true)).toMatchObject({ outcome: 'appended', replaced: 2 });
    expect(types()).toEqual(['b', 'a']);
    expect(await attest('5', 'c', true)).toMatchObject({ replaced: 0 });
    expect(types()).toEqual(['b', 'a', 'c']);
  });
});

describe('the manifest', () => {
  test("of Docker's types, when that is asked for", async () => {
    const { sign, content, tag, signatures } = await open();
    await sign('one', { dockerMediaTypes: true });
    expect(content.getManifest('app', tag)?.mediaType).toBe(DOCKER_MANIFEST);
    expect(JSON.parse(text(content, tag))).toMatchObject({ mediaType: DOCKER_MANIFEST, config: { mediaType: DOCKER_CONFIG } });
    // And it stays what it is.
    await sign('two');
    expect([content.getManifest('app', tag)?.mediaType, signatures()]).toEqual([DOCKER_MANIFEST, ['one', 'two']]);
  });

  test('of OCI stays that, too', async () => {
    const { sign, content, tag } = await open();
    await sign('one');
    await sign('two', { dockerMediaTypes: true });
    expect(content.getManifest('app', tag)?.mediaType).toBe(OCI_MANIFEST);
  });

  test('keeps its annotations', async () => {
    const { sign, content, tag, image } = await open();
    const config = content.putBlob('app', utf8('{}'), OCI_CONFIG) as Descriptor;
    content.putManifest('app', encodeImage({ mediaType: OCI_MANIFEST, config, layers: [], annotations: { kept: 'yes' } }), { tag });
    await sign('one');
    expect([JSON.parse(text(content, tag)), image.size > 0]).toMatchObject([{ annotations: { kept: 'yes' } }, true]);
  });

  test('tells when its layers were made', async () => {
    const { sign, content, tag } = await open();
    const history = () =>
      JSON.parse(text(content, (JSON.parse(text(content, tag)) as { config: Descriptor }).config.digest)) as {
        created: string;
        history: { created: string }[];
      };
    await sign('one', { created: new Date('2026-01-02T03:04:05.678Z') });
    await sign('two');
    await sign('three', { created: new Date('2025-01-01T00:00:00Z') });
    expect(history()).toMatchObject({
      created: '2026-01-02T03:04:05Z',
      history: [{ created: '2026-01-02T03:04:05Z' }, { created: '0001-01-01T00:00:00Z' }, { created: '2025-01-01T00:00:00Z' }],
    });
  });

  test.each([
    ['no JSON', 'x'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a history that is text', '{"history":"x"}'],
    ['a history of null', '{"history":[null]}'],
    ['a history of numbers', '{"history":[1,{"created":2}]}'],
    ['nothing', ''],
  ])('whose configuration is %s can be signed all the same', async (_, config) => {
    const { sign, content, tag, signatures, image } = await open();
    const layer = { ...(content.putBlob('app', PAYLOAD, SIMPLE_SIGNING) as Descriptor), annotations: { [ANNOTATION.signature]: encodeBase64(utf8('one')) } };
    const descriptor = content.putBlob('app', utf8(config), OCI_CONFIG) as Descriptor;
    content.putManifest('app', encodeImage({ mediaType: OCI_MANIFEST, config: descriptor, layers: [layer] }), { tag });
    await sign('two');
    expect([signatures(), image.mediaType]).toEqual([['one', 'two'], OCI_MANIFEST]);
  });

  test.each<[string, RegistryOptions, string]>([
    ['of other bytes', { lies: [{ lie: 'other-bytes', on: { path: /\.sig$/ } }] }, 'OCI_DIGEST_MISMATCH'],
    ['that is no JSON', { lies: [{ lie: 'malformed-json', on: { path: /\.sig$/ } }] }, 'OCI_MANIFEST'],
    ['that is denied', { lies: [{ lie: 'status', status: 403, on: { path: /\.sig$/ } }] }, 'OCI_DENIED'],
    ['that is another at every second look', { lies: [{ lie: 'changing-tag', on: { path: /\.sig$/ } }] }, 'OCI_UPLOAD'],
    ['whose configuration lies', { lies: [{ lie: 'other-bytes', on: { path: /blobs\/sha256/ } }] }, 'OCI_DIGEST_MISMATCH'],
  ])('%s is not signed over', async (_, serveOptions, code) => {
    const { content } = await open();
    const { sign, tag, image } = await open({ ...serveOptions, content });
    putLayers(content, image.digest, 'sig', [{ content: PAYLOAD, annotations: { [ANNOTATION.signature]: encodeBase64(utf8('before')) } }]);
    const before = text(content, tag);
    expect((await caught(sign('new'))).code).toBe(code);
    expect(text(content, tag)).toBe(before);
  });

  test('that is an index is not signed over', async () => {
    const { sign, content, tag } = await open();
    content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [] }), { tag });
    expect((await caught(sign('one'))).code).toBe('OCI_MANIFEST');
  });

  test.each([
    [999, undefined],
    [1000, 'OCI_LIMIT'],
  ])('with %i layers: %s', async (count, code) => {
    const { sign, content, image, signatures } = await open();
    const annotations = { [ANNOTATION.signature]: encodeBase64(utf8('x')) };
    putLayers(
      content,
      image.digest,
      'sig',
      Array.from({ length: count }, () => ({ content: PAYLOAD, annotations })),
    );
    if (code === undefined) await sign('one more');
    else expect((await caught(sign('one more'))).code).toBe(code);
    expect(signatures()).toHaveLength(1000);
  });
});

describe('a store that fails', () => {
  const on = { method: 'PUT', path: /manifests/ };

  test.each<[string, Lie, string, readonly string[]]>([
    ['not written', { lie: 'reset', on }, 'NET_UNREACHABLE', ['before']],
    ['but written', { lie: 'reset', when: 'after', on }, 'NET_UNREACHABLE', ['before', 'new']],
    ['with 500, not written', { lie: 'status', status: 500, on }, 'OCI_STATUS', ['before']],
    ['with 500, but written', { lie: 'status', status: 500, when: 'after', on }, 'OCI_STATUS', ['before', 'new']],
  ])('%s: an error, what was there is there, and a second run gives one signature', async (_, lie, code, left) => {
    const honest = await open();
    await honest.sign('before');
    const { sign, signatures } = await open({ content: honest.content, lies: [lie] });
    expect((await caught(sign('new'))).code).toBe(code);
    expect(signatures()).toEqual(left);
    const verifies = async (signature: Uint8Array): Promise<boolean> => String(Buffer.from(signature)) === 'new';
    await honest.sign('new', { verifies });
    expect(signatures()).toEqual(['before', 'new']);
  });

  test.each(['instead', 'after'] as const)('once, wherever, is not noticed (%s)', async (when) => {
    for (const once of [{ method: 'POST' }, { method: 'PUT', path: /blobs/ }, on, { method: 'GET' }, { method: 'HEAD' }]) {
      const { sign, signatures } = await open({
        lies: [{ lie: 'reset', when, on: { ...once, times: 1, path: 'path' in once ? once.path : /sha256|uploads/ } }],
      });
      await sign('one');
      await sign('two');
      expect(signatures()).toEqual(['one', 'two']);
    }
  });
});

class Signal {
  resolve: () => void = () => undefined;
  readonly promise = new Promise<void>((resolve) => {
    this.resolve = resolve;
  });
}

/** A writer whose every look at the tag, and every writing of it, waits to be let through. */
class Writer {
  readonly name: string;
  isDone = false;
  readonly #log: string[];
  #arrived = new Signal();
  #go: () => void = () => undefined;

  constructor(name: string, log: string[]) {
    this.name = name;
    this.#log = log;
  }

  through(client: RepositoryClient): ContentReader & ContentWriter {
    const waiting = async <T>(step: string, act: () => Promise<T>): Promise<T> => {
      await new Promise<void>((go) => {
        this.#go = go;
        this.#arrived.resolve();
      });
      this.#log.push(`${this.name} ${step}`);
      return act();
    };
    return {
      name: client.name,
      manifest: (target) => waiting('reads', () => client.manifest(target)),
      resolve: (target) => waiting('looks', () => client.resolve(target)),
      putManifest: (content) => waiting('writes', () => client.putManifest(content)),
      blob: (descriptor) => client.blob(descriptor),
      readBlob: (descriptor, maxBytes) => client.readBlob(descriptor, maxBytes),
      hasBlob: (descriptor) => client.hasBlob(descriptor),
      putBlob: (descriptor, content) => client.putBlob(descriptor, content),
      hasManifest: (digest) => client.hasManifest(digest),
      referrerLists: (subject) => client.referrerLists(subject),
      tags: () => client.tags(),
    };
  }

  /** Until it stands before its next step, or has come to its end. */
  async run(work: Promise<unknown>): Promise<void> {
    await work.finally(() => {
      this.isDone = true;
      this.#arrived.resolve();
    });
  }

  async step(): Promise<void> {
    await this.#arrived.promise;
    if (this.isDone) return;
    this.#arrived = new Signal();
    this.#go();
    await this.#arrived.promise;
  }
}

describe('two who sign at once', () => {
  async function race(schedule: string) {
    const { content, sign, signatures, client } = await open();
    await sign('before');
    const log: string[] = [];
    const [a, b] = [new Writer('A', log), new Writer('B', log)];
    const others = (await openRegistry({ content })).repository();
    const ends = [a.run(sign('A', {}, a.through(client))), b.run(sign('B', {}, b.through(others)))];
    for (const turn of schedule) await (turn === 'A' ? a : b).step();
    while (!a.isDone || !b.isDone) for (const writer of [a, b]) await writer.step();
    await Promise.all(ends);
    return { signatures: signatures(), log };
  }

  test('one behind the other: each reads, looks whether that is still so, writes, and reads again', async () => {
    const { signatures, log } = await race('AAAABBBB');
    expect([signatures, log.slice(0, 4)]).toEqual([
      ['before', 'A', 'B'],
      ['A reads', 'A looks', 'A writes', 'A reads'],
    ]);
  });

  /**
   * Without compare-and-swap one window stays: who writes and reads again between the look and the writing of the other is overwritten and will not know.
   * Two requests next to each other; before there was that look, it was all that comes between reading and writing.
   */
  const WINDOW = /(\w) looks(?:;(?!\1)\w \w+)*?;(?!\1)\w writes;(?!\1)\w reads(?:;(?!\1)\w \w+)*;\1 writes/;

  test('in every order of their steps nothing is lost but in that window', async () => {
    const lost: string[] = [];
    for (const schedule of orders(4, 4)) {
      const { signatures, log } = await race(schedule);
      const isLost = ['before', 'A', 'B'].some((signature) => !signatures.includes(signature));
      expect([schedule, isLost]).toEqual([schedule, WINDOW.test(log.join(';'))]);
      expect(new Set(signatures).size).toBe(signatures.length);
      if (isLost) lost.push(schedule);
    }
    expect(lost).toHaveLength(12); // of 70
  });
});

function orders(a: number, b: number): string[] {
  if (a + b === 0) return [''];
  return [...(a > 0 ? orders(a - 1, b).map((rest) => `A${rest}`) : []), ...(b > 0 ? orders(a, b - 1).map((rest) => `B${rest}`) : [])];
}

test('several who sign one after the other find all they wrote, in a layout too', async () => {
  const layout = Layout.openOrCreate(temporaryFolder());
  const { sign, tag } = await open();
  for (const signature of ['one', 'two', 'three']) await sign(signature, {}, layout);
  const manifest = (await layout.manifest(tag))?.manifest;
  const layers = manifest?.kind === 'image' ? manifest.layers : [];
  expect(layers.map(({ annotations }) => String(Buffer.from(decodeBase64(annotations?.[ANNOTATION.signature] ?? '') ?? [])))).toEqual(['one', 'two', 'three']);
});
