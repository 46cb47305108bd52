/** Results as one policy report of `openreports.io`, as `kyverno apply -p` prints it. */
import { escapeGoJson, isJsonObject, type JsonObject } from '@assay/core';
import { stringify } from 'yaml';
import { type Response, reported } from './run.ts';

export interface ReportOptions {
  readonly format: 'json' | 'yaml';
  readonly auditWarns: boolean;
  readonly now: Date;
}

/** '' when there is nothing to report. */
export function reportText(responses: readonly Response[], { format, auditWarns, now }: ReportOptions): string {
  const results = responses.flatMap((response) =>
    response.results.map((result) => ({
      source: 'kyverno',
      policy: policyName(response),
      rule: result.rule,
      timestamp: { seconds: Math.floor(now.getTime() / 1000), nanos: 0 },
      result: reported(response, result, auditWarns),
      scored: response.policy.policy.annotations['policies.kyverno.io/scored'] !== 'false',
      resources: [subjectOf(response.resource)],
      message: result.message,
      properties: { process: response.policy.source?.spec.background === false ? 'admission review' : 'background scan' },
    })),
  );
  if (results.length === 0) return '';
  const count = (status: string) => results.filter(({ result }) => result === status).length;
  const summary = { pass: count('pass'), fail: count('fail'), warn: count('warn'), error: count('error'), skip: count('skip') };
  const report = { kind: 'ClusterReport', apiVersion: 'openreports.io/v1alpha1', metadata: { name: 'merged' }, source: '', summary, results };
  if (format === 'json') return `${escapeGoJson(JSON.stringify(report))}\n`;
  const yaml = stringify(report, { sortMapEntries: true, lineWidth: 0, indentSeq: false, singleQuote: true });
  return `${yaml.replace(/^source: ''$/m, 'source: ""')}\n`;
}

function policyName({ policy: { policy } }: Response): string {
  return policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`;
}

function subjectOf(resource: JsonObject): JsonObject {
  const metadata = isJsonObject(resource['metadata']) ? resource['metadata'] : {};
  const named = (name: string) => (typeof metadata[name] === 'string' ? { [name]: metadata[name] } : {});
  return { kind: resource['kind'] ?? '', ...named('namespace'), ...named('name'), apiVersion: resource['apiVersion'] ?? '' };
}
