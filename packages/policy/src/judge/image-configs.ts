/**
 * The configurations of an image by platform, as policy-controller shows them to a policy that asks for them (admission.md section 2.8):
 * `{ "linux/amd64": { … } }`. What is named in an index stands under an index too.
 */
import { type Json, type JsonObject, TrustError, tryParseJsonObject } from '@assay/core';
import { type ContentReader, type Digest, MAX_CONFIG_BYTES } from '@assay/oci';

/** Errors: `OCI_…`, `NET_…`; also when one of them cannot be read. */
export async function imageConfigs(image: ContentReader, digest: Digest): Promise<Json> {
  const configs = new Map<string, JsonObject>();
  await collect(image, digest, configs, new Set());
  return Object.fromEntries(configs);
}

async function collect(image: ContentReader, digest: Digest, configs: Map<string, JsonObject>, seen: Set<Digest>): Promise<void> {
  if (seen.has(digest)) return;
  seen.add(digest);
  if (seen.size > MAX_MANIFESTS) throw new TrustError('OCI_LIMIT', `${image.name}: more than ${MAX_MANIFESTS} manifests below one index`);
  const stored = await image.manifest(digest);
  if (stored === undefined) throw new TrustError('OCI_NOT_FOUND', `failed to get ref ${image.name}@${digest}`);
  const { manifest } = stored;
  if (manifest.kind === 'index') {
    for (const child of manifest.manifests) await collect(image, child.digest, configs, seen);
    return;
  }
  const config = tryParseJsonObject(await image.readBlob(manifest.config, MAX_CONFIG_BYTES));
  if (config === undefined) throw new TrustError('OCI_MANIFEST', `${image.name}@${digest}: the configuration is no JSON object`);
  configs.set(platformOf(config), config);
}

/** `os/architecture[/variant][:version]`. */
function platformOf(config: Readonly<Record<string, Json>>): string {
  const text = (name: string) => (typeof config[name] === 'string' ? (config[name] as string) : '');
  const parts = [text('os'), text('architecture'), text('variant')].filter((part) => part !== '').join('/');
  return text('os.version') === '' ? parts : `${parts}:${text('os.version')}`;
}

const MAX_MANIFESTS = 200;
