/** Faults at every step, in both ways: not done, and done but not told. Nothing points to a release that is not whole, and a rerun finishes it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TrustError, utf8 } from '@assay/core';
import { createHttpClient } from '@assay/net';
import {
  digestOf,
  encodeImage,
  Layout,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
  openRegistries,
  type Registries,
  type RepositoryClient,
  sourceOf,
} from '@assay/oci';
import { serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseReleaseConfig } from '../config.ts';
import { parseRelease } from '../release.ts';
import { readInputs } from './inputs.ts';
import { type Plan, planRelease } from './plan.ts';
import { forget, runRelease } from './run.ts';
import type { ReleaseSigner } from './step.ts';

const NOW = new Date('2026-01-02T03:04:05Z');
const folder = mkdtempSync(join(tmpdir(), 'assay-release-'));
const registry = await serveRegistry();
const http = createHttpClient();
const registries = openRegistries({ http });
afterAll(async () => {
  http.close();
  await registry.close();
  rmSync(folder, { recursive: true });
});

/** Counts what is asked of the world, and fails at one of them. */
class Faults {
  count = 0;
  readonly #at: number;
  readonly #how: 'not done' | 'done, not told';

  constructor(at: number, how: 'not done' | 'done, not told') {
    this.#at = at;
    this.#how = how;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    this.count++;
    if (this.count !== this.#at) return work();
    if (this.#how === 'done, not told') await work();
    throw new TrustError('NET_STATUS', 'fault');
  }
}

const SIGNER: ReleaseSigner = {
  maxStatementBytes: Number.POSITIVE_INFINITY,
  signFile: async (path) => JSON.stringify({ over: digestOf(readFileSync(path)) }),
  signStatement: async (statement) => JSON.stringify({ over: digestOf(statement) }),
};

function faultySigner(faults: Faults): ReleaseSigner {
  return {
    ...SIGNER,
    signFile: (path) => faults.pass(() => SIGNER.signFile(path)),
    signStatement: (statement, sha256) => faults.pass(() => SIGNER.signStatement(statement, sha256)),
  };
}

function faultyRegistries(faults: Faults): Registries {
  const writes: ReadonlySet<string | symbol> = new Set(['putBlob', 'putManifest']);
  const faulty = (repository: RepositoryClient): RepositoryClient =>
    new Proxy(repository, {
      get(target, name) {
        const member = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        const bound = member.bind(target) as (...args: unknown[]) => Promise<unknown>;
        return writes.has(name) ? (...args: unknown[]) => faults.pass(() => bound(...args)) : bound;
      },
    });
  return { connection: (name) => registries.connection(name), repository: (name) => faulty(registries.repository(name)) };
}

let releases = 0;

async function planned(): Promise<{ plan: Plan; output: string; name: string }> {
  const name = `acme${releases++}`;
  const root = join(folder, name);
  write(join(root, 'dist/app'), 'a program\n');
  write(join(root, 'chart/Chart.yaml'), 'apiVersion: v2\nname: charted\nversion: 0.0.0\n');
  write(join(root, 'chart/values.yaml'), `image:\n  registry: ${registry.host}\n  repository: ${name}/app\n`);
  await writeLayout(join(root, 'image'));
  const text = `name: app\nfiles: [dist/*]\nimages: [{ from: image, to: ${registry.host}/${name}/app, tags: ['{version}', latest] }]
charts: [{ from: chart, to: 'oci://${registry.host}/${name}', images: { image: app } }]\n`;
  const config = parseReleaseConfig(text, 'assay.release.yaml');
  const inputs = await readInputs(config, '1.0.0', { folder: root, registries });
  return { plan: planRelease(config, inputs), output: join(root, 'release'), name };
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

async function writeLayout(path: string): Promise<void> {
  const layout = Layout.openOrCreate(path);
  const put = async (mediaType: string, bytes: Uint8Array) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await layout.putBlob(descriptor, sourceOf(bytes));
    return descriptor;
  };
  const config = await put(OCI_CONFIG, utf8('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'));
  const layer = await put(OCI_LAYER, new Uint8Array(1024));
  await layout.putManifest({ bytes: encodeImage({ mediaType: OCI_MANIFEST, config, layers: [layer] }), mediaType: OCI_MANIFEST, tag: 'built' });
}

function run({ plan, output }: { plan: Plan; output: string }, faults = new Faults(0, 'not done'), verify = async () => undefined): Promise<string> {
  const faulty = faultyRegistries(faults);
  return runRelease(plan, {
    output,
    registries: faulty,
    now: NOW,
    verify,
    onStep: () => undefined,
    time: () => NOW,
    work: async (place) => ({
      ...place,
      commit: undefined,
      registries: faulty,
      signer: faultySigner(faults),
      provenance: { version: 'v1', predicate: {} },
    }),
  });
}

const tagsOf = async (name: string): Promise<(string | undefined)[]> =>
  Promise.all(
    [
      ['app', '1.0.0'],
      ['app', 'latest'],
      ['charted', '1.0.0'],
    ].map(
      async ([repository, tag = '']) => (await registries.repository({ registry: registry.host, repository: `${name}/${repository}` }).resolve(tag))?.digest,
    ),
  );
const NONE = [undefined, undefined, undefined];

describe('a release is all or nothing', async () => {
  const whole = new Faults(0, 'not done');
  beforeAll(async () => {
    await run(await planned(), whole);
  });

  test('whichever of its requests and signatures fails, and however', async () => {
    expect(whole.count).toBeGreaterThan(20);
    for (const how of ['not done', 'done, not told'] as const) {
      for (let at = 1; at <= whole.count; at++) {
        const release = await planned();
        await expect(run(release, new Faults(at, how))).rejects.toThrow('fault');
        expect({ how, at, tags: await tagsOf(release.name), isThere: existsSync(release.output) }).toEqual({ how, at, tags: NONE, isThere: false });
        expect(await run(release)).toBe('released');
        expect(await tagsOf(release.name)).not.toContain(undefined);
        expect(existsSync(`${release.output}.partial`)).toBe(false);
      }
    }
  });

  test('and puts back what a moving tag named before', async () => {
    const release = await planned();
    const repository = registries.repository({ registry: registry.host, repository: `${release.name}/app` });
    const before = utf8(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }));
    await repository.putManifest({ bytes: before, mediaType: OCI_INDEX, tag: 'latest' });
    for (const how of ['not done', 'done, not told'] as const) {
      await expect(run(release, new Faults(how === 'not done' ? whole.count : 3, how))).rejects.toThrow('fault');
      expect(await tagsOf(release.name)).toEqual([undefined, digestOf(before), undefined]);
    }
    await run(release);
    expect(await tagsOf(release.name)).not.toContain(digestOf(before));
  });

  test('when it does not verify', async () => {
    const release = await planned();
    await expect(run(release, undefined, () => Promise.reject(new TrustError('RELEASE_MISMATCH', 'not whole')))).rejects.toThrow('not whole');
    expect([await tagsOf(release.name), existsSync(release.output)]).toEqual([NONE, false]);
  });

  test('also where a tag can be deleted by digest alone', async () => {
    const release = await planned();
    await expect(run(release, new Faults(whole.count, 'done, not told'))).rejects.toThrow('fault');
    expect(await tagsOf(release.name)).toEqual(NONE);
  });
});

