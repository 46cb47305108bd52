/** Whatever goes wrong on the way to a verdict is a denial with its reason: a registry that lies, dawdles or breaks off, trust that has ended, policies that run for ever. */
import { type JsonObject, parseTrustedRoot, utf8 } from '@assay/core';
import { imagePolicyOf, readPolicyDocument } from '@assay/policy/cluster-image-policy';
import { PolicyEngines } from '@assay/policy/engines';
import { type Lie, serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { UNPRINTABLE } from '../../core/test/facts.ts';
import { openScene, type Scene, type SceneImage } from '../../policy/test/scene.ts';
import type { AdmissionOptions } from '../src/serve-admission.ts';
import { POD, pod, request } from './requests.ts';
import { openWebhook } from './webhook.ts';

let scene: Scene;
let image: SceneImage;
const engines = new PolicyEngines({ timeoutMs: 1500 });
beforeAll(async () => {
  scene = await openScene();
  image = scene.image();
  image.sign();
  image.sign({ format: 'older' });
  image.attest('https://cyclonedx.org/bom', { a: 1 });
});
afterAll(async () => {
  await engines.close();
  await scene.close();
});

const KEYLESS = {
  keyless: { url: 'https://x', identities: [{ issuer: 'https://token.actions.githubusercontent.com', subjectRegExp: '^https://github.com/' }] },
};

function policy(authority: object = KEYLESS, spec: object = {}) {
  const json = {
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'p' },
    spec: { images: [{ glob: '**' }], authorities: [authority], ...spec },
  };
  return readPolicyDocument(JSON.stringify(json)).policies.map(imagePolicyOf);
}

async function open(more: Partial<AdmissionOptions> = {}) {
  const webhook = await openWebhook({
    policies: policy(),
    loadRoot: async () => scene.root,
    now: () => scene.instance.now,
    cache: { refusalMs: 0 },
    engines,
    ...more,
  });
  onTestFinished(() => webhook.close());
  return {
    ...webhook,
    async verdict(reference: string, object: JsonObject = pod(reference)) {
      const { allowed, status } = await webhook.ask('/validations', request(POD, object));
      return allowed ? 'admitted' : (status?.message ?? '');
    },
  };
}

async function lying(...lies: Lie[]): Promise<string> {
  const registry = await serveRegistry({ content: scene.registry.content, lies });
  onTestFinished(() => registry.close());
  return `${registry.host}/${image.repository}@${image.digest}`;
}

test('an honest registry, for comparison', async () => {
  const { verdict } = await open();
  expect(await verdict(await lying())).toBe('admitted');
});

describe('a registry that', () => {
  test.each<[string, Lie[]]>([
    ['answers nothing but errors', [{ lie: 'status', status: 500 }]],
    ['breaks off', [{ lie: 'reset' }]],
    ['hands out other bytes', [{ lie: 'other-bytes' }]],
    ['hands out less than there is', [{ lie: 'wrong-size', by: -1 }]],
    ['breaks its JSON', [{ lie: 'malformed-json' }]],
    ['nests its JSON', [{ lie: 'deep-json' }]],
    ['leads in circles', [{ lie: 'redirect-loop' }]],
    ['asks for a login elsewhere', [{ lie: 'challenge', realm: 'http://127.0.0.1:9/token' }]],
  ])('%s lets nothing in', async (_, lies) => {
    const { verdict } = await open();
    expect(await verdict(await lying(...lies))).toMatch(/^validation failed: failed policy: p/);
  });

  test('invents referrers by the thousand keeps nobody busy', async () => {
    const { verdict } = await open({ deadline: { defaultMs: 5000 } });
    const answer = await verdict(await lying({ lie: 'many-referrers', count: 3000 }));
    expect(answer === 'admitted' || /^validation failed/.test(answer)).toBe(true);
  });

  test('drips is given up before the API server gives up, and says so', async () => {
    const { verdict } = await open({ deadline: { defaultMs: 1500, marginMs: 300 } });
    expect(await verdict(await lying({ lie: 'drip', everyMs: 200 }))).toMatch(/^validation failed: there was no verdict within/);
  });

  test('sends without an end is cut off', async () => {
    const { verdict } = await open();
    expect(await verdict(await lying({ lie: 'endless' }))).toMatch(/^validation failed/);
  }, 60_000);
});

test('trust that had ended when something was signed denies it', async () => {
  const root = scene.instance.trustedRoot();
  const validFor = { start: '2025-01-01T00:00:00Z', end: '2025-06-01T00:00:00Z' };
  const ended = { ...root, certificateAuthorities: root.certificateAuthorities.map((authority) => ({ ...authority, validFor })) };
  const { verdict } = await open({ loadRoot: async () => parseTrustedRoot(utf8(JSON.stringify(ended))) });
  expect(await verdict(image.reference)).toMatch(/^validation failed: failed policy: p/);
});

describe('a policy that', () => {
  test('runs for ever in Rego is stopped, and the next one is judged', async () => {
    const endless = 'package sigstore\nisCompliant { count([1 | numbers.range(1, 20000)[_]; numbers.range(1, 20000)[_]]) > 0 }';
    const attested = (data: string) => ({
      ...KEYLESS,
      attestations: [{ name: 'a', predicateType: 'https://cyclonedx.org/bom', policy: { type: 'rego', data } }],
    });
    const { verdict } = await open({ policies: policy(attested(endless)) });
    expect(await verdict(image.reference)).toContain('the policy was not evaluated within 1500 ms');
    const next = await open({ policies: policy(attested('package sigstore\nisCompliant { input.predicate.a == 1 }')) });
    expect(await next.verdict(image.reference)).toBe('admitted');
  }, 30_000);

  test('has a pattern that would hang other engines is decided at once', async () => {
    const hanging = { keyless: { ...KEYLESS.keyless, identities: [{ issuerRegExp: '(a+)+$', subjectRegExp: '^(([a-z])+.)+[A-Z]([a-z])+$' }] } };
    const { verdict } = await open({ policies: policy(hanging) });
    expect(await verdict(image.reference)).toMatch(/^validation failed/);
  });
});

test('200 containers are judged, and each is named', async () => {
  const { verdict } = await open();
  const unsigned = scene.image();
  const containers = Array.from({ length: 200 }, (_, i) => ({ name: `c${i}`, image: i % 50 === 7 ? unsigned.reference : image.reference }));
  const object = { ...pod('x'), spec: { containers } } as JsonObject;
  const message = await verdict('', object);
  for (const i of [7, 57, 107, 157]) expect(message).toContain(`spec.containers[${i}].image`);
  expect(message.match(/spec\.containers/g)).toHaveLength(4);
});

test('names in any script, and with control characters, neither break the answer nor its lines', async () => {
  const { verdict } = await open();
  for (const name of ['файл', '🦀', 'a\u0000b', 'a\nb', '\u202eexe', `${'x'.repeat(5000)}`]) {
    const message = await verdict(name);
    expect(message).toMatch(/^validation failed: could not parse reference: /);
    expect(message.replaceAll('\n', '')).not.toMatch(UNPRINTABLE);
  }
});
