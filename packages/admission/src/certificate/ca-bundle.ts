/** Tells the API server whom to trust: `caBundle` of every webhook of our configurations, and of the conversion of our definitions. */
import { encodeBase64, isJsonObject, type Json, type JsonObject, utf8 } from '@assay/core';
import { apiStatus, type KubernetesClient } from '../kubernetes/client.ts';
import { versionOf } from '../kubernetes/object.ts';

export interface WebhookNames {
  readonly validating: readonly string[];
  readonly mutating: readonly string[];
  /** CustomResourceDefinitions. */
  readonly definitions: readonly string[];
}

/** What is not there is passed over: the chart may bring it later. Errors: `ADMISSION_API`, `NET_…`. */
export async function publishAuthorities(client: Pick<KubernetesClient, 'get' | 'patch'>, names: WebhookNames, authorities: string): Promise<void> {
  const caBundle = encodeBase64(utf8(authorities));
  for (const name of names.validating)
    await update(client, `${REGISTRATION}/validatingwebhookconfigurations/${name}`, (object) => webhookPatch(object, caBundle));
  for (const name of names.mutating) await update(client, `${REGISTRATION}/mutatingwebhookconfigurations/${name}`, (object) => webhookPatch(object, caBundle));
  for (const name of names.definitions) await update(client, `${EXTENSIONS}/customresourcedefinitions/${name}`, (object) => conversionPatch(object, caBundle));
}

async function update(client: Pick<KubernetesClient, 'get' | 'patch'>, path: string, patchOf: (object: JsonObject) => JsonObject[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const object = await client.get(path);
      const patch = patchOf(object);
      // The test makes it a conflict when somebody has changed the list meanwhile.
      if (patch.length > 0) await client.patch(path, [{ op: 'test', path: '/metadata/resourceVersion', value: versionOf(object) }, ...patch], 'json');
      return;
    } catch (error) {
      const status = apiStatus(error);
      if (status === 404) return;
      if (attempt === ATTEMPTS || (status !== 409 && status !== 422)) throw error;
    }
  }
}

function webhookPatch({ webhooks }: JsonObject, caBundle: string): JsonObject[] {
  if (!Array.isArray(webhooks)) return [];
  return webhooks.flatMap((webhook, i) =>
    hasOther(isJsonObject(webhook) ? webhook['clientConfig'] : undefined, caBundle) ? [added(`/webhooks/${i}/clientConfig`, caBundle)] : [],
  );
}

function conversionPatch({ spec }: JsonObject, caBundle: string): JsonObject[] {
  const conversion = isJsonObject(spec) ? spec['conversion'] : undefined;
  const webhook = isJsonObject(conversion) ? conversion['webhook'] : undefined;
  const config = isJsonObject(webhook) ? webhook['clientConfig'] : undefined;
  return hasOther(config, caBundle) ? [added('/spec/conversion/webhook/clientConfig', caBundle)] : [];
}

function hasOther(clientConfig: Json | undefined, caBundle: string): boolean {
  return isJsonObject(clientConfig) && clientConfig['caBundle'] !== caBundle;
}

/** `add` also replaces (RFC 6902 section 4.1). */
function added(path: string, caBundle: string): JsonObject {
  return { op: 'add', path: `${path}/caBundle`, value: caBundle };
}

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
const EXTENSIONS = '/apis/apiextensions.k8s.io/v1';
const ATTEMPTS = 5;
