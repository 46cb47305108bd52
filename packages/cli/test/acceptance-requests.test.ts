/** How much verifying one image by its digest asks of a registry: at most 5 requests when a bundle that refers to it meets the demand, and nothing twice. */
import { createInstance, type RecordedRequest, type RegistryOptions, serveRegistry, type TestRegistry } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FORMATS, type Format, putIndex, signClaim, store } from './acceptance-evidence.ts';
import { ISSUER, SAN } from './material.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const instance = createInstance();
const ROOT = scratch.write('root.json', instance.trustedRoot());
const COMMANDS = {
  'cosign verify': (image: string) => ['cosign', 'verify', '--certificate-identity', SAN, '--certificate-oidc-issuer', ISSUER, image],
  'assay verify': (image: string) => ['verify', '--identity', SAN, '--issuer', ISSUER, image],
};
const names = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];

async function verify(name: keyof typeof COMMANDS, image: string): Promise<Run> {
  const run = await runCli(COMMANDS[name](image), { env: { ASSAY_TRUST: ROOT }, network: 'open' });
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return run;
}

/** A signed index `app:1`, and how to name it. */
async function signed(format: Format, options: RegistryOptions = {}): Promise<{ registry: TestRegistry; byDigest: string; byTag: string }> {
  const registry = await serveRegistry(options);
  onTestFinished(() => registry.close());
  const { index } = putIndex(registry.content, 'app', '1');
  const name = `${registry.host}/app`;
  store(signClaim(instance, { name, digest: index.digest }, format), index, registry.content, 'app');
  return { registry, byDigest: `${name}@${index.digest}`, byTag: `${name}:1` };
}

/** `GET manifest`, `HEAD manifest`, `GET blob`, …, with the status where it is not 200. */
function listed(requests: readonly RecordedRequest[]): string[] {
  return requests.map(({ method, path, status }) => {
    const [, kind = path] = /\/(manifest|blob|referrer)s\//.exec(path) ?? /^\/(token|v2\/$)/.exec(path) ?? [];
    return `${method} ${kind}${status === 200 ? '' : ` ${status}`}`;
  });
}

function expectNothingTwice(requests: readonly RecordedRequest[]): void {
  const answered = requests.filter(({ status }) => status === 200).map(({ method, path }) => `${method} ${path}`);
  expect(answered).toEqual([...new Set(answered)]);
}

const BUNDLE = ['GET referrer', 'GET manifest', 'GET blob'];

describe.each(names)('%s of an image by digest', (command) => {
  test('a bundle takes the list, the referrer and the bundle', async () => {
    const { registry, byDigest } = await signed('bundle');
    await verify(command, byDigest);
    expect(listed(registry.requests)).toEqual(BUNDLE);
    expectNothingTwice(registry.requests);
  });

  test('by tag, one more', async () => {
    const { registry, byTag } = await signed('bundle');
    await verify(command, byTag);
    expect(listed(registry.requests)).toEqual(['HEAD manifest', ...BUNDLE]);
    expectNothingTwice(registry.requests);
  });

  test('without the referrers API, the list under the fallback tag', async () => {
    const { registry, byDigest } = await signed('bundle', { referrers: 'none' });
    const { content } = registry;
    const [, subject = ''] = byDigest.split('@');
    const repository = content.open('app');
    const referrer = [...repository.manifests.values()].find(({ bytes }) => new TextDecoder().decode(bytes).includes('"subject"'));
    if (referrer === undefined) throw new Error('nothing was stored');
    const { mediaType, digest, bytes } = referrer;
    const list = { schemaVersion: 2, mediaType: INDEX, manifests: [{ mediaType, digest, size: bytes.length }] };
    content.putManifest('app', list, { tag: subject.replace(':', '-'), mediaType: INDEX });
    await verify(command, byDigest);
    expect(listed(registry.requests)).toEqual(['GET referrer 404', 'GET manifest', 'GET manifest', 'GET blob']);
    expectNothingTwice(registry.requests);
  });

  test('with a token for nobody in particular, 5', async () => {
    const auth = { kind: 'bearer', username: 'someone', password: 'secret', anonymousPull: true } as const;
    const { registry, byDigest } = await signed('bundle', { auth });
    await verify(command, byDigest);
    expect(listed(registry.requests)).toEqual(['GET referrer 401', 'GET token', ...BUNDLE]);
    expectNothingTwice(registry.requests);
  });

  test('an older signature is found after the lists of bundles', async () => {
    const { registry, byDigest } = await signed('layer');
    await verify(command, byDigest);
    expect(listed(registry.requests)).toEqual(['GET referrer', 'GET manifest 404', 'GET manifest', 'GET blob']);
    expectNothingTwice(registry.requests);
  });

  test.each(FORMATS)('twice in one run asks no less, and no more (%s)', async (format) => {
    const { registry, byDigest } = await signed(format);
    await verify(command, byDigest);
    const once = listed(registry.requests);
    registry.reset();
    await verify(command, byDigest);
    expect(listed(registry.requests)).toEqual(once);
  });
});

describe('a bundle that does not meet the demand', () => {
  test.each(names)('%s looks on, and asks for nothing twice', async (command) => {
    const { registry, byDigest } = await signed('bundle');
    const run = await runCli(
      [
        ...COMMANDS[command](byDigest)
          .slice(0, -1)
          .map((word) => (word === SAN ? `${SAN}.other` : word)),
        byDigest,
      ],
      {
        env: { ASSAY_TRUST: ROOT },
        network: 'open',
      },
    );
    expect(run.status).not.toBe(0);
    expectNothingTwice(registry.requests);
    expect(registry.requests.length).toBeLessThanOrEqual(10);
  });
});

const INDEX = 'application/vnd.oci.image.index.v1+json';
