/** What registries, their configuration and people's references are read with. */
import { canonicalJson, encodeSimpleSigning, isTrustError, type JsonValue, parseSimpleSigning } from '@assay/core';
import { parseMirrors } from '@assay/net';
import { encodeImage, encodeIndex, type Manifest, parseReference, readManifest, referenceText } from '@assay/oci';
import { decryptPrivateKey, importKeyPair, publicKeyPem, readPredicate } from '@assay/sign';
import { parseChallenge } from '../../packages/oci/src/registry/challenge.ts';
import { nextPage } from '../../packages/oci/src/registry/page.ts';
import { Finding, same, type Target, text } from './target.ts';

export const REGISTRY_TARGETS: readonly Target[] = [
  { name: 'image-reference', run: (input) => fuzzReference(text(input)) },
  { name: 'manifest', run: (input) => fuzzManifest(input) },
  { name: 'simple-signing', run: (input) => fuzzPayload(input) },
  { name: 'challenge', run: (input) => fuzzChallenge(text(input)) },
  { name: 'page', run: (input) => fuzzPage(text(input)) },
  { name: 'mirrors', run: (input) => fuzzMirrors(input) },
  { name: 'private-key', run: (input) => publicKeyPem(importKeyPair(text(input)).publicKey) },
  { name: 'encrypted-key', run: (input) => decryptPrivateKey(text(input), new Uint8Array(0)) },
  { name: 'predicate', run: (input) => fuzzPredicate(input) },
];

function fuzzReference(input: string): void {
  const reference = parseReference(input);
  same('reference', referenceText(reference), referenceText(parseReference(referenceText(reference))));
  const { repository } = reference;
  if (repository.split('/').some((part) => part === '' || part.startsWith('.')))
    throw new Finding(`a repository that could leave its place: ${JSON.stringify(repository)}`);
}

/** What is read, and written again, means the same; annotations have no order, and are written sorted. */
function fuzzManifest(input: Uint8Array): void {
  const { manifest } = readManifest(input, undefined, 'input');
  const encoded = manifest.kind === 'image' ? encodeImage(manifest) : encodeIndex(manifest);
  same('manifest', canonical(manifest), canonical(readManifest(encoded, manifest.mediaType, 'input').manifest));
}

function canonical(manifest: Manifest): string {
  return canonicalJson(JSON.parse(JSON.stringify(manifest)) as JsonValue);
}

function fuzzPayload(input: Uint8Array): void {
  const { dockerReference, digest, optional } = parseSimpleSigning(input);
  const again = parseSimpleSigning(encodeSimpleSigning({ dockerReference, digest }));
  same('payload', JSON.stringify([dockerReference, digest]), JSON.stringify([again.dockerReference, again.digest]));
  if (optional === null) throw new Finding('annotations that are null');
}

function fuzzChallenge(input: string): void {
  const challenge = parseChallenge(input);
  if (challenge?.scheme === 'bearer' && !input.toLowerCase().includes('bearer')) throw new Finding('a challenge that was not made');
}

function fuzzPage(input: string): void {
  const next = nextPage({ status: 200, url: 'https://registry.example/v2/a/tags/list', headers: { link: input }, body: new Uint8Array(0) });
  if (next !== undefined && next.host !== 'registry.example') throw new Finding(`a page at another host: ${next.href}`);
}

function fuzzMirrors(input: Uint8Array): void {
  for (const [host, url] of parseMirrors(input, 'mirrors')) {
    if (host === '' || !/^https?:$/.test(url.protocol)) throw new Finding(`a mirror of ${JSON.stringify(host)} at ${url.href}`);
  }
}

function fuzzPredicate(input: Uint8Array): void {
  for (const type of ['slsaprovenance', 'slsaprovenance1', 'link', 'vuln', 'cyclonedx', 'custom', 'spdx']) {
    try {
      JSON.stringify(readPredicate(input, type, new Date(0)));
    } catch (error) {
      if (!isTrustError(error)) throw error;
    }
  }
}