describe('a run that continues', () => {
  test('signs nothing twice', async () => {
    const release = await planned();
    const first = new Faults(12, 'not done');
    await expect(run(release, first)).rejects.toThrow('fault');
    const second = new Faults(0, 'not done');
    await run(release, second);
    const fresh = new Faults(0, 'not done');
    await run(await planned(), fresh);
    expect(first.count - 1 + second.count).toBeLessThanOrEqual(fresh.count + 2);
  });

  test('makes again what was changed since', async () => {
    const release = await planned();
    await expect(run(release, new Faults(20, 'not done'))).rejects.toThrow('fault');
    writeFileSync(join(`${release.output}.partial`, 'app'), 'another program\n');
    await run(release);
    expect(readFileSync(join(release.output, 'app'), 'utf8')).toBe('a program\n');
  });

  test('refuses other things than those it was begun with', async () => {
    const release = await planned();
    await expect(run(release, new Faults(9, 'not done'))).rejects.toThrow('fault');
    const other = { ...release, plan: { ...release.plan, inputs: { ...release.plan.inputs, fingerprint: '00' } } };
    await expect(run(other)).rejects.toMatchObject({ code: 'RELEASE_OTHER' });
    forget(release.output);
    await expect(run(other)).resolves.toBe('released');
  });

  test('after it was finished has nothing to do', async () => {
    const release = await planned();
    await run(release);
    const again = new Faults(0, 'not done');
    expect([await run(release, again), again.count]).toEqual(['was released', 0]);
  });
});

test('the same things give the same description', async () => {
  const release = await planned();
  await run(release);
  const first = readFileSync(join(release.output, 'assay.release.json'));
  rmSync(release.output, { recursive: true });
  await run(release);
  expect(readFileSync(join(release.output, 'assay.release.json'))).toEqual(first);
  expect(parseRelease(first, 'release')).toMatchObject({ name: 'app', version: '1.0.0', charts: [{ images: { image: 'app' } }] });
});
