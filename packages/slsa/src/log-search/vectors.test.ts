/** Over the envelopes of real generators. The folder is `ASSAY_VECTORS`, by default beside the repository; without it these tests skip, visibly. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeBase64, exactly, failures, matching, parsePem, parseTrustedRoot } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { referenceText } from '../reference-error.ts';
import { parseEnvelopeFile } from './envelope-file.ts';
import { possibleEntries } from './possible-entries.ts';
import { judgeUnlogged } from './unlogged.ts';

interface VectorCase {
  readonly name: string;
  readonly args: readonly string[];
  readonly needs: string;
  readonly lookup: 'entry-search' | 'index-by-sha256';
}

interface Layer {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = join(resolve(repository, process.env['ASSAY_VECTORS'] ?? '../shared/vectors'), 'slsa');
const present = existsSync(join(folder, 'cases.json'));
if (!present) console.warn(`vector tests are skipped: no cases.json in ${folder} (set ASSAY_VECTORS)`);

const cases = present ? (JSON.parse(read('cases.json').toString()) as { cases: VectorCase[] }).cases.filter(({ needs }) => needs === 'rekor') : [];
const files = new Map(cases.map(({ args, lookup }) => [args[args.indexOf('--provenance-path') + 1] ?? '', lookup]));

/** Of June 2022, when the authority handed out SCTs beside its certificates: the file has no place for them. */
const WITHOUT_SCT = ['testdata/binary-linux-amd64-no-tlog-upload.intoto.jsonl', 'testdata/binary-linux-amd64-expired-cert.intoto.jsonl'];

describe.skipIf(!present)('envelopes without log proof', () => {
  test('are there', () => {
    expect(cases).toHaveLength(89);
    expect(files.size).toBeGreaterThan(40);
  });

  test.each([...files])('%s: %s', async (path, lookup) => {
    const file = parseEnvelopeFile(new Uint8Array(read(path)));
    expect(file.lookup).toBe(lookup === 'entry-search' ? 'entry' : 'index');
    const { check, signed } = await judgeUnlogged(file, {
      crypto: nodeCrypto,
      trustedRoot: parseTrustedRoot(new Uint8Array(read('trust/trusted_root.json'))),
      signer: { identities: [{ san: await matching('https://github.com/.*'), issuer: exactly('https://token.actions.githubusercontent.com') }] },
    });
    const [first, ...others] = failures(check);
    expect(check.status).toBe('fail');
    expect(first && referenceText(first)).toContain('error searching rekor entries');
    expect(others.map(({ code }) => code)).toEqual(WITHOUT_SCT.includes(path) ? ['SCT_MISSING'] : []);
    expect(signed !== undefined).toBe(file.lookup === 'entry' && !WITHOUT_SCT.includes(path));
  });
});

describe.skipIf(!present)('entries of the public log', () => {
  const layers = present ? loggedLayers() : [];

  test('are there', () => {
    expect(layers.map(({ kind }) => kind).sort()).toEqual(['dsse', 'intoto', 'intoto', 'intoto']);
  });

  test.each(layers)('$kind: its body can be rebuilt from the envelope, byte by byte ($digest)', async ({ envelope, pem, body }) => {
    const file = parseEnvelopeFile(new Uint8Array(envelope));
    const certificate = parsePem(pem).blocks[0]?.der ?? new Uint8Array(0);
    const entries = await possibleEntries({ ...file, lookup: 'entry', pem, certificate }, nodeCrypto);
    expect(entries.map((entry) => new TextDecoder().decode(entry.body))).toContain(new TextDecoder().decode(body));
  });
});

/** Attestations of images keep the entry beside the envelope. */
function loggedLayers() {
  return globSync('testdata/**/blobs/sha256/*', { cwd: folder }).flatMap((path) => {
    if (statSync(join(folder, path)).size > MAX_MANIFEST_BYTES) return [];
    return layersOf(read(path).toString()).flatMap(({ digest, annotations }) => {
      const bundle = annotations?.['dev.sigstore.cosign/bundle'];
      if (bundle === undefined) return [];
      const body = decodeBase64((JSON.parse(bundle) as { Payload: { body: string } }).Payload.body) ?? new Uint8Array(0);
      const { kind } = JSON.parse(new TextDecoder().decode(body)) as { kind: string };
      const envelope = read(join(dirname(path), digest.slice('sha256:'.length)));
      return [{ kind, digest, envelope, pem: annotations?.['dev.sigstore.cosign/certificate'] ?? '', body }];
    });
  });
}

function layersOf(text: string): readonly Layer[] {
  if (!text.startsWith('{')) return [];
  return (JSON.parse(text) as { layers?: Layer[] }).layers ?? [];
}

function read(path: string): Buffer {
  return readFileSync(join(folder, path));
}

const MAX_MANIFEST_BYTES = 200_000;
