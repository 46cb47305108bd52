/** How Docker's tools write references: Docker Hub is `docker.io`, and a digest may stand behind a tag. */
import { DOCKER_HUB, type ImageReference } from '@assay/oci';

export function dockerName({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry === DOCKER_HUB ? 'docker.io' : registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
