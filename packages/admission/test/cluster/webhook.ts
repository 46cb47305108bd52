/** Webhooks that are registered by URL, since a cluster of tests has no network of services. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ApiRequest } from './api.ts';

export interface Webhook {
  readonly kind: 'validating' | 'mutating';
  /** Of the configuration and of the one webhook in it, with at least two dots; a denial names it. */
  readonly name: string;
  /** Origin of the server, `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** Where reviews go, e.g. `/validations`. */
  readonly path: string;
  /** PEM. */
  readonly caBundle: string;
  /** Default: creation and update of pods. */
  readonly rules?: readonly WebhookRule[];
  /** Default: every namespace. */
  readonly namespaceSelector?: LabelSelector;
  /** Default 10, as Kubernetes has it; 1 to 30. */
  readonly timeoutSeconds?: number;
  /** Default `Fail`. */
  readonly failurePolicy?: 'Fail' | 'Ignore';
}

export interface WebhookRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

export type Api = (path: string, request?: ApiRequest) => Promise<Answer>;

/** Registers it, or replaces what has its name, and waits until the API server calls it. */
export async function registerWebhook(api: Api, webhook: Webhook): Promise<void> {
  const { kind, name, url, path, caBundle, rules = POD_RULES, namespaceSelector, timeoutSeconds, failurePolicy = 'Fail' } = webhook;
  await apply(api, kind, {
    name,
    clientConfig: { url: `${url}${path}`, caBundle: Buffer.from(caBundle).toString('base64') },
    rules,
    failurePolicy,
    ...(namespaceSelector !== undefined && { namespaceSelector }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(kind === 'mutating' && { reinvocationPolicy: 'IfNeeded' }),
  });
  await settleWebhooks(api);
}

/**
 * Waits until the API server calls every webhook registered so far. It learns of them one after the other, so it is enough that it knows
 * one more: a sentinel, which concerns only an object made for it, and which nobody answers.
 */
export async function settleWebhooks(api: Api): Promise<void> {
  for (const kind of ['mutating', 'validating'] as const) {
    const id = randomUUID();
    const name = `${id}.sentinel.test`;
    const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }];
    await apply(api, kind, { name, clientConfig: { url: NOBODY }, rules, failurePolicy: 'Fail', objectSelector: { matchLabels: { sentinel: id } } });
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: id, labels: { sentinel: id } } };
    while (!(await api('/api/v1/namespaces/default/configmaps?dryRun=All', { method: 'POST', body })).body.includes(name)) await sleep(50);
    await api(pathOf(kind, name), { method: 'DELETE' });
  }
}

async function apply(api: Api, kind: Webhook['kind'], webhook: { readonly name: string; readonly [field: string]: unknown }): Promise<void> {
  const { name } = webhook;
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: kind === 'validating' ? 'ValidatingWebhookConfiguration' : 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [{ ...webhook, sideEffects: 'None', admissionReviewVersions: ['v1'] }],
  };
  const answer = await api(`${pathOf(kind, name)}?fieldManager=test&force=true`, { method: 'PATCH', body, contentType: 'application/apply-patch+yaml' });
  if (answer.status !== 200 && answer.status !== 201) throw new Error(`the webhook ${name} cannot be registered: ${answer.body}`);
}

function pathOf(kind: Webhook['kind'], name: string): string {
  return `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/${name}`;
}

const POD_RULES: readonly WebhookRule[] = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] }];

const NOBODY = 'https://127.0.0.1:1/';
