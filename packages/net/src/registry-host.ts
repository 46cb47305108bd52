/** Names of registries, so that the ways to write one of them compare equal. */

/** What references to Docker Hub are resolved to (cosign.md section 0.4). */
export const DOCKER_HUB = 'index.docker.io';

/** Lower case, and one name for Docker Hub. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return HUB_ALIASES.has(lower) ? DOCKER_HUB : lower;
}

const HUB_ALIASES = new Set(['docker.io', 'registry-1.docker.io']);
