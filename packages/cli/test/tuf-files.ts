/** TUF repositories of the tests' instance, as mirrors serve them, and what `cosign initialize` is told about them. */
import { utf8 } from '@assay/core';
import { makeTufRepository, type TufRepository } from '@assay/make';
import { DEFAULT_NOW, type Instance } from '@assay/testkit';
import type { Scratch } from './run-cli.ts';

/** `tuf` has everything, `tuf-sparse` no signing configuration, `tuf-old` nothing but the keys that older clients took. */
export interface TufMirrors {
  /** Mirror and path to content. */
  readonly files: (mirror: string, path: string) => Uint8Array | undefined;
}

/** Writes `tuf-root.json tuf-sparse-root.json tuf-old-root.json` and `signing_config.json`. */
export function writeTufFiles(scratch: Scratch, instance: Instance): TufMirrors {
  const trustedRoot = { 'trusted_root.json': utf8(JSON.stringify(instance.trustedRoot())) };
  const signingConfig = utf8(JSON.stringify(SIGNING_CONFIG));
  scratch.write('signing_config.json', signingConfig);
  const mirrors: Readonly<Record<string, TufRepository>> = {
    tuf: lasting({ ...trustedRoot, 'signing_config.v0.2.json': signingConfig }),
    'tuf-sparse': lasting(trustedRoot),
    'tuf-old': lasting({ 'rekor.pub': utf8(instance.rekorV1.key.publicPem) }),
  };
  for (const [name, { initialRoot }] of Object.entries(mirrors)) scratch.write(`${name}-root.json`, initialRoot);
  return { files: (mirror, path) => (Object.hasOwn(mirrors, mirror) ? mirrors[mirror]?.files.get(decodeURIComponent(path)) : undefined) };
}

/** Published at the tests' time, and not expired at any time: the real cosign has no other clock than the machine's. */
function lasting(targets: Readonly<Record<string, Uint8Array>>): TufRepository {
  const repository = makeTufRepository({ now: DEFAULT_NOW, targets });
  const expires = { root: FAR, targets: FAR, snapshot: FAR, timestamp: FAR };
  repository.publishRoot({ expires });
  repository.publish({ expires });
  return repository;
}

const FAR = new Date('2199-01-01T00:00:00Z');
const service = (host: string) => ({
  url: `https://${host}.testkit.example`,
  majorApiVersion: 1,
  validFor: { start: '2025-01-01T00:00:00Z' },
  operator: 'testkit.example',
});
const SIGNING_CONFIG = {
  mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
  caUrls: [service('fulcio')],
  oidcUrls: [service('oidc')],
  rekorTlogUrls: [service('rekor')],
  rekorTlogConfig: { selector: 'ANY' },
  tsaUrls: [service('tsa')],
  tsaConfig: { selector: 'ANY' },
};
