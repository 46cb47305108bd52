/**
 * Image references as docker, crane and cosign write them (cosign.md section 0.4).
 *
 *   [HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]
 *
 * The first part is a host when it holds a dot or a colon, or is `localhost`. No host means Docker Hub, whose name is `index.docker.io` and whose
 * one-part repositories lie under `library/`. No tag and no digest means `latest`. With a digest the tag says nothing about what is meant; it is kept,
 * since it may lead to the index that a digest is part of.
 */
import { quote, TrustError } from '@assay/core';
import { type Digest, isDigest } from './digest.ts';

/** A repository of a registry. */
export interface RepositoryName {
  /** Host and port, as printed: `ghcr.io`, `index.docker.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  readonly repository: string;
}

export interface ImageReference extends RepositoryName {
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** Errors: `OCI_REFERENCE`. */
export function parseReference(text: string): ImageReference {
  const refuse = (problem: string): never => {
    throw new TrustError('OCI_REFERENCE', `could not parse reference: ${quote(text)}: ${problem}`);
  };
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) refuse('the digest is not sha256: and 64 lower-case hex digits');
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) refuse('a tag has 1 to 128 letters, digits, points, dashes and underscores');
  const repository = splitRepository(hasTag ? named.slice(0, colon) : named, refuse);
  return { ...repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest: digest as Digest | undefined };
}

/** A repository without tag or digest, e.g. of COSIGN_REPOSITORY. Errors: `OCI_REFERENCE`. */
export function parseRepository(text: string): RepositoryName {
  return splitRepository(text, (problem) => {
    throw new TrustError('OCI_REFERENCE', `could not parse repository: ${quote(text)}: ${problem}`);
  });
}

function splitRepository(text: string, refuse: (problem: string) => never): RepositoryName {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(0, slash));
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const registry = hasHost ? canonicalRegistry(first) : DOCKER_HUB;
  const rest = hasHost ? text.slice(slash + 1) : text;
  const repository = registry === DOCKER_HUB && !rest.includes('/') ? `library/${rest}` : rest;
  if (!isHost(registry)) refuse('the host is malformed');
  if (rest === '' || repository.length > 255 || !REPOSITORY.test(repository)) {
    refuse('a repository has lower-case letters and digits, joined by points, dashes, underscores and slashes');
  }
  return { registry, repository };
}

/** As requests will have it: what a URL reads as another host (`0x7f.1` as `127.0.0.1`) would be printed as one place and asked at another. */
function isHost(registry: string): boolean {
  if (!HOST.test(registry) || !URL.canParse(`https://${registry}/`)) return false;
  return new URL(`https://${registry}/`).hostname === registry.replace(/:\d+$/, '');
}

/** Whether a registry may be asked for it: anything else could lead elsewhere in a path. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** One name per registry: Docker Hub has several. */
export function canonicalRegistry(host: string): string {
  const lower = host.toLowerCase();
  return lower === 'docker.io' || lower === 'registry-1.docker.io' ? DOCKER_HUB : lower;
}

/** `HOST/REPOSITORY` */
export function repositoryText({ registry, repository }: RepositoryName): string {
  return `${registry}/${repository}`;
}

/** `HOST/REPOSITORY@DIGEST`, or `…:TAG`. */
export function referenceText(reference: ImageReference): string {
  return `${repositoryText(reference)}${reference.digest === undefined ? `:${reference.tag}` : `@${reference.digest}`}`;
}

/** What a registry is asked for. */
export function targetOf({ tag, digest }: ImageReference): Digest | string {
  return digest ?? tag ?? 'latest';
}

export function withDigest(name: RepositoryName, digest: Digest): ImageReference & { readonly digest: Digest } {
  return { registry: name.registry, repository: name.repository, tag: undefined, digest };
}

export function withTag(name: RepositoryName, tag: string): ImageReference {
  return { registry: name.registry, repository: name.repository, tag, digest: undefined };
}

export const DOCKER_HUB = 'index.docker.io';
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const HOST = /^(?:\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::\d{1,5})?$/;
const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
