/** Manifest and configuration of an image, as `imageRegistry` of a context and `getImageData` of CEL have them. */
import { isJsonObject, type JsonObject, parseJson } from '@assay/core';
import { imageConfigs } from '../judge/image-configs.ts';
import type { Subject } from '../judge/subject.ts';

/** Errors: `OCI_…`, `AUTH_…`, `NET_…`. */
export async function imageDataOf(subject: Subject): Promise<JsonObject> {
  const [reader, digest] = await Promise.all([subject.open({}), subject.digest()]);
  const { text, repository, tag } = subject.image;
  const stored = await reader.manifest(digest);
  const configs = await imageConfigs(reader, digest);
  const [config] = isJsonObject(configs) ? Object.values(configs) : [];
  const slash = repository.indexOf('/');
  return {
    image: text,
    resolvedImage: `${repository}@${digest}`,
    registry: repository.slice(0, slash),
    repository: repository.slice(slash + 1),
    identifier: tag ?? digest,
    manifest: stored === undefined ? null : parseJson(stored.bytes),
    configData: config ?? null,
  };
}
