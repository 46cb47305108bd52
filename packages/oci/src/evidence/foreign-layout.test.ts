/** Folders as the real `cosign save` makes them, from an image with every kind of evidence. Without cosign (PATH or ASSAY_TESTBED) these tests skip. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { putImage, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COSIGN_VERSION, findCosign, runRealCosign } from '../../../cli/test/foreign-cosign.ts';
import { drained } from '../../test/open-registry.ts';
import { digestOf } from '../digest.ts';
import { encodeIndex } from '../encode.ts';
import { KIND, KINDS, Layout } from '../layout.ts';
import type { Descriptor } from '../manifest.ts';
import { OCI_INDEX } from '../media-types.ts';
import type { Evidence } from './evidence.ts';
import { findEvidence } from './find.ts';
import { looseParts } from './loose.ts';

const cosign = findCosign() ?? '';
if (cosign === '') console.warn(`tests of folders saved by cosign are skipped: no cosign ${COSIGN_VERSION} on PATH or in ASSAY_TESTBED`);

describe.skipIf(cosign === '').each(['image', 'index'] as const)('what cosign saved of an %s', (kind) => {
  let home: string;
  let registry: TestRegistry;
  let subject: Descriptor;
  let layout: Layout;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'cosign-save-'));
    registry = await serveRegistry();
    const { content, host } = registry;
    const image = putImage(content, 'app', { tag: 'v1' }) as Descriptor;
    subject = kind === 'image' ? image : (content.putManifest('app', encodeIndex({ mediaType: OCI_INDEX, manifests: [image] }), { tag: 'v1' }) as Descriptor);
    const run = async (...argv: string[]): Promise<void> => {
      const { status, stderr } = await runRealCosign(cosign, argv, { home, env: { COSIGN_PASSWORD: '' } });
      expect(status, stderr).toBe(0);
    };
    const key = join(home, 'key');
    const predicate = join(home, 'predicate.json');
    writeFileSync(predicate, '{"made":"by cosign"}');
    const reference = `${host}/app@${subject.digest}`;
    const common = ['--key', `${key}.key`, '--use-signing-config=false', '--tlog-upload=false', '--yes'];
    await run('generate-key-pair', '--output-key-prefix', key);
    await run('sign', ...common, '--new-bundle-format=false', reference);
    await run('attest', ...common, '--new-bundle-format=false', '--predicate', predicate, '--type', 'https://example.com/p', reference);
    await run('sign', ...common, reference);
    await run('save', '--dir', join(home, 'saved'), reference);
    layout = Layout.open(join(home, 'saved'));
  }, 120_000);
  afterAll(async () => {
    await registry.close();
    rmSync(home, { recursive: true });
  });

  test('reads as what it is', async () => {
    const entries = layout.entries();
    const kinds = entries.map(({ annotations }) => annotations?.[KIND]);
    expect(kinds.toSorted()).toEqual([kind === 'image' ? KINDS.image : KINDS.index, KINDS.signatures, KINDS.attestations].toSorted());
    const stored = await layout.manifest(subject.digest);
    expect(stored?.descriptor).toEqual(subject);
    if (stored?.manifest.kind !== 'image') return;
    for (const descriptor of [stored.manifest.config, ...stored.manifest.layers])
      expect(digestOf(await drained(layout.blob(descriptor)))).toBe(descriptor.digest);
  });

  test('holds each kind of evidence, and every byte of it is as in the registry', async () => {
    const found: Evidence[] = [];
    const says: string[] = [];
    for await (const event of findEvidence({ image: layout, digest: subject.digest, want: ['signatures', 'attestations'] })) {
      if (event.kind === 'answer') says.push(event.answer.says);
      else if (event.evidence.format === undefined) throw event.evidence.problem;
      else found.push(event.evidence);
    }
    expect(found.map(({ format }) => format)).toEqual(['bundle', 'payload', 'envelope']);
    expect(says).toEqual(['1 with this subject, 1 with evidence', '1 signature', '1 attestation']);
    for (const { content, digest } of found) expect(Buffer.compare(content, registry.content.getBlob('app', digest) ?? new Uint8Array(0))).toBe(0);
    expect(looseParts(found[1] as Evidence).content).toMatchObject({ kind: 'payload' });
    expect(looseParts(found[2] as Evidence).content).toMatchObject({ kind: 'dsse' });
  });

  test('holds none for another image', async () => {
    for await (const event of findEvidence({ image: layout, digest: digestOf(new Uint8Array(1)), want: ['signatures', 'attestations'] })) {
      expect(event).toMatchObject({ kind: 'answer', answer: { says: expect.stringMatching(/^(?:none|no such tag)$/) } });
    }
  });
});
